"""Reads records from JSONL files, tables and tar shards: all in turn, or one by its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from seagull.records import InstructionRecord, json_records, parsed_record
from seagull.records.shards import TAR, TarShardError, shard_record, shard_records
from seagull.tables.columnar import TABLES, RowTable, RowTableError, open_table

JSON_LINES = (".jsonl", ".ndjson")

NESTED = ("regions", "messages", "labels")
FIELDS = frozenset({"id", "image", "reference", *NESTED})


@dataclass(frozen=True)
class FaultyRecord:
    """A line, row or sample of a file that is not a record, and why; it names file and place."""

    reason: str


def each_record(file: Path) -> Iterator[tuple[int, InstructionRecord | FaultyRecord]]:
    """The records of a file with their places: byte offset in JSONL and shards, row in a table.

    What is no record is there as its fault.

    Raises:
        ValueError: if the file as a whole cannot be read.
    """
    if file.suffix in TABLES:
        table = open_table(file)
        _check_columns(table)
        for row in range(len(table)):
            yield row, _record(partial(_body, table, row), f"{file}, row {row}")
    elif file.suffix == TAR:
        for place, body in shard_records(file):
            if isinstance(body, TarShardError):
                yield place, FaultyRecord(str(body))
            else:
                yield place, _named(parsed_record(body), f"{file}, byte {place}")
    else:
        for offset, line, record in json_records(file):
            yield offset, _named(record, f"{file}, line {line}")


def _named(record: InstructionRecord | str, location: str) -> InstructionRecord | FaultyRecord:
    return FaultyRecord(f"{location}: {record}") if isinstance(record, str) else record


def records_of(file: Path) -> Iterator[tuple[int, InstructionRecord]]:
    """The records of a file as ``each_record`` has them, none of them faulty.

    Raises:
        ValueError: with file and line or row, if one is faulty.
    """
    for place, record in each_record(file):
        if isinstance(record, FaultyRecord):
            raise ValueError(record.reason)
        yield place, record


def read_record(file: Path, place: int) -> InstructionRecord:
    """The record at a place of a file.

    Raises:
        ValueError: if it is faulty.
    """
    if file.suffix in TABLES:
        record = _record(partial(_body, open_table(file), place), f"{file}, row {place}")
    elif file.suffix == TAR:
        record = _record(partial(shard_record, file, place), f"{file}, byte {place}")
    else:
        with file.open("rb") as stream:
            stream.seek(place)
            record = _record(stream.readline, f"{file}, byte {place}")
    if isinstance(record, FaultyRecord):
        raise ValueError(record.reason)
    return record


def holds_records(file: Path) -> bool:
    """Whether a file is one of records; a table is one if it has their columns.

    Raises:
        RowTableError: if it is a table that cannot be opened.
    """
    if file.suffix in TABLES:
        return {"regions", "messages"} <= set(open_table(file).names)
    return file.suffix in (*JSON_LINES, TAR)


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
    if isinstance(labels := body.get("labels") or {}, Mapping):
        body["labels"] = {
            region: region_labels for region, region_labels in labels.items() if region_labels
        }
    return body


def _nested(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str | bytes) else _without_nulls(value)


def _without_nulls(value: Any) -> Any:
    """Nested columns have every field in every row; those that are null are not in the record."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _record(
    load: Callable[[], bytes | Mapping[str, Any]], location: str
) -> InstructionRecord | FaultyRecord:
    """The record in what is read; a nested value may be no JSON, a table damaged in one place."""
    try:
        parsed = parsed_record(load())
    except (ValueError, RecursionError) as error:
        parsed = str(error)
    return _named(parsed, location)
