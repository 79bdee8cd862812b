"""Conversations that go on from what is known of their region, as they do in use.

In use a chat tells the model what the head reads of a region (``Assessor.chat``); here it is told
what labels say, and learns to go on from that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from seagull.levels import IMPORTANCE, QUALITY
from seagull.prompts import findings
from seagull.records import InstructionRecord

FEWEST_MESSAGES = 4
"""A conversation of fewer is a single question, which is to be answered without being told."""


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

    It stays as it is where it is a single question, speaks of several regions, or quality or
    distortions of its region are not known.
    """
    names = {name for message in record.messages for name in message.regions}
    if len(record.messages) < FEWEST_MESSAGES or len(names) != 1:
        return Told(record)
    (name,) = names
    labels = record.labels.get(name)
    if labels is None or labels.quality is None or labels.distortions is None:
        return Told(record)
    importance = None if labels.importance is None else IMPORTANCE.word(labels.importance)
    told = findings(name, QUALITY.word(labels.quality), labels.distortions, importance)
    return Told(replace(record, messages=(*told, *record.messages)), len(told) // 2)
