"""Rows of CSV, TSV, text, JSONL, Parquet and Arrow tables, as people and programs write them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Collection, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import IO, Any, Final

from seagull.files.text import open_text, read_line_bytes
from seagull.tables.columnar import open_table

TEXT_TABLES = (".csv", ".tsv", ".txt")
MAX_LINE = 1 << 16
"""Longest line of a text table, in characters."""
_DELIMITERS = (",", ";", "\t")
_EMPTY_WORDS = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "--", "#n/a"})


class _Embedded:
    """Stands for a picture in a cell that was not read."""


EMBEDDED: Final = _Embedded()

Row = dict[str, Any]
"""Values by column name as ``column_name`` writes it."""


class TableError(ValueError):
    """A table that cannot be used; the message says which, why, and what to do."""


def column_name(name: object) -> str:
    """A column's name as names are compared: lower case, one word (``Image name``: image_name)."""
    return "_".join(str(name).strip().lower().replace("-", " ").split())


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing: None, NaN, no text, or a word for it (``NA``, ``-``)."""
    if isinstance(value, float):
        return math.isnan(value)
    return value is None or (isinstance(value, str) and value.strip().lower() in _EMPTY_WORDS)


def number_of(value: object) -> float:
    """The number in a cell; ``3,5`` is three and a half.

    Raises:
        ValueError: if it is none, or not finite.
    """
    text = str(value).strip()
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        # Python's own underscores (1_0 is ten) are nobody's way to write a score.
        found = math.nan if isinstance(value, bool) or "_" in text else float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"{value!r} where a number is needed")
    return found


def table_rows(
    path: Path,
    *,
    pictures: bool = True,
    wanted: Collection[str] | None = None,
    header: Sequence[str] = (),
) -> Iterator[tuple[int, Row | str]]:
    """The rows with their numbers from 1 on; what is wrong with a row instead of it.

    The delimiter of a text table (``,``, ``;`` or tab) is told by its first line. Rows without any
    value count in the numbers and are left out.

    Args:
        path: of the table.
        pictures: whether pictures in cells are read; else ``EMBEDDED`` stands for them.
        wanted: names of the columns that are read of a Parquet or Arrow table; None reads all.
        header: columns of a text table that does not name them, separated by spaces.

    Raises:
        TableError: if it is not such a table, or damaged.
    """
    ending = path.suffix.lower()
    if not path.is_file():
        raise TableError(f"{path}: there is no such file; check the path")
    if ending in TEXT_TABLES:
        yield from _text_rows(path, header)
    elif ending in (".jsonl", ".ndjson"):
        yield from _json_rows(path)
    elif ending in (".parquet", ".arrow"):
        yield from _arrow_rows(path, pictures, wanted)
    else:
        raise TableError(f"{path}: a table of opinions is .csv, .tsv, .txt, .parquet or .arrow")


def _text_rows(path: Path, header: Sequence[str]) -> Iterator[tuple[int, Row | str]]:
    try:
        with open_text(path) as lines:
            cells = _cells(path, lines, spaces=bool(header))
            names = [column_name(name) for name in header or next(cells, [])]
            if twice := {name for name in names if name and names.count(name) > 1}:
                raise TableError(f"{path}: two columns are named {min(twice)}; rename one")
            for number, values in enumerate(cells, start=1):
                if all(not value.strip() for value in values):
                    continue
                yield number, _row(names, values)
    except csv.Error as error:
        raise TableError(
            f"{path}: a quote is not closed, or not where a value begins and ends ({error})"
        ) from error
    except UnicodeError as error:
        raise TableError(f"{path}: not a table in UTF-8 ({error}); save it as CSV UTF-8") from error


def _row(names: Sequence[str], values: Sequence[str]) -> Row | str:
    if any(value.strip() for value in values[len(names) :]):
        return (
            f"{len(values)} values under {len(names)} columns; put a value with a comma in quotes"
        )
    padded = [*values, *[""] * (len(names) - len(values))]
    return dict(zip(names, padded, strict=False))


def _cells(path: Path, lines: IO[str], *, spaces: bool) -> Iterator[list[str]]:
    short = _short_lines(path, lines)
    if spaces:
        yield from (line.strip().split(maxsplit=1) for line in short)
        return
    first = next((line for line in short if line.strip()), "")
    if first.lower().startswith("sep="):  # Excel's note of its delimiter
        first = next(short, "")
    counts = [first.count(mark) for mark in _DELIMITERS]
    delimiter = _DELIMITERS[counts.index(max(counts))]
    yield from csv.reader(_chained(first, short), delimiter=delimiter, strict=True)


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _short_lines(path: Path, lines: IO[str]) -> Iterator[str]:
    while line := lines.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise TableError(f"{path}: a line longer than {MAX_LINE} characters; not a table")
        yield line


def _json_rows(path: Path) -> Iterator[tuple[int, Row | str]]:
    for number, line in enumerate(read_line_bytes(path), start=1):
        if not line.strip():
            continue
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"not JSON ({error})"
            continue
        if isinstance(plain, dict):
            yield number, {column_name(name): value for name, value in plain.items()}
        else:
            yield number, f"an object is needed, got {type(plain).__name__}"


def _arrow_rows(
    path: Path, pictures: bool, wanted: Collection[str] | None
) -> Iterator[tuple[int, Row | str]]:
    table = open_table(path)
    read = [name for name in table.names if wanted is None or column_name(name) in wanted]
    read = [name for name in read if pictures or name not in table.pictures]
    hidden = {column_name(name): EMBEDDED for name in table.names if name not in read}
    unread = [
        name for name in table.names
        if name in table.pictures and name not in read and column_name(name) in (wanted or hidden)
    ]  # fmt: skip
    filled = zip(*(table.filled(name) for name in unread), strict=True) if unread else repeat(())
    rows = enumerate(zip(table.rows(read), filled, strict=False), start=1)
    for number, (plain, are_filled) in rows:
        row: Row = hidden | {column_name(name): value for name, value in plain.items()}
        lacks = (name for name, is_one in zip(unread, are_filled, strict=True) if not is_one)
        yield number, row | {column_name(name): None for name in lacks}
