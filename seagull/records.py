"""InstructionRecord: one photo, its regions, a conversation about them and the labels behind it.

One JSON object a line. The data tools write it; training and evaluation read it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seagull.regions.spec import RegionSpec
from seagull.streams import open_output, write_json
from seagull.text_files import read_lines, to_json
from seagull.types import AssessmentTask, DistortionType, Message


@dataclass(frozen=True)
class RegionLabels:
    """What is known about one region; None where nothing is.

    Args:
        quality: in [0, 1], higher is better.
        importance: in [0, 1], higher is more important.
        quality_std: spread of the raters' opinions on the same scale.
        distortions: (type, severity word) pairs; empty means clean.
        metric: what gave the numbers (``haarpsi-1``, ``mos``, ...); numbers of different metrics
            are never compared.
    """

    quality: float | None = None
    importance: float | None = None
    quality_std: float | None = None
    distortions: tuple[tuple[DistortionType, str], ...] | None = None
    metric: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without the fields that are None."""
        plain: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("quality", "importance", "quality_std", "metric")
            if getattr(self, name) is not None
        }
        if self.distortions is not None:
            plain["distortions"] = [[kind.value, severity] for kind, severity in self.distortions]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RegionLabels:
        """The labels of a JSON object.

        Raises:
            ValueError: on an unknown field or distortion type.
        """
        known = {"quality", "importance", "quality_std", "metric", "distortions"}
        if unknown := set(plain) - known:
            raise ValueError(f"labels: unknown fields {sorted(unknown)}; known are {sorted(known)}")
        found = plain.get("distortions")
        return cls(
            quality=plain.get("quality"),
            importance=plain.get("importance"),
            quality_std=plain.get("quality_std"),
            metric=plain.get("metric"),
            distortions=None
            if found is None
            else tuple((DistortionType(kind), severity) for kind, severity in found),
        )


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
        required = {"id", "image", "regions", "messages"}
        known = required | {"labels", "reference"}
        if missing := required - set(plain):
            raise ValueError(f"record {plain.get('id', '?')}: missing fields {sorted(missing)}")
        if unknown := set(plain) - known:
            raise ValueError(f"record {plain['id']}: unknown fields {sorted(unknown)}")
        record = cls(
            id=plain["id"],
            image=plain["image"],
            regions=tuple(RegionSpec.from_dict(region) for region in plain["regions"]),
            messages=tuple(_message_from_dict(message) for message in plain["messages"]),
            labels={
                region: RegionLabels.from_dict(labels)
                for region, labels in plain.get("labels", {}).items()
            },
            reference=plain.get("reference"),
        )
        record._check_region_ids()
        return record

    def _check_region_ids(self) -> None:
        ids = [region.id for region in self.regions]
        if len(set(ids)) != len(ids):
            raise ValueError(f"record {self.id}: region ids repeat: {ids}")
        named = {region for message in self.messages for region in message.regions} | set(
            self.labels
        )
        if unknown := named - set(ids):
            raise ValueError(
                f"record {self.id}: regions {sorted(unknown)} are named, only {ids} exist"
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
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            try:
                yield InstructionRecord.from_dict(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: {error}") from error


def write_records(path: Path, records: Iterable[InstructionRecord]) -> int:
    """Writes a JSONL file, or lines to stdout or a pipe; returns the number of records."""
    count = 0
    with open_output(path) as out:
        for record in records:
            write_json(to_json(record.to_dict()) + "\n", out, flush=False)
            count += 1
    return count
