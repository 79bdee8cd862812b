"""The labels of a region as numbers: the targets of the head."""

from __future__ import annotations

from seagull.levels import SEVERITY
from seagull.model.head import HEAD_NUMBERS
from seagull.records import MOS, RegionLabels

UNKNOWN = float("nan")


def known_numbers(labels: RegionLabels | None) -> list[float]:
    """The numbers of ``HEAD_NUMBERS``, NaN where unknown.

    Only people's MOS says how good a region is; other metrics say which of two is the better one.
    The severity words stand for .2, .4 ... 1; a type that a known set of distortions leaves out
    has 0.
    """
    if labels is None:
        return [UNKNOWN] * len(HEAD_NUMBERS)
    mos = labels.quality if labels.metric == MOS else None
    numbers = [_number(mos), _number(labels.importance)]
    if labels.distortions is None:
        return numbers + [UNKNOWN] * (len(HEAD_NUMBERS) - 2)
    steps = len(SEVERITY.words)
    severities = {kind.value: word for kind, word in labels.distortions}
    return numbers + [
        (SEVERITY.words.index(severities[name]) + 1) / steps if name in severities else 0.0
        for name in HEAD_NUMBERS[2:]
    ]


def _number(value: float | None) -> float:
    return UNKNOWN if value is None else value
