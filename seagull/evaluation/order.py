"""Pairs of regions of known order: the share that is ranked right, and changes where none belong.

Unlike sensitivity, which compares a distorted region with clean ones beside it, this compares one
region in several versions of its photo as well, and takes no pair whose order is a matter of taste
(``seagull.records.order``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seagull.evaluation.intervals import Indices, bootstrap
from seagull.evaluation.predictions import Row
from seagull.records.order import POOR_BELOW, PlacedRegion, order_of

_ALONE, _ALONE_RIGHT, _SIDE, _SIDE_RIGHT, _STILL, _MOVED, _POOR, _SAID_POOR = range(8)


def order_scores(
    rows: Sequence[Row], *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any] | None:
    """How predicted quality keeps to the known order of regions of one scene; None without any.

    Args:
        rows: of any order; those without a predicted quality or without ``labels.order`` do not
            count, nor do pairs of MOS, which other figures are about.
        resamples: for the intervals, drawn over photos.
        seed: of the drawing.

    Returns:
        ``right``: share of pairs ranked rightly, equal scores count half; ``same_region`` and
        ``same_picture`` of the two kinds of pairs. ``untouched_move``: mean absolute change of a
        region's score between two versions that leave it untouched. ``severe_poor``: share of
        regions under a severe blur, noise, compression or exposure whose score is below
        ``POOR_BELOW``. Counts are ``pairs``, ``severe``, ``photos``; ``ci`` holds intervals.
    """
    photos: dict[str, list[Row]] = {}
    for row in rows:
        if row.prediction.quality is not None and row.labels.order is not None:
            photos.setdefault(row.group, []).append(row)
    table = np.array([_photo_counts(photo_rows) for photo_rows in photos.values()]).reshape(-1, 8)
    total = table.sum(axis=0)
    if not total[_ALONE] + total[_SIDE]:
        return None

    def statistics(indices: Indices) -> dict[str, float | None]:
        return _shares(table[indices].sum(axis=0))

    return {
        **_shares(total),
        "pairs": int(total[_ALONE] + total[_SIDE]),
        "severe": int(total[_POOR]),
        "photos": len(table),
        "ci": bootstrap(statistics, range(len(table)), resamples=resamples, seed=seed),
    }


def _photo_counts(rows: Sequence[Row]) -> NDArray[np.float64]:
    scores = [row.prediction.quality or 0.0 for row in rows]
    order = order_of(
        PlacedRegion(place, row.image, row.region, row.labels) for place, row in enumerate(rows)
    )
    counts = np.zeros(8)
    for pair in order.pairs:
        if not pair.rated:
            ahead = (scores[pair.first] - scores[pair.second]) * (1 if pair.chance > 0.5 else -1)
            kind = _ALONE if pair.alone else _SIDE
            counts[[kind, kind + 1]] += (1, 0.5 if ahead == 0 else ahead > 0)
    for first, second in order.unchanged:
        counts[[_STILL, _MOVED]] += (1, abs(scores[first] - scores[second]))
    for place in order.poor:
        counts[[_POOR, _SAID_POOR]] += (1, scores[place] < POOR_BELOW)
    return counts


def _shares(total: NDArray[np.float64]) -> dict[str, float | None]:
    def share(part: float, count: float) -> float | None:
        return float(part / count) if count else None

    return {
        "right": share(total[_ALONE_RIGHT] + total[_SIDE_RIGHT], total[_ALONE] + total[_SIDE]),
        "same_region": share(total[_ALONE_RIGHT], total[_ALONE]),
        "same_picture": share(total[_SIDE_RIGHT], total[_SIDE]),
        "untouched_move": share(total[_MOVED], total[_STILL]),
        "severe_poor": share(total[_SAID_POOR], total[_POOR]),
    }
