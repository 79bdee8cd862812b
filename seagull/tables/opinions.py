"""Tables of opinions: one photo and its mean opinion score (MOS) a row, in whatever form.

The published data sets' own forms are known by name (``FORMS``); the form of KADID-10k's and of
TID2013's file is told by their columns and by the file's name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seagull.photos.identity import photo_identity
from seagull.tables.published import published_rows
from seagull.tables.rows import (
    EMBEDDED,
    Row,
    TableError,
    column_name,
    is_empty,
    number_of,
    table_rows,
)

Scale = tuple[float, float]
"""(worst, best)."""
IMAGE = (
    "image", "image_path", "path", "file_name", "filename", "image_name", "img_path", "img_name",
    "dist_img", "dist_name",
)  # fmt: skip
NAME = ("image_name", "name", "file_name", "filename", "id")
STD = ("mos_std", "std", "sd", "mos_sd")


@dataclass(frozen=True)
class OpinionForm:
    """Which columns of a table mean what; of several names, the first that is filled in a row.

    Args:
        image: path or name of the photo, or its encoded bytes.
        mos: the opinions' mean.
        std: their standard deviation.
        reference: names the pristine photo.
        name: names the photo where ``image`` holds bytes.
        scales: (worst, best) of the score; the first that holds all scores. Empty: not known.
        variance: whether ``std`` holds variances.
        header: columns of a text file that does not name them.
        named_by_reference: whether a photo's name begins with its reference's and ``_``.
    """

    image: Sequence[str] = IMAGE
    mos: Sequence[str] = ("mos",)
    std: Sequence[str] = STD
    reference: Sequence[str] = ("reference",)
    name: Sequence[str] = NAME
    scales: Sequence[Scale] = ()
    variance: bool = False
    header: Sequence[str] = ()
    named_by_reference: bool = False

    def with_columns(
        self, image: str | None = None, mos: str | None = None, std: str | None = None
    ) -> OpinionForm:
        """The form with columns named by the user instead of its own.

        Another score than the form's own is on a scale that is not known.
        """
        form = self
        if mos is not None:
            name = column_name(mos)
            form = replace(self, mos=(name,), scales=self.scales if name in self.mos else ())
        if image is not None:
            form = replace(form, image=(column_name(image),))
        if std is None:
            return form
        name = column_name(std)
        return replace(form, std=(name,), variance=self.variance and name in self.std)

    def replaced(self, **columns: Sequence[str]) -> OpinionForm:
        """The form with other names of some columns."""
        return replace(self, **columns)  # type: ignore[arg-type]

    @property
    def columns(self) -> frozenset[str]:
        """All names that are looked for."""
        return frozenset((*self.image, *self.mos, *self.std, *self.reference, *self.name))


FORMS: dict[str, OpinionForm] = {
    "kadid": OpinionForm(
        image=("dist_img",), mos=("dmos",), std=("var",), reference=("ref_img",),
        scales=((1, 5),), variance=True,
    ),
    "koniq": OpinionForm(image=("image_name", *IMAGE), scales=((1, 5), (0, 100))),
    "spaq": OpinionForm(image=("image_name", *IMAGE), scales=((0, 100),)),
    # Realigned scores leave the scale of 0 to 100 that the raters used.
    "live": OpinionForm(
        mos=("dmos", "dmos_new"), std=("dmos_std", *STD), reference=("reference", "ref_img"),
        scales=((100, 0), (120, -20)),
    ),
    "clive": OpinionForm(scales=((0, 100),)),
    "tid2013": OpinionForm(
        scales=((0, 9),), header=("mos", "image"), named_by_reference=True
    ),
}  # fmt: skip
"""The forms that published data sets have, by name. Less is better in LIVE, more in the others:
KADID-10k's ``dmos`` rises with quality."""


