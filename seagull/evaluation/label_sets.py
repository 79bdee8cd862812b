"""Precision, recall and F1 of predicted sets of distortions (SEAGULL, tables 1 and 2).

A region without distortion has the one label ``clean``, so that saying so is right or wrong like
anything else.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seagull.types import DistortionType

Found = tuple[tuple[DistortionType, str], ...]
"""(type, severity word) pairs; empty means clean."""

CLEAN = "clean"
CLASSES = (*(kind.value for kind in DistortionType), CLEAN)
SCORES = ("precision", "recall", "f1")


def types_of(distortions: Found) -> frozenset[str]:
    """The types, or ``clean``."""
    return frozenset(kind.value for kind, _ in distortions) or frozenset({CLEAN})


def pairs_of(distortions: Found) -> frozenset[str]:
    """The types with their severities as one label each, or ``clean``."""
    return frozenset(f"{severity} {kind.value}" for kind, severity in distortions) or frozenset(
        {CLEAN}
    )


def per_region(
    predicted: Sequence[frozenset[str]], true: Sequence[frozenset[str]]
) -> NDArray[np.float64]:
    """Precision, recall and F1 of each region's set, shape (n, 3).

    The mean over regions is the sample average.
    """
    rows = [
        _scores(predicted_set, true_set)
        for predicted_set, true_set in zip(predicted, true, strict=True)
    ]
    return np.asarray(rows, dtype=np.float64).reshape(-1, 3)


def _scores(predicted: frozenset[str], true: frozenset[str]) -> tuple[float, float, float]:
    hits = len(predicted & true)
    return hits / len(predicted), hits / len(true), 2 * hits / (len(predicted) + len(true))


def per_class(
    predicted: Sequence[frozenset[str]],
    true: Sequence[frozenset[str]],
    classes: Sequence[str] = CLASSES,
) -> dict[str, dict[str, float | int | None]]:
    """Precision, recall, F1 and count (``n``: regions that have it) of each class over all regions.

    A number that has no denominator is None: precision of a type never predicted, recall of one
    that never occurs, F1 of one that neither occurs nor is predicted.
    """
    result: dict[str, dict[str, float | int | None]] = {}
    for name in classes:
        is_predicted = np.array([name in labels for labels in predicted], dtype=bool)
        is_true = np.array([name in labels for labels in true], dtype=bool)
        hits, predicted_count, true_count = (
            int((is_predicted & is_true).sum()),
            int(is_predicted.sum()),
            int(is_true.sum()),
        )
        result[name] = {
            "precision": hits / predicted_count if predicted_count else None,
            "recall": hits / true_count if true_count else None,
            "f1": 2 * hits / (predicted_count + true_count)
            if predicted_count + true_count
            else None,
            "n": true_count,
        }
    return result
