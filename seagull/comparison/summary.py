"""Many comparisons in a few numbers, with paired bootstrap intervals over photos.

A photo is its own control: what is resampled are the photos' changes, never before and after apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seagull.comparison.results import PairResult
from seagull.comparison.types import Verdict
from seagull.evaluation.intervals import Indices, Interval, bootstrap
from seagull.reports.text import counted
from seagull.types import DistortionType

RESAMPLES = 1000
SEED = 0


@dataclass(frozen=True)
class Figure:
    """A number over photos with its 95 % interval; None for a single photo."""

    value: float
    interval: Interval | None


@dataclass(frozen=True)
class TypeChange:
    """A distortion type over all regions.

    Args:
        before: share of regions with it before.
        after: share of regions with it after.
        change: ``after`` less ``before``.
    """

    before: float
    after: float
    change: Figure


@dataclass(frozen=True)
class Summary:
    """All photos together.

    Args:
        photos: how many.
        regions: how many.
        mean: of the photos' changes of quality.
        worse: share of regions that are worse or much worse.
        better: share of regions that are better or much better.
        verdicts: regions by verdict.
        types: by distortion type; those that no region has before or after are left out.
    """

    photos: int
    regions: int
    mean: Figure
    worse: Figure
    better: Figure
    verdicts: Mapping[Verdict, int]
    types: Mapping[DistortionType, TypeChange]


def summarise(
    results: Sequence[PairResult], *, resamples: int = RESAMPLES, seed: int = SEED
) -> Summary:
    """The numbers over photos.

    Args:
        results: at least one, each of another pair.
        resamples: of the bootstrap, which draws photos with replacement.
        seed: of the drawing; the same seed gives the same intervals.

    Raises:
        ValueError: if there is none.
    """
    if not results:
        raise ValueError("there is no comparison to sum up")
    # Per photo: change, regions, worse, better, and of each type regions before and after.
    table = np.array([_row(one) for one in results])

    def statistics(indices: Indices) -> dict[str, float]:
        return _figures(table[indices])

    values = _figures(table)
    intervals = bootstrap(statistics, range(len(table)), resamples=resamples, seed=seed)
    figures = {name: Figure(value, intervals.get(name)) for name, value in values.items()}
    counts = table.sum(axis=0)
    verdicts = [word for one in results for word in one.verdicts]
    types = {}
    for place, kind in enumerate(DistortionType):
        before, after = counts[4 + 2 * place : 6 + 2 * place] / counts[1]
        if before or after:
            types[kind] = TypeChange(float(before), float(after), figures[kind.value])
    return Summary(
        len(table),
        int(counts[1]),
        figures["mean"],
        figures["worse"],
        figures["better"],
        {word: verdicts.count(word) for word in Verdict},
        types,
    )


def worst_first(results: Sequence[PairResult]) -> list[PairResult]:
    """The results by the change of the photo, the worst first."""
    return sorted(results, key=lambda one: one.change.quality)


def summary_line(summary: Summary) -> str:
    """One line about many photos: mean change with its interval, and shares of regions."""
    return (
        f"{counted(summary.photos, 'photo')}, {counted(summary.regions, 'region')}: mean change of "
        f"quality {figure_text(summary.mean)}; {summary.worse.value:.1%} of regions worse, "
        f"{summary.better.value:.1%} better"
    )


def figure_text(figure: Figure) -> str:
    """``-0.031 (-0.045 to -0.018)``: a change of quality with its interval, if it has one."""
    if figure.interval is None:
        return f"{figure.value:+.3f}"
    low, high = figure.interval
    return f"{figure.value:+.3f} ({low:+.3f} to {high:+.3f})"


def share_text(figure: Figure) -> str:
    """``+3.0% (+1.0% to +5.0%)``: a change of a share with its interval, if it has one."""
    if figure.interval is None:
        return f"{figure.value:+.1%}"
    low, high = figure.interval
    return f"{figure.value:+.1%} ({low:+.1%} to {high:+.1%})"


def _row(one: PairResult) -> list[float]:
    worse = sum(word.is_worse for word in one.verdicts)
    better = sum(word.is_better for word in one.verdicts)
    counts = [count for kind in DistortionType for count in one.types[kind]]
    return [one.change.quality, len(one.verdicts), worse, better, *counts]


def _figures(table: NDArray[np.float64]) -> dict[str, float]:
    change, regions, worse, better = table[:, :4].sum(axis=0)
    figures = {
        "mean": float(change / len(table)),
        "worse": float(worse / regions),
        "better": float(better / regions),
    }
    for place, kind in enumerate(DistortionType):
        before, after = table[:, 4 + 2 * place : 6 + 2 * place].sum(axis=0)
        figures[kind.value] = float((after - before) / regions)
    return figures
