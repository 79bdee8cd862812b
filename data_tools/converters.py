"""Other people's tables of opinions as InstructionRecords."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_tools.coco import Fault, faults_note
from seagull.language import prompts
from seagull.levels import QUALITY
from seagull.photos.identity import AmbiguousPhotoError, photo_file, photo_files_of, photo_identity
from seagull.records import InstructionRecord, RegionLabels
from seagull.regions.spec import RegionSpec
from seagull.tables.opinions import (
    LeftOutRow,
    OpinionForm,
    OpinionRow,
    Scale,
    check_new_photo,
    form_of,
    left_out_note,
    photos_folder,
    read_opinions,
)
from seagull.tables.rows import column_name
from seagull.types import AssessmentTask, Message

LABELS = {"quality", "importance", "distortions"}
"""What an annotation may say of a region."""


@dataclass(frozen=True)
class OpinionColumns:
    """Which columns of a table mean what; those that are not named have their usual names.

    Args:
        image: path or name of the photo; or encoded image bytes.
        mos: mean opinion score.
        std: spread of the opinions.
        name: name of the photo where ``image`` holds bytes.
        reference: id of the pristine photo, for splits.
        lowest: the scale's worst score; 0, or that of the form. ``highest``: its best, which may
            be below ``lowest`` for DMOS; 1, or that of the form.
        form: name of the published set whose form the table has.
    """

    image: str | None = None
    mos: str | None = None
    std: str | None = None
    name: str | None = None
    reference: str | None = None
    lowest: float | None = None
    highest: float | None = None
    form: str | None = None

    def of(self, table: Path) -> OpinionForm:
        """What the table's columns mean.

        Raises:
            ValueError: if there is no such form.
        """
        form = form_of(table, self.form).with_columns(self.image, self.mos, self.std)
        named = {"name": self.name, "reference": self.reference}
        columns = {key: (column_name(value),) for key, value in named.items() if value}
        return form.replaced(**columns)


@dataclass
class LeftOut:
    """What a conversion left out.

    Attributes:
        faults: what cannot be used, by place.
        empty: rows without a score.
        unlabelled: annotations that have none of the labels.
        absent: photos that are not there; they have records all the same.
    """

    faults: list[Fault] = field(default_factory=list)
    empty: list[LeftOutRow] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """A line for each kind of thing that was left out."""
        bare, absent = self.unlabelled, self.absent
        notes = [faults_note(self.faults, "items"), left_out_note(self.empty)]
        if bare:
            labels = ", ".join(sorted(LABELS))
            notes.append(f"{len(bare)} annotations have no label ({labels}), first {bare[0]}")
        if absent:
            notes.append(f"{len(absent)} photos are not there, first {absent[0]}")
        return [note for note in notes if note is not None]


def convert_opinions(
    table: Path,
    columns: OpinionColumns,
    images: Path | None,
    target: Path,
    metric: str = "mos",
    left_out: LeftOut | None = None,
) -> Iterator[InstructionRecord]:
    """One record a photo about the whole of it, streamed from a table of opinions.

    Image bytes in a Parquet table are not copied: the record's image is ``FILE.parquet#ROW``.

    Args:
        table: what ``read_opinions`` reads.
        columns: their names and the scale.
        images: folder the image column is relative to; ``photos_folder`` of the table if None.
        target: the records' file; image paths are written relative to its folder.
        metric: what the labels are called.
        left_out: takes what cannot be used.

    Raises:
        ValueError: if a column is missing, or, naming the row, if a score leaves the scale or two
            rows are about one photo.
    """
    left_out = LeftOut() if left_out is None else left_out
    form = columns.of(table)
    folder = photos_folder(table, images).resolve()
    names, scores = _look_through(table, form)
    scale = _scale(table, columns, form, scores)
    moved = photo_files_of(folder, names)
    rows_of: dict[tuple[str, ...], int] = {}
    for row in read_opinions(table, form, pictures=False):
        where = f"row {row.number}"
        if isinstance(row, LeftOutRow):
            if row.faulty:
                left_out.faults.append(Fault(where, row.reason))
            else:
                left_out.empty.append(row)
            continue
        name = str(row.number - 1) if row.image is None else str(row.image)
        check_new_photo(table, rows_of, name, row.number)
        if row.image is None:
            image = relative_to_records(table.resolve(), target) + f"#{name}"
        else:
            file = moved.get(name) or photo_file(folder, name)
            if isinstance(file, AmbiguousPhotoError):
                left_out.faults.append(Fault(where, str(file)))
                continue
            if not file.is_file():
                left_out.absent.append(name)
            image = relative_to_records(file, target)
        yield _opinion_record(table, row, name, image, scale, metric)


def _look_through(table: Path, form: OpinionForm) -> tuple[list[str], list[float]]:
    rows = [r for r in read_opinions(table, form, pictures=False) if isinstance(r, OpinionRow)]
    return [row.image for row in rows if isinstance(row.image, str)], [row.mos for row in rows]


def _scale(
    table: Path, columns: OpinionColumns, form: OpinionForm, scores: Sequence[float]
) -> Scale:
    """(worst, best): the user's, or the first of the form's that holds all scores, or (0, 1)."""
    holds = (
        scale for scale in form.scales
        if scores and min(scale) <= min(scores) and max(scores) <= max(scale)
    )  # fmt: skip
    worst, best = next(holds, (0.0, 1.0))
    worst = worst if columns.lowest is None else columns.lowest
    best = best if columns.highest is None else columns.highest
    if worst == best:
        raise ValueError(f"{table}: the scale from {worst} to {best} has no length")
    return worst, best


def _opinion_record(
    table: Path, row: OpinionRow, photo: str, image: str, scale: Scale, metric: str
) -> InstructionRecord:
    quality = _scaled(row.mos, scale, f"{table}, row {row.number}")
    name = photo if row.image is not None else row.name or image
    labels = RegionLabels(
        quality=quality,
        quality_std=None if row.std is None else round(row.std / abs(scale[1] - scale[0]), 6),
        metric=metric,
    )
    answer = prompts.quality_answer(QUALITY.word(quality))
    return InstructionRecord(
        id=f"{table.stem}.{'/'.join(photo_identity(photo))}",
        image=image,
        regions=(RegionSpec(id="1", whole=True),),
        messages=question_and_answer(AssessmentTask.QUALITY, answer, "1"),
        labels={"1": labels},
        reference=row.reference or f"{table.stem}.{name}",
    )


def question_and_answer(task: AssessmentTask, answer: str, region: str) -> tuple[Message, Message]:
    """The usual question about a region, and an answer."""
    question = prompts.INSTRUCTIONS[task]
    return Message("user", question, (region,)), Message("assistant", answer, (), task)


def relative_to_records(path: Path, target: Path) -> str:
    """A photo's path as records in ``target`` name it."""
    return Path(os.path.relpath(path.resolve(), target.resolve().parent)).as_posix()


def _scaled(value: float, scale: Scale, where: str) -> float:
    worst, best = scale
    score = (value - worst) / (best - worst)
    if not -1e-6 <= score <= 1 + 1e-6:
        raise ValueError(
            f"{where}: the score {value} leaves the scale from {worst} (worst) to {best} (best); "
            "say which scale the table uses: lowest=, highest="
        )
    return round(min(max(score, 0.0), 1.0), 6)
