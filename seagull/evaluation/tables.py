"""Opinion tables (Parquet, CSV, TSV): one photo and its mean opinion score (MOS) a row."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from seagull.evaluation.items import EvaluationItem, open_parquet
from seagull.photos import read_photo
from seagull.records import RegionLabels
from seagull.regions.spec import RegionSpec

USUAL_SCALES = ((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0))
"""(worst, best); the first that holds all scores of a table is taken for its scale."""

OPINIONS = "mos"
"""The metric of a table's scores."""
IMAGE = ("image", "image_path", "path", "file_name", "filename", "image_name")
NAME = ("image_name", "name", "file_name", "filename", "id")
STD = ("mos_std", "std", "sd")
REFERENCE = ("reference",)
_WHOLE = RegionSpec(id="1", whole=True)
_ROWS_AT_ONCE = 16
MAX_CSV_FIELD = 1 << 16


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


def usual_scale(lowest: float, highest: float, where: str) -> MosScale:
    """The first usual scale that holds scores from ``lowest`` to ``highest``.

    Raises:
        ValueError: if none does.
    """
    for worst, best in USUAL_SCALES:
        if worst <= lowest and highest <= best:
            return MosScale(worst, best)
    raise ValueError(
        f"{where}: scores from {lowest:g} to {highest:g} lie on no usual scale; say which one it "
        "is with --mos-range WORST,BEST"
    )


@dataclass(frozen=True)
class OpinionTable:
    """A table of photos with opinions of the whole photo.

    Args:
        path: .parquet, .csv or .tsv with a column ``mos`` and one of ``IMAGE`` (bytes in a Parquet
            table, or paths).
        images: folder image paths start from; the table's own if None.
        scale: of the opinions; found from all scores if None.
    """

    path: Path
    images: Path | None = None
    scale: MosScale | None = None

    def with_scale(self) -> OpinionTable:
        """The same table with its scale known; reads the ``mos`` column once if it was not.

        Raises:
            ValueError: if there is no such column, a score is no number, or no usual scale fits.
        """
        if self.scale is not None:
            return self
        lowest, highest = math.inf, -math.inf
        for number, row in self._rows(pictures=False):
            score = self._number(row, ("mos",), number)
            lowest, highest = min(lowest, score), max(highest, score)
        if lowest > highest:
            raise ValueError(f"{self.path}: the table has no row")
        return OpinionTable(self.path, self.images, usual_scale(lowest, highest, str(self.path)))

    def items(self) -> Iterator[EvaluationItem]:
        """One item a row, the whole photo its one region; streamed.

        Raises:
            ValueError: naming the row, if a cell is missing or no number.
        """
        scale = self.with_scale().scale
        assert scale is not None
        for number, row in self._rows(pictures=True):
            where = f"{self.path}, row {number}"
            mos = scale.to_unit(self._number(row, ("mos",), number), where)
            std = None
            if _first(row, STD) is not None:
                std = self._number(row, STD, number) / abs(scale.best - scale.worst)
            picture = self._picture(row, where)
            name = self._name(row, picture)
            yield EvaluationItem(
                id=f"{number}:{name}",
                image=name,
                group=str(_first(row, REFERENCE) or name),
                load=partial(read_photo, picture),
                regions=(_WHOLE,),
                labels={_WHOLE.id: RegionLabels(quality=mos, quality_std=std, metric=OPINIONS)},
            )

    def _picture(self, row: Mapping[str, Any], where: str) -> bytes | Path:
        value = _first(row, IMAGE)
        if isinstance(value, dict):
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str) or not value:
            raise ValueError(f"{where}: no image; a column {' or '.join(IMAGE)} holds it")
        return (self.images or self.path.parent) / value

    def _name(self, row: Mapping[str, Any], picture: bytes | Path) -> str:
        if isinstance(picture, Path):
            value = _first(row, IMAGE)
            return str(value["path"] if isinstance(value, dict) else value)
        name = _first(row, NAME)
        return sha256(picture).hexdigest()[:16] if name is None else str(name)

    def _number(self, row: Mapping[str, Any], names: tuple[str, ...], number: int) -> float:
        value = _first(row, names)
        try:
            found = float(value)
        except (TypeError, ValueError):
            found = math.nan
        if not math.isfinite(found):
            raise ValueError(
                f"{self.path}, row {number}: {names[0]} is {value!r}, a number is needed; "
                f"the table has the columns {', '.join(row)}"
            )
        return found

    def _rows(self, *, pictures: bool) -> Iterator[tuple[int, dict[str, Any]]]:
        ending = self.path.suffix.lower()
        if ending == ".parquet":
            yield from enumerate(_parquet_rows(self.path, pictures), start=1)
        elif ending in (".csv", ".tsv"):
            yield from enumerate(_csv_rows(self.path, "\t" if ending == ".tsv" else ","), start=1)
        else:
            raise ValueError(f"{self.path}: a table of opinions is .parquet, .csv or .tsv")


def _parquet_rows(path: Path, pictures: bool) -> Iterator[dict[str, Any]]:
    file = open_parquet(path)
    known = {*NAME, *STD, *REFERENCE, "mos", *(IMAGE if pictures else ())}
    columns = [name for name in file.schema_arrow.names if name.lower() in known]
    rows = _ROWS_AT_ONCE if pictures else 65536
    for batch in file.iter_batches(batch_size=rows, columns=columns):
        for row in batch.to_pylist():
            yield {name.lower(): value for name, value in row.items()}


def _csv_rows(path: Path, delimiter: str) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(_short_lines(path, lines), delimiter=delimiter):
                yield {str(name).strip().lower(): value for name, value in row.items()}
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a table in UTF-8 ({error})") from error


def _short_lines(path: Path, lines: Any) -> Iterator[str]:
    while line := lines.readline(MAX_CSV_FIELD + 1):
        if len(line) > MAX_CSV_FIELD:
            raise ValueError(f"{path}: a line longer than {MAX_CSV_FIELD} characters; not a table")
        yield line


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) not in (None, "")), None)
