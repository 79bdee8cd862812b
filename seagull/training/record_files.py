"""Reading records from JSONL files, tables and tar shards: all in turn, or one by its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seagull.records import InstructionRecord
from seagull.row_tables import TABLES, RowTable, RowTableError, open_table
from seagull.tar_shards import TAR, shard_record, shard_records
from seagull.text_files import open_marked

NESTED = ("regions", "messages", "labels")
FIELDS = frozenset({"id", "image", "reference", *NESTED})


def records_of(file: Path) -> Iterator[tuple[int, InstructionRecord]]:
    """The records of a file with their places: byte offset in JSONL and shards, row in a table.

    Raises:
        ValueError: with file and line or row, if one is faulty.
    """
    if file.suffix in TABLES:
        table = open_table(file)
        _check_columns(table)
        for row in range(len(table)):
            yield row, _checked(_body(table, row), f"{file}, row {row}")
        return
    if file.suffix == TAR:
        for place, body in shard_records(file):
            yield place, _checked(body, f"{file}, byte {place}")
        return
    with open_marked(file) as lines:
        offset = lines.tell()
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield offset, _checked(line, f"{file}, line {number}")
            offset += len(line)


def read_record(file: Path, place: int) -> InstructionRecord:
    """The record at a place of a file.

    Raises:
        ValueError: if it is faulty.
    """
    if file.suffix in TABLES:
        return _checked(_body(open_table(file), place), f"{file}, row {place}")
    if file.suffix == TAR:
        return _checked(shard_record(file, place), f"{file}, byte {place}")
    with file.open("rb") as stream:
        stream.seek(place)
        return _checked(stream.readline(), f"{file}, byte {place}")


def _check_columns(table: RowTable) -> None:
    required = FIELDS - {"labels", "reference"}
    if missing := sorted(required - set(table.names)):
        raise RowTableError(
            f"{table.path}: columns {missing} are missing; there are {', '.join(table.names)}"
        )
    if unknown := sorted(set(table.names) - FIELDS):
        raise RowTableError(
            f"{table.path}: unknown columns {unknown}; known are {', '.join(sorted(FIELDS))}"
        )


def _body(table: RowTable, row: int) -> dict[str, Any]:
    """The row as a plain record; a picture in it is named, not read."""
    names = [name for name in table.names if not (name == "image" and table.embeds_images)]
    plain = table.row(row, names)
    body = {key: _nested(value) if key in NESTED else value for key, value in plain.items()}
    if table.embeds_images:
        body["image"] = f"{table.path}#{row}"
    body["labels"] = {
        region: labels for region, labels in (body.get("labels") or {}).items() if labels
    }
    return body


def _nested(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else _without_nulls(value)


def _without_nulls(value: Any) -> Any:
    """Nested columns have every field in every row; those that are null are not in the record."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value


def _checked(content: bytes | dict[str, Any], where: str) -> InstructionRecord:
    try:
        plain = json.loads(content) if isinstance(content, bytes) else content
        return InstructionRecord.from_dict(plain)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{where}: {error}") from error
