"""Conversations that go on from what is known of their regions, as they do in use.

In use the model is told what the head reads of regions before it says anything (``Assessor``); here
it is told what labels say, and learns to go on from that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from seagull.language.findings import Findings, told
from seagull.levels import IMPORTANCE, QUALITY
from seagull.records import InstructionRecord, RegionLabels


class Told(NamedTuple):
    """A record, and how many of its answers are given, not to be learned."""

    record: InstructionRecord
    given: int = 0


def tell(
    records: Sequence[InstructionRecord], share: float, rng: np.random.Generator
) -> list[Told]:
    """The records, a share of them (in [0, 1], by chance) with findings where there are any."""
    return [
        with_findings(record) if share and rng.random() < share else Told(record)
        for record in records
    ]


def with_findings(record: InstructionRecord) -> Told:
    """The record with what its labels say before its first question.

    It stays as it is where the talk turns from one region to others, or quality or distortions of a
    region are not known.
    """
    asked = dict.fromkeys(message.regions for message in record.messages if message.regions)
    if len(asked) != 1:
        return Told(record)
    (names,) = asked
    known = {name: _findings(record.labels.get(name)) for name in names}
    sure = {name: own for name, own in known.items() if own is not None}
    if len(sure) < len(known):
        return Told(record)
    given = told(sure)
    return Told(replace(record, messages=(*given, *record.messages)), len(given) // 2)


def _findings(labels: RegionLabels | None) -> Findings | None:
    if labels is None or labels.quality is None or labels.distortions is None:
        return None
    importance = None if labels.importance is None else IMPORTANCE.word(labels.importance)
    return Findings(QUALITY.word(labels.quality), labels.distortions, importance)
