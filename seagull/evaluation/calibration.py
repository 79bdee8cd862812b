"""Calibration: compares the spread that a model predicts with its errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfinv

from seagull.evaluation.metrics import srcc

Values = NDArray[np.float64]

SMALLEST_STD = 1e-3
"""Predicted spreads below this count as this: nobody knows an opinion more exactly."""
BINS = 10
FEWEST_IN_BIN = 5
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def calibration(
    predicted: Values, std: Values, label: Values, label_std: Values | None = None
) -> dict[str, Any] | None:
    """How the predicted spread compares with the errors made; None for fewer than five values.

    Args:
        predicted: predicted scores, shape (n,).
        std: predicted standard deviations.
        label: true scores.
        label_std: spread of the raters' scores, NaN where unknown.

    Returns:
        ``z_mean`` and ``z_std`` of the standardised residuals (label - predicted) / std, 0 and 1
        if calibrated (a ``z_std`` below 1 means spreads too wide); ``within_1`` and ``within_2``,
        shares of labels within one and two spreads (.683 and .954 for a normal distribution);
        ``ence``, the expected normalised calibration error over ``bins`` (Levi et al. 2019), each
        with its mean spread and RMS error; ``coverage``, observed share inside central intervals
        of the stated share; ``srcc_raters``, rank correlation with the raters' own spread.
    """
    if predicted.size < FEWEST_IN_BIN:
        return None
    spread = np.maximum(std, SMALLEST_STD)
    residual = label - predicted
    z = residual / spread
    bins = _bins(spread, residual)
    return {
        "z_mean": float(z.mean()),
        "z_std": float(z.std()),
        "within_1": float((np.abs(z) <= 1).mean()),
        "within_2": float((np.abs(z) <= 2).mean()),
        "ence": float(np.mean([abs(row["std"] - row["rms_error"]) / row["std"] for row in bins])),
        "bins": bins,
        "coverage": [
            {"stated": share, "observed": float((np.abs(z) <= np.sqrt(2) * erfinv(share)).mean())}
            for share in LEVELS
        ],
        "srcc_raters": _against_raters(spread, label_std),
        "n": int(predicted.size),
    }


def _bins(spread: Values, residual: Values) -> list[dict[str, Any]]:
    """Equal counts in the order of the predicted spread; one bin if it is always the same."""
    count = 1 if np.ptp(spread) == 0 else min(BINS, max(1, spread.size // FEWEST_IN_BIN))
    order = np.argsort(spread, kind="stable")
    return [
        {
            "std": float(np.sqrt(np.mean(spread[part] ** 2))),
            "rms_error": float(np.sqrt(np.mean(residual[part] ** 2))),
            "n": int(part.size),
        }
        for part in np.array_split(order, count)
    ]


def _against_raters(spread: Values, label_std: Values | None) -> float | None:
    if label_std is None:
        return None
    finite = np.isfinite(label_std)
    return srcc(spread[finite], label_std[finite])
