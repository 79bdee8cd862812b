"""How far predictors put regions in the same order, whatever people say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from seagull.evaluation.metrics import srcc
from seagull.evaluation.predictions import Row


def agreement(rows: Mapping[str, Sequence[Row]]) -> dict[str, float | None]:
    """SRCC of each predictor's quality with the first one's, over the regions that both read.

    Args:
        rows: by predictor's name.

    Returns:
        In [-1, 1], by name of all but the first; None where one of the two says the same of all
        regions, or too few regions are read by both.
    """
    first, *others = rows
    own = _qualities(rows[first])
    found: dict[str, float | None] = {}
    for name in others:
        theirs = _qualities(rows[name])
        both = [region for region in own if region in theirs]
        found[name] = srcc(
            np.array([own[region] for region in both]),
            np.array([theirs[region] for region in both]),
        )
    return found


def agreement_line(first: str, found: Mapping[str, float | None]) -> str | None:
    """The numbers in words; None where there are none."""
    parts = [f"{name} {value:.3f}" for name, value in found.items() if value is not None]
    return f"SRCC of quality with that of {first}: {', '.join(parts)}" if parts else None


def _qualities(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    return {
        (row.item, row.region): row.prediction.quality
        for row in rows
        if row.prediction.quality is not None
    }
