"""InstructionRecord: one photo, its regions, a conversation about them and the labels behind it.

One JSON object a line. The data tools write it; training and evaluation read it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seagull.files.streams import open_output, write_json
from seagull.files.text import open_marked, read_line_bytes, to_json
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, DistortionType, Message, check_ids

MOS = "mos"
"""The metric of people's mean opinion scores, which alone give quality its absolute scale."""


@dataclass(frozen=True)
class RegionOrder:
    """Where a region stands among others: what is known of it without any number for its quality.

    Args:
        group: inside which regions are put in order: the versions of one scene, or photos that the
            same people rated.
        levels: of the distortions that cover the region, by ``type/variant``, from 1 (weakest) to
            20; empty for an untouched region, None where that is not known: then only people's MOS
            put it in order.
        sharpness: of the untouched region, its mean luminance gradient; None where unknown.
    """

    group: str
    levels: Mapping[str, int] | None = None
    sharpness: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without the fields that are None."""
        plain: dict[str, Any] = {"group": self.group}
        if self.levels is not None:
            plain["levels"] = dict(self.levels)
        if self.sharpness is not None:
            plain["sharpness"] = self.sharpness
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RegionOrder:
        """The order of a JSON object.

        Raises:
            ValueError: on a missing or an unknown field.
        """
        fields = {"group", "levels", "sharpness"}
        if not isinstance(plain, Mapping):
            raise ValueError(f"labels.order: an object is expected, got {plain!r:.60}")
        if set(plain) - fields or "group" not in plain:
            raise ValueError(f"labels.order: {sorted(fields)} are its fields, got {sorted(plain)}")
        return cls(plain["group"], plain.get("levels"), plain.get("sharpness"))


@dataclass(frozen=True)
class RegionLabels:
    """What is known about one region; None where nothing is.

    Args:
        quality: in [0, 1], higher is better.
        importance: in [0, 1], higher is more important.
        quality_std: spread of the raters' scores on the same scale.
        distortions: (type, severity word) pairs; empty means clean.
        metric: what gave the numbers (``haarpsi-1``, ``mos``, ...); numbers of different metrics
            are never compared.
        order: where it stands among other regions, if that is known.
    """

    quality: float | None = None
    importance: float | None = None
    quality_std: float | None = None
    distortions: tuple[tuple[DistortionType, str], ...] | None = None
    metric: str | None = None
    order: RegionOrder | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without the fields that are None."""
        plain: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("quality", "importance", "quality_std", "metric")
            if getattr(self, name) is not None
        }
        if self.distortions is not None:
            plain["distortions"] = [[kind.value, severity] for kind, severity in self.distortions]
        if self.order is not None:
            plain["order"] = self.order.to_dict()
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RegionLabels:
        """The labels of a JSON object.

        Raises:
            ValueError: on an unknown field or distortion type.
        """
        if not isinstance(plain, Mapping):
            raise ValueError(f"labels: an object is expected, got {plain!r:.60}")
        fields = {"quality", "importance", "quality_std", "metric", "distortions", "order"}
        if unknown := set(plain) - fields:
            raise ValueError(
                f"labels: unknown fields {sorted(unknown)}; known are {sorted(fields)}"
            )
        for name in ("quality", "importance", "quality_std"):
            value = plain.get(name)
            if value is not None and not _is_number(value):
                raise ValueError(f"labels: {name} is a number, got {value!r:.60}")
        distortions = plain.get("distortions")
        return cls(
            quality=plain.get("quality"),
            importance=plain.get("importance"),
            quality_std=plain.get("quality_std"),
            metric=plain.get("metric"),
            distortions=None
            if distortions is None
            else tuple((DistortionType(kind), severity) for kind, severity in _pairs(distortions)),
            order=RegionOrder.from_dict(plain["order"]) if plain.get("order") else None,
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pairs(value: Any) -> Sequence[Sequence[str]]:
    if isinstance(value, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in value
    ):
        return value
    raise ValueError(f"labels: distortions are [type, severity] pairs, got {value!r:.60}")


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
