"""InstructionRecord: one photo, its regions, a conversation about them and the labels behind it.

One JSON object a line. The data tools write it; training and evaluation read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seagull.files.streams import open_output, write_json
from seagull.files.text import open_marked, read_line_bytes, to_json
from seagull.records.labels import RegionLabels
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, Message, check_ids


@dataclass(frozen=True)
class InstructionRecord:
    """One training or evaluation sample.

    Args:
        id: unique in its file.
        image: path of the photo, relative to the record's file; or ``FILE.parquet#ROW`` (or
            ``FILE.arrow#ROW``) for a row of an image table, ``FILE.tar#BYTE`` for a photo in a
            shard.
        regions: the regions spoken of, ids unique.
        messages: user and assistant in alternation; ``Message.regions`` name ``regions`` by id.
        labels: by region id.
        reference: id of the photo it was made from; splits go by this, never by record.
    """

    id: str
    image: str
    regions: tuple[RegionSpec, ...]
    messages: tuple[Message, ...]
    labels: Mapping[str, RegionLabels] = field(default_factory=dict)
    reference: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "id": self.id,
            "image": self.image,
            "reference": self.reference,
            "regions": [region.to_dict() for region in self.regions],
            "messages": [_message_to_dict(message) for message in self.messages],
            "labels": {region: labels.to_dict() for region, labels in self.labels.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> InstructionRecord:
        """The record of a JSON object.

        Raises:
            ValueError: if a field is missing or unknown, or a message or label names a region that
                the record does not have.
        """
        if not isinstance(plain, Mapping):
            raise ValueError(f"a record is an object, got {type(plain).__name__}")
        required = {"id", "image", "regions", "messages"}
        fields = required | {"labels", "reference"}
        if missing := required - set(plain):
            raise ValueError(f"record {plain.get('id', '?')}: missing fields {sorted(missing)}")
        if unknown := set(plain) - fields:
            raise ValueError(f"record {plain['id']}: unknown fields {sorted(unknown)}")
        _check_kinds(plain)
        record = cls(
            id=str(plain["id"]),
            image=plain["image"],
            regions=tuple(RegionSpec.from_dict(region) for region in plain["regions"]),
            messages=tuple(_message_from_dict(message) for message in plain["messages"]),
            labels={
                region: RegionLabels.from_dict(labels)
                for region, labels in (plain.get("labels") or {}).items()
            },
            reference=plain.get("reference"),
        )
        try:
            record._check_region_ids()
        except ValueError as error:
            raise ValueError(f"record {record.id}: {error}") from error
        return record

    def _check_region_ids(self) -> None:
        ids = [region.id for region in self.regions]
        check_ids(ids)
        named = {region for message in self.messages for region in message.regions}
        if unknown := (named | set(self.labels)) - set(ids):
            raise ValueError(f"regions {sorted(unknown)} are named, only {ids} exist")


def _check_kinds(plain: Mapping[str, Any]) -> None:
    record_name = f"record {plain['id']}"
    kinds: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
        ("id", (str, int), "a text"),
        ("image", str, "the path of a photo"),
        ("regions", list, "a list"),
        ("messages", list, "a list"),
        ("labels", (Mapping, type(None)), "an object"),
        ("reference", (str, type(None)), "a text"),
    )
    for name, kind, description in kinds:
        if name in plain and not isinstance(plain[name], kind):
            raise ValueError(f"{record_name}: `{name}` is {description}, got {plain[name]!r:.60}")
    for message in plain["messages"]:
        if not isinstance(message, Mapping):
            raise ValueError(f"{record_name}: a message is an object, got {message!r:.60}")
        for name in ("role", "content"):
            if not isinstance(message.get(name), str):
                raise ValueError(
                    f"{record_name}: a message has a text `{name}`, got {message!r:.60}"
                )


def _message_to_dict(message: Message) -> dict[str, Any]:
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.regions:
        plain["regions"] = list(message.regions)
    if message.task is not None:
        plain["task"] = message.task.value
    return plain


def _message_from_dict(plain: Mapping[str, Any]) -> Message:
    task = plain.get("task")
    return Message(
        role=plain["role"],
        content=plain["content"],
        regions=tuple(plain.get("regions", ())),
        task=None if task is None else AssessmentTask(task),
    )


def read_records(path: Path) -> Iterator[InstructionRecord]:
    """The records of a JSONL file, one at a time.

    Raises:
        ValueError: with the line's number, if a line is not a record.
    """
    for number, line in enumerate(read_line_bytes(path), start=1):
        if line.strip():
            record = parsed_record(line)
            if isinstance(record, str):
                raise ValueError(f"{path}, line {number}: {record}")
            yield record


def json_records(path: Path) -> Iterator[tuple[int, int, InstructionRecord | str]]:
    """The records of a JSONL file with their byte offset and line, or what is wrong with a line.

    Raises:
        TextError: if it is marked as UTF-16: places are bytes of UTF-8.
    """
    with open_marked(path) as lines:
        offset = lines.tell()
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield offset, number, parsed_record(line)
            offset += len(line)


def parsed_record(content: bytes | Mapping[str, Any]) -> InstructionRecord | str:
    """The record of a line or of a JSON object, or what is wrong with it."""
    try:
        plain = json.loads(content) if isinstance(content, bytes) else content
        return InstructionRecord.from_dict(plain)
    except (ValueError, RecursionError) as error:
        return f"not a record: {error}" if isinstance(error, json.JSONDecodeError) else str(error)


def write_records(path: Path, records: Iterable[InstructionRecord]) -> int:
    """Writes a JSONL file, or lines to stdout or a pipe; returns the number of records."""
    count = 0
    with open_output(path) as out:
        for record in records:
            write_json(to_json(record.to_dict()) + "\n", out, flush=False)
            count += 1
    return count
