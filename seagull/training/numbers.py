"""What is known of a region as numbers: the targets of the head."""

from __future__ import annotations

import hashlib

from seagull.levels import SEVERITY
from seagull.model.head import HEAD_NUMBERS
from seagull.records import RegionLabels

UNKNOWN = float("nan")


def known_numbers(labels: RegionLabels | None) -> list[float]:
    """The numbers of ``HEAD_NUMBERS``, NaN where unknown.

    The severity words stand for .2, .4 ... 1; a type that a known set of distortions leaves out
    has 0.
    """
    if labels is None:
        return [UNKNOWN] * len(HEAD_NUMBERS)
    numbers = [_number(labels.quality), _number(labels.importance)]
    if labels.distortions is None:
        return numbers + [UNKNOWN] * (len(HEAD_NUMBERS) - 2)
    steps = len(SEVERITY.words)
    found = {kind.value: word for kind, word in labels.distortions}
    return numbers + [
        (SEVERITY.words.index(found[name]) + 1) / steps if name in found else 0.0
        for name in HEAD_NUMBERS[2:]
    ]


def _number(value: float | None) -> float:
    return UNKNOWN if value is None else value


def metric_number(labels: RegionLabels | None) -> int:
    """The same number for labels of the same metric, in every run and process."""
    name = "" if labels is None else labels.metric or ""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest(), "big")
