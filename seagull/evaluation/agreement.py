"""Agreement of predictors on the order of regions, without labels."""

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
    reference, *compared = rows
    reference_scores = _qualities(rows[reference])
    agreements: dict[str, float | None] = {}
    for name in compared:
        scores = _qualities(rows[name])
        shared = [region for region in reference_scores if region in scores]
        agreements[name] = srcc(
            np.array([reference_scores[region] for region in shared]),
            np.array([scores[region] for region in shared]),
        )
    return agreements


def agreement_line(reference: str, coefficients: Mapping[str, float | None]) -> str | None:
    """The numbers in words; None where there are none."""
    parts = [f"{name} {value:.3f}" for name, value in coefficients.items() if value is not None]
    return f"SRCC of quality with that of {reference}: {', '.join(parts)}" if parts else None


def _qualities(rows: Sequence[Row]) -> dict[tuple[str, str], float]:
    return {
        (row.item, row.region): row.prediction.quality
        for row in rows
        if row.prediction.quality is not None
    }
