"""What a CI job may ask for: a mean change, a share of worse regions, no worse than last time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seagull.comparison.baseline import Baseline
from seagull.comparison.changes import change_of
from seagull.comparison.results import PairResult
from seagull.comparison.summary import Figure, Summary, figure_text, summarise
from seagull.comparison.types import Verdict
from seagull.evaluation.intervals import bootstrap

LEAST_MOVE = 0.001
"""A smaller mean difference is not called worse, however narrow its interval is."""


@dataclass(frozen=True)
class Gates:
    """Limits that a set of comparisons must keep; None asks for nothing.

    Args:
        mean_below: the mean change of the photos must not be below this.
        worse_share: the share of worse and much worse regions must not be above this.
        baseline: a file of comparisons of before, than which these must not be worse.

    Raises:
        ValueError: if a limit is out of its range.
    """

    mean_below: float | None = None
    worse_share: float | None = None
    baseline: Path | None = None

    def __post_init__(self) -> None:
        if self.mean_below is not None and not -1 <= self.mean_below <= 1:
            raise ValueError(f"a mean change lies in -1 to 1, got {self.mean_below}")
        if self.worse_share is not None and not 0 <= self.worse_share <= 1:
            raise ValueError(f"a share lies in 0 to 1, got {self.worse_share}")


@dataclass(frozen=True)
class GateResult:
    """What became of one gate.

    Args:
        name: of the gate, as its option.
        passed: whether the limit was kept.
        text: the limit and what was found, in one line.
    """

    name: str
    passed: bool
    text: str


def check_gates(
    gates: Gates, results: Sequence[PairResult], baseline: Baseline | None = None
) -> list[GateResult]:
    """The results of the limits that were asked for.

    Args:
        gates: the limits.
        results: at least one.
        baseline: of the file ``gates.baseline``, see ``read_baseline``.
    """
    summary = summarise(results)
    found = []
    if gates.mean_below is not None:
        found.append(_mean(gates.mean_below, summary))
    if gates.worse_share is not None:
        found.append(_share(gates.worse_share, summary))
    if baseline is not None:
        found.append(_no_worse(baseline, results))
    return found


def _mean(limit: float, summary: Summary) -> GateResult:
    passed = summary.mean.value >= limit
    text = f"mean change {figure_text(summary.mean)}, must not be below {limit:+g}"
    return GateResult("fail-mean-below", passed, text)


def _share(limit: float, summary: Summary) -> GateResult:
    passed = summary.worse.value <= limit
    text = f"share of worse regions {summary.worse.value:.1%}, must not be above {limit:.1%}"
    return GateResult("fail-worse-share", passed, text)


def _no_worse(baseline: Baseline, now: Sequence[PairResult]) -> GateResult:
    """Whether photos did not become worse since then, beyond chance.

    Changes of the same photos are paired. Of several, the mean difference fails where its whole
    95 % interval lies below 0 by more than ``LEAST_MOVE``, and any photo by itself where it is much
    worse than then; a single one where it is worse.
    """
    then = baseline.results
    pairs = [(then[one.before].change, one) for one in now if one.before in then]
    if not pairs:
        text = f"none of the compared photos is in {baseline.path.name}"
        return GateResult("baseline", False, text)
    moved = np.array([new.change.quality - old.quality for old, new in pairs])
    drawn = bootstrap(lambda rows: {"mean": float(moved[rows].mean())}, range(len(moved)))
    mean = Figure(float(moved.mean()), drawn.get("mean"))
    since = {
        new.before: change_of(old.after, new.change.after, new.measured).verdict
        for old, new in pairs
    }
    if mean.interval is None:
        fallen = [photo for photo, verdict in since.items() if verdict.is_worse]
        passed = not fallen
    else:
        fallen = [photo for photo, verdict in since.items() if verdict is Verdict.MUCH_WORSE]
        passed = mean.interval[1] >= -LEAST_MOVE and not fallen
    text = (
        f"change against {baseline.path.name} {figure_text(mean)} over {len(moved)} of {len(now)} "
        "photos, must not be worse"
    )
    if fallen:
        text += f"; {len(fallen)} of them are worse by themselves, first {fallen[0]}"
    return GateResult("baseline", passed, text)
