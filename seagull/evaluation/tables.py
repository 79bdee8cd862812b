"""Opinion tables as evaluation sets: one photo and its mean opinion score (MOS) a row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from seagull.evaluation.items import EvaluationItem, photo_group
from seagull.photos import read_photo
from seagull.photos.identity import AmbiguousPhotoError, photo_file, photo_files_of
from seagull.records import RegionLabels
from seagull.records.photos import record_place
from seagull.regions.spec import RegionSpec
from seagull.tables.opinions import (
    LeftOutRow,
    OpinionForm,
    OpinionRow,
    Scale,
    check_new_photo,
    left_out_note,
    photos_folder,
    read_opinions,
)

USUAL_SCALES: tuple[Scale, ...] = ((0, 1), (1, 5), (0, 5), (1, 10), (0, 10), (0, 100))
"""(worst, best); the first that holds all scores of a table is taken for its scale."""

OPINIONS = "mos"
"""The metric of a table's scores."""
_WHOLE = RegionSpec(id="1", whole=True)


@dataclass(frozen=True)
class MosScale:
    """The scale opinions were given on; ``best`` lies below ``worst`` where less is better."""

    worst: float
    best: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.worst) and math.isfinite(self.best)) or self.worst == self.best:
            raise ValueError(f"the opinion scale from {self.worst} to {self.best} has no length")

    def to_unit(self, score: float, where: str) -> float:
        """The score on [0, 1], higher is better: ``(score - worst) / (best - worst)``.

        Raises:
            ValueError: naming the place, if the score leaves the scale.
        """
        value = (score - self.worst) / (self.best - self.worst)
        if not -1e-6 <= value <= 1 + 1e-6:
            raise ValueError(
                f"{where}: the score {score:g} leaves the scale from {self.worst:g} (worst) to "
                f"{self.best:g} (best); give the scale with --mos-range WORST,BEST"
            )
        return min(max(value, 0.0), 1.0)


def usual_scale(
    lowest: float, highest: float, where: str, scales: Sequence[Scale] = USUAL_SCALES
) -> MosScale:
    """The first of some scales that holds scores from ``lowest`` to ``highest``.

    Raises:
        ValueError: if none does.
    """
    for worst, best in scales:
        if min(worst, best) <= lowest and highest <= max(worst, best):
            return MosScale(worst, best)
    raise ValueError(
        f"{where}: scores from {lowest:g} to {highest:g} lie on no usual scale; say which one it "
        "is with --mos-range WORST,BEST"
    )


@dataclass(frozen=True)
class OpinionTable:
    """A table of photos with opinions of the whole photo, looked through once by ``opened``.

    Args:
        path: of the table; if it lies in several files, what names them all.
        form: what its columns mean.
        images: folder that photo names start from; ``photos_folder`` of the table if None.
        scale: of the opinions; found from all scores if None.
        moved: files of photos that are not where their names point to, or why they have none.
        empty: rows without a score.
        files: that hold it; rows are numbered through them. Empty: ``path`` alone.
    """

    path: Path
    form: OpinionForm = field(default_factory=OpinionForm)
    images: Path | None = None
    scale: MosScale | None = None
    moved: Mapping[str, Path | AmbiguousPhotoError] = field(default_factory=dict)
    empty: tuple[LeftOutRow, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What its user has to know: rows that were left out."""
        note = left_out_note(self.empty)
        return () if note is None else (f"{self.path}: {note}",)

    def opened(self) -> OpinionTable:
        """The same table with its scale, its photos' files and its rows without a score known.

        Raises:
            ValueError: if a column is missing, two rows are about one photo, no row can be used,
                or no usual scale fits.
        """
        scores: list[float] = []
        names: list[str] = []
        rows: dict[tuple[str, ...], int] = {}
        left_out: list[LeftOutRow] = []
        for _, row in self._rows(pictures=False):
            if isinstance(row, LeftOutRow):
                left_out.append(row)
                continue
            scores.append(row.mos)
            if isinstance(row.image, str):
                check_new_photo(self.path, rows, row.image, row.number)
                names.append(row.image)
        if not scores:
            note = left_out_note(left_out)
            raise ValueError(f"{self.path}: the table has no row{f' to use; {note}' * bool(note)}")
        scale = self.scale or usual_scale(
            min(scores), max(scores), str(self.path), self.form.scales or USUAL_SCALES
        )
        return replace(
            self,
            scale=scale,
            moved=photo_files_of(photos_folder(self.path, self.images), names),
            empty=tuple(row for row in left_out if not row.faulty),
        )

    def items(self) -> Iterator[EvaluationItem]:
        """One item a row, the whole photo its one region; streamed. A faulty row is a failed item.

        Raises:
            ValueError: naming the row, if a score leaves the scale.
        """
        opened = self if self.scale is not None else self.opened()
        for place, row in opened._rows():
            if isinstance(row, OpinionRow):
                yield opened._item(row, place)
            elif row.faulty:
                problem = f"{self.path}, row {row.number}: {row.reason}"
                yield EvaluationItem.failed(f"row {row.number}", problem)

    def _rows(self, *, pictures: bool = True) -> Iterator[tuple[str, OpinionRow | LeftOutRow]]:
        """The rows with the places of pictures in them (``FILE#ROW``)."""
        previous = 0
        for file in self.files or (self.path,):
            end = 0
            for row in read_opinions(file, self.form, pictures=pictures):
                end = row.number
                yield f"{file}#{end - 1}", replace(row, number=previous + end)
            previous += end

    def _item(self, row: OpinionRow, place: str) -> EvaluationItem:
        assert self.scale is not None
        quality = self.scale.to_unit(row.mos, f"{self.path}, row {row.number}")
        std = None if row.std is None else row.std / abs(self.scale.best - self.scale.worst)
        name = _name(row)
        picture: bytes | Path | AmbiguousPhotoError
        if isinstance(row.image, bytes):
            picture = row.image
        else:
            folder = photos_folder(self.path, self.images)
            picture = self.moved.get(name) or photo_file(folder, name)
            place = str(picture)
        if isinstance(picture, AmbiguousPhotoError):
            return EvaluationItem.failed(f"{row.number}:{name}", str(picture))
        return EvaluationItem(
            id=f"{row.number}:{name}",
            image=name,
            group=photo_group(row.reference or name),
            load=partial(read_photo, picture),
            regions=(_WHOLE,),
            labels={_WHOLE.id: RegionLabels(quality=quality, quality_std=std, metric=OPINIONS)},
            place=partial(record_place, place, Path()),
        )


def _name(row: OpinionRow) -> str:
    if isinstance(row.image, str):
        return row.image
    if row.name is not None:
        return row.name
    return sha256(row.image or b"").hexdigest()[:16]