@dataclass(frozen=True, slots=True)
class OpinionRow:
    """A photo and its opinions, on the table's scale.

    Args:
        number: of the row, from 1 on.
        image: path or name, or encoded bytes; None for bytes that were not read.
        name: of the photo, if another column has it.
        mos: mean opinion score.
        std: standard deviation of the opinions.
        reference: the pristine photo.
    """

    number: int
    image: str | bytes | None
    name: str | None
    mos: float
    std: float | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A row that cannot be used: ``faulty``, or simply without a score."""

    number: int
    reason: str
    faulty: bool


def form_of(path: Path, name: str | None = None) -> OpinionForm:
    """The form of a name, or the one that the file shows by its name and columns.

    Raises:
        ValueError: if there is no such form.
    """
    if name is not None:
        if name not in FORMS:
            raise ValueError(f"--format {name}: known are {', '.join(FORMS)}")
        return FORMS[name]
    if path.name == "mos_with_names.txt":
        return FORMS["tid2013"]
    first = next(table_rows(path, pictures=False), None)
    columns = set(first[1]) if first is not None and not isinstance(first[1], str) else set()
    shown = {"dist_img", "ref_img", "dmos", "var"} <= columns and "mos" not in columns
    return FORMS["kadid"] if shown else OpinionForm()


def read_opinions(
    path: Path, form: OpinionForm, *, pictures: bool = True
) -> Iterator[OpinionRow | LeftOutRow]:
    """The rows of a table, and those that cannot be used with their reasons, streamed.

    Args:
        path: .csv, .tsv, .txt, .jsonl, .parquet, .arrow, or a published set's .mat.
        form: what its columns mean.
        pictures: whether encoded pictures in the table are read.

    Raises:
        TableError: if it is no such table, or has no column for the photo or the score.
    """
    rows = (
        published_rows(path)
        if path.suffix.lower() == ".mat"
        else table_rows(path, pictures=pictures, wanted=form.columns, header=form.header)
    )
    for count, (number, row) in enumerate(rows):
        if isinstance(row, str):
            yield LeftOutRow(number, row, faulty=True)
            continue
        if count == 0:
            _check_columns(path, row, form)
        yield _opinion(number, row, form)


def _check_columns(path: Path, row: Row, form: OpinionForm) -> None:
    for names, what, option in ((form.image, "photo", "image"), (form.mos, "score", "mos")):
        if not set(names) & set(row):
            raise TableError(
                f"{path}: no {' or '.join(names[:3])} for the {what}; the table has the columns "
                f"{', '.join(row)}: name one with --{option}-column (in seagull-data: {option}=)"
            )


def _opinion(number: int, row: Row, form: OpinionForm) -> OpinionRow | LeftOutRow:
    score = _first(row, form.mos)
    if score is None:
        return LeftOutRow(number, "no score", faulty=False)
    image = _first(row, form.image)
    if isinstance(image, dict):
        image = image.get("bytes") or image.get("path")
    if image is None:
        return LeftOutRow(number, "a score, but no photo", faulty=True)
    try:
        mos, std = number_of(score), _spread(row, form)
    except ValueError as error:
        return LeftOutRow(number, f"{form.mos[0]}: {error}", faulty=True)
    reference = _text(row, form.reference)
    if reference is None and form.named_by_reference:
        reference = str(image).split("_", 1)[0].upper()
    return OpinionRow(
        number,
        image=None if image is EMBEDDED else image if isinstance(image, bytes) else str(image),
        name=_text(row, form.name),
        mos=mos,
        std=std,
        reference=reference,
    )


def _spread(row: Row, form: OpinionForm) -> float | None:
    if (value := _first(row, form.std)) is None:
        return None
    spread = number_of(value)
    if spread < 0:
        raise ValueError(f"a spread of {value!r}")
    return math.sqrt(spread) if form.variance else spread


def _text(row: Row, names: Sequence[str]) -> str | None:
    value = _first(row, names)
    return None if value is None or value is EMBEDDED else str(value)


def _first(row: Row, names: Sequence[str]) -> Any:
    return next((row[name] for name in names if not is_empty(row.get(name))), None)


def check_new_photo(path: Path, rows: dict[tuple[str, ...], int], name: str, number: int) -> None:
    """Passes if no earlier row of a table is about the photo, and remembers the row.

    Args:
        path: of the table.
        rows: numbers of the rows so far, by the identity of their photo.
        name: the photo's, in the row.
        number: the row's.

    Raises:
        ValueError: naming both rows.
    """
    if (other := rows.setdefault(photo_identity(name), number)) != number:
        raise ValueError(
            f"{path}, rows {other} and {number}: both are about {name}; keep one of them"
        )


def left_out_note(rows: Sequence[LeftOutRow]) -> str | None:
    """One line about rows that were left out: how many, and where the first ones are."""
    if not rows:
        return None
    reasons = dict.fromkeys(row.reason for row in rows)
    numbers = ", ".join(str(row.number) for row in rows[:5])
    more = ", ..." if len(rows) > 5 else ""
    return f"{len(rows)} rows left out (row {numbers}{more}): {'; '.join(list(reasons)[:3])}"


def photos_folder(path: Path, images: Path | None) -> Path:
    """Where a table's photo names start: the folder given, else the table's own.

    The scores of LIVE in the Wild lie in ``Data`` beside the photos' folder.
    """
    if images is not None:
        return images
    beside = path.suffix.lower() == ".mat" and path.parent.name == "Data"
    return path.parent.parent if beside else path.parent
