"""Agreement of predicted and true scores, as quality assessment reports it.

Every function takes two arrays of shape (n,): predictions and labels. A number that does not exist
(too few values, or one side constant) is None, never NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import expit
from scipy.stats import kendalltau, rankdata

Values = NDArray[np.float64]

FEWEST = 3
"""Fewest values a correlation is reported for."""
FEWEST_TO_FIT = 10
"""Fewest values the four parameters are fitted to."""
_EVALUATIONS = 400
_MAX_LOG_WIDTH = 20.0


def plcc(predicted: Values, label: Values) -> float | None:
    """Pearson's linear correlation, without any fit."""
    if predicted.size < FEWEST:
        return None
    x, y = predicted - predicted.mean(), label - label.mean()
    spread = float(np.sqrt((x @ x) * (y @ y)))
    # A constant leaves rounding noise of its own size behind when its mean is taken off.
    scale = float(np.abs(predicted).max() * np.abs(label).max()) * predicted.size
    if spread <= 1e-13 * scale or spread == 0:
        return None
    return min(max(float(x @ y) / spread, -1.0), 1.0)


def srcc(predicted: Values, label: Values) -> float | None:
    """Spearman's rank correlation; ties get their mean rank."""
    if predicted.size < FEWEST:
        return None
    return plcc(rankdata(predicted), rankdata(label))


def krcc(predicted: Values, label: Values) -> float | None:
    """Kendall's rank correlation, tau-b."""
    if predicted.size < FEWEST or np.ptp(predicted) == 0 or np.ptp(label) == 0:
        return None
    return float(kendalltau(predicted, label).statistic)


def rmse(predicted: Values, label: Values) -> float | None:
    """Root of the mean squared difference, on the labels' scale."""
    return float(np.sqrt(np.mean((predicted - label) ** 2))) if predicted.size else None


@dataclass(frozen=True)
class LogisticFit:
    """The four-parameter logistic curve from predictions to the labels' scale.

    ``f(x) = lower + (upper - lower) / (1 + exp(-(x - middle) / width))``, the mapping of VQEG's
    FR-TV phase II report. A decreasing curve (``upper < lower``) is allowed, so correlations after
    the fit do not show the direction; the raw ones do. With few values the curve can become a step
    between them and flatter any predictor.
    """

    upper: float
    lower: float
    middle: float
    width: float

    def __call__(self, predicted: Values) -> Values:
        """The predictions on the labels' scale."""
        steps = expit((predicted - self.middle) / self.width)
        return np.asarray(self.lower + (self.upper - self.lower) * steps, dtype=np.float64)


def fit_logistic(
    predicted: Values, label: Values, start: LogisticFit | None = None
) -> LogisticFit | None:
    """The curve with the least squared error, or None for fewer than ten or constant values.

    Args:
        predicted: what is mapped.
        label: what it is mapped to.
        start: a curve to begin from; by default one spanning the labels, in their direction.
    """
    if predicted.size < FEWEST_TO_FIT or (direction := plcc(predicted, label)) is None:
        return None
    centre, spread = float(predicted.mean()), float(predicted.std())
    x = (predicted - centre) / spread
    if start is None:
        ends = float(label.max()), float(label.min())
        upper, lower = ends if direction >= 0 else ends[::-1]
        initial = np.array([upper, lower, 0.0, 0.0])
    else:
        width = np.log(max(start.width / spread, 1e-6))
        initial = np.array([start.upper, start.lower, (start.middle - centre) / spread, width])
    fitted = least_squares(
        lambda b: _curve(b, x)[0] - label,
        initial,
        jac=lambda b: _curve(b, x)[1],
        method="lm",
        max_nfev=_EVALUATIONS,
    ).x
    if not np.isfinite(fitted).all():
        return None
    width = float(np.exp(np.clip(fitted[3], -_MAX_LOG_WIDTH, _MAX_LOG_WIDTH)))
    return LogisticFit(
        float(fitted[0]), float(fitted[1]), centre + spread * float(fitted[2]), spread * width
    )


def score_metrics(
    predicted: Values, label: Values, *, same_scale: bool = True, start: LogisticFit | None = None
) -> dict[str, float | None]:
    """All numbers for one score: ``srcc plcc plcc_fitted krcc rmse rmse_fitted``.

    Args:
        predicted: predictions.
        label: true scores in [0, 1].
        same_scale: whether predictions lie on the labels' scale; if not, ``rmse`` is None.
        start: where the logistic fit begins.
    """
    fit = fit_logistic(predicted, label, start)
    mapped = None if fit is None else fit(predicted)
    return {
        "srcc": srcc(predicted, label),
        "plcc": plcc(predicted, label),
        "plcc_fitted": None if mapped is None else plcc(mapped, label),
        "krcc": krcc(predicted, label),
        "rmse": rmse(predicted, label) if same_scale else None,
        "rmse_fitted": None if mapped is None else rmse(mapped, label),
    }


def _curve(b: Values, x: Values) -> tuple[Values, Values]:
    """Values and Jacobian of the curve; ``b`` = upper, lower, middle, log of the width."""
    width = np.exp(np.clip(b[3], -_MAX_LOG_WIDTH, _MAX_LOG_WIDTH))
    z = (x - b[2]) / width
    steps = expit(z)
    slope = (b[0] - b[1]) * steps * (1 - steps)
    jacobian = np.stack([steps, 1 - steps, -slope / width, -slope * z], axis=1)
    return b[1] + (b[0] - b[1]) * steps, jacobian
