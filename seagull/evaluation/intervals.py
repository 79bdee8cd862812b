"""Bootstrap confidence intervals that draw whole photos, not single regions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
Indices = NDArray[np.intp]
Statistics = Callable[[Indices], Mapping[str, float | None]]
"""The numbers of a resample, given the chosen rows (with repeats)."""

LEVEL = 0.95


def bootstrap(
    statistics: Statistics,
    groups: Sequence[Hashable],
    *,
    resamples: int = 1000,
    seed: int = 0,
    level: float = LEVEL,
) -> dict[str, Interval | None]:
    """Percentile intervals of statistics, resampling whole groups (photos) with replacement.

    Args:
        statistics: called with the row indices of each resample.
        groups: the photo of each row, shape (n,).
        resamples: how many; 0 gives no intervals.
        seed: of the drawing; the same seed gives the same intervals.
        level: share of the distribution inside the interval.

    Returns:
        For each statistic (low, high), or None where it does not exist in more than half of the
        resamples or there is one group only.
    """
    drawn: dict[str, list[float | None]] = {}
    clusters = _Clusters(groups)
    rng = np.random.default_rng(seed)
    if clusters.count > 1:
        for _ in range(resamples):
            for name, value in statistics(clusters.draw(rng)).items():
                drawn.setdefault(name, []).append(value)
    return {name: _interval(values, level) for name, values in drawn.items()}


def _interval(values: Sequence[float | None], level: float) -> Interval | None:
    finite = [value for value in values if value is not None]
    if 2 * len(finite) < len(values):
        return None
    tail = (1 - level) / 2
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high)


class _Clusters:
    """Rows sorted by group, so that drawing groups is arithmetic instead of a loop."""

    def __init__(self, groups: Sequence[Hashable]) -> None:
        numbers: dict[Hashable, int] = {}
        codes = np.array([numbers.setdefault(name, len(numbers)) for name in groups], dtype=np.intp)
        self.count = len(numbers)
        self._order = np.argsort(codes, kind="stable")
        self._sizes = np.bincount(codes, minlength=self.count)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def draw(self, rng: np.random.Generator) -> Indices:
        chosen = rng.integers(0, self.count, self.count)
        sizes = self._sizes[chosen]
        ends = np.cumsum(sizes)
        within = np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
        return np.asarray(self._order[np.repeat(self._starts[chosen], sizes) + within])
