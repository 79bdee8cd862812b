"""Context turns: training conversations that begin with findings about their regions.

In use the context turns say what the head reads of the regions (``Assessor``); here they say what
the labels hold. They are part of the prompt, so the model is not trained to generate them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from seagull.language.findings import Findings, context_turns
from seagull.levels import IMPORTANCE, QUALITY
from seagull.records import InstructionRecord, RegionLabels


class ContextRecord(NamedTuple):
    """A record, and how many of its answers are context: given, and not trained on."""

    record: InstructionRecord
    given: int = 0


def add_context(
    records: Sequence[InstructionRecord], share: float, rng: np.random.Generator
) -> list[ContextRecord]:
    """The records, of which a random share (in [0, 1]) gets context turns where labels allow it."""
    return [
        with_findings(record) if share and rng.random() < share else ContextRecord(record)
        for record in records
    ]


def with_findings(record: InstructionRecord) -> ContextRecord:
    """The record with context turns before its first question, which say what its labels hold.

    It stays as it is where the talk turns from one region to others, or quality or distortions of a
    region are not known.
    """
    subjects = dict.fromkeys(message.regions for message in record.messages if message.regions)
    if len(subjects) != 1:
        return ContextRecord(record)
    (names,) = subjects
    findings: dict[str, Findings] = {}
    for name in names:
        region_findings = _findings(record.labels.get(name))
        if region_findings is None:
            return ContextRecord(record)
        findings[name] = region_findings
    turns = context_turns(findings)
    return ContextRecord(replace(record, messages=(*turns, *record.messages)), len(turns) // 2)


def _findings(labels: RegionLabels | None) -> Findings | None:
    if labels is None or labels.quality is None or labels.distortions is None:
        return None
    importance = None if labels.importance is None else IMPORTANCE.word(labels.importance)
    return Findings(QUALITY.word(labels.quality), labels.distortions, importance)
