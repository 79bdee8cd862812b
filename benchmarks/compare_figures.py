"""Figures of ``benchmarks.compare``: how often the verdicts are right, told of the other scenes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.compare_fit import COVERED, again, is_step
from benchmarks.compare_pairs import SEED, STEPS, TYPES, Row, null_ways
from seagull.comparison.changes import change_of
from seagull.comparison.measured import Measured
from seagull.comparison.types import Verdict

SIGMAS = (0, 1, 2, 3)
"""Lower ends of the ranges of a change in units of its spread, of which the sign is told."""
NORMAL_95 = 1.96
RESAMPLES = 1000
CHANGED = ("target", "carried", "gained")
"""Kinds of rows whose region is distorted more after than before."""


def figures(rows: Sequence[Row], fitted: Sequence[Row], measured: Measured) -> list[str]:
    """Markdown about rows of the other half."""
    return [
        f"Measured with {measured.model} {measured.revision} by `{measured.command}`: fitted on "
        f"{len({row.scene for row in fitted})} scenes of BSDS500's validation photos, told of "
        f"{len({row.scene for row in rows})} others. Intervals (95 %) are over scenes: by "
        "bootstrap, of shares of 0 and 100 % Wilson's with a scene for a trial.",
        "",
        "| constant | |",
        "| --- | --- |",
        *(
            f"| same: a change of less than, about a quality of {score:g} | {change:.3f} |"
            for score, change in measured.same
        ),
        f"| much better or worse: from | {measured.much:.3f} |",
        f"| what the spread grows by, as a share of the change | {measured.relative:.2f} |",
        f"| a type comes or goes: its probability moves by | {measured.presence:.2f} |",
        "",
        *_null(rows, measured),
        "",
        *_spread(rows, measured),
        "",
        *_three_way(rows, "target", "changed region", measured),
        "",
        *_three_way(rows, "carried", "the same on top of another type", measured),
        "",
        *_three_way(rows, "gained", "the same together with another type", measured),
        "",
        *_three_way(rows, "around", "the whole photo, of which one region changed", measured),
        "",
        _named(rows, measured),
        "",
        *_order(rows),
    ]


def share_text(right: Sequence[bool], scenes: Sequence[int], digits: int = 0) -> str:
    """``95% (91-98)``: a share with its 95 % interval over scenes."""
    if not right:
        return "-"
    low, high = share_interval(right, scenes)
    between = f"{100 * low:.{digits}f}-{100 * high:.{digits}f}"
    return f"{np.mean(right):.{digits}%} ({between})"


def share_interval(right: Sequence[bool], scenes: Sequence[int]) -> tuple[float, float]:
    """The 95 % interval of a share, for rows of which those of one scene go together.

    A bootstrap over scenes knows no error where all rows agree. There Wilson's interval stands in,
    with one trial a scene, which is the least that they say.
    """
    share = float(np.mean(right))
    names, places = np.unique(np.array(scenes), return_inverse=True)
    if 0 < share < 1 and len(names) > 1:
        hits, counts = np.bincount(places, right), np.bincount(places)
        drawn = np.random.default_rng(SEED).integers(0, len(names), (RESAMPLES, len(names)))
        low, high = np.quantile(hits[drawn].sum(1) / counts[drawn].sum(1), (0.025, 0.975))
        return float(low), float(high)
    trials = len(names)
    square = NORMAL_95**2 / trials
    middle = (share + square / 2) / (1 + square)
    half = NORMAL_95 * np.sqrt(share * (1 - share) / trials + square / (4 * trials)) / (1 + square)
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def _share(rows: Sequence[Row], right: Callable[[Row], bool], digits: int = 0) -> str:
    return share_text([right(row) for row in rows], [row.scene for row in rows], digits)


def _null(rows: Sequence[Row], measured: Measured) -> list[str]:
    null = [row for row in rows if row.kind == "null"]
    lines = [
        "| null pairs: share called the same | scenes as they are | scenes under one distortion |",
        "| --- | --- | --- |",
    ]
    for how in (*null_ways(0), None):
        own = [row for row in null if how in (row.how, None)]
        cells = [
            _share([row for row in own if (row.low > 0) is distorted], _is_same(measured), 1)
            for distorted in (False, True)
        ]
        lines.append(f"| {how or 'all'} | {cells[0]} | {cells[1]} |")
    steady = _share(null, lambda row: not any(_moved(measured, move) for _, move in row.flips), 1)
    beside = [row for row in rows if row.kind == "beside"]
    return [
        *lines,
        "",
        f"Of all regions of null pairs {_share(null, _is_same(measured), 1)} are called the same, "
        f"and in {steady} no type comes or goes. Untouched regions beside a changed one are read "
        f"as the same in {_share(beside, _is_same(measured), 1)}; where no pixel differs, the "
        "verdict is the same whatever is read.",
    ]


def _spread(rows: Sequence[Row], measured: Measured) -> list[str]:
    """The spread against repeated changes, and how sure the sign is by it."""
    null = [row for row in rows if row.kind == "null"]
    std = float(np.mean([row.std for row in null]))
    moved = float(np.sqrt(np.mean([row.change**2 for row in null])))
    units, scenes = again(rows, measured)
    lines = [
        f"The head's spread of one score is {std:.2f} on average. Two scores with independent "
        f"errors would differ by {np.sqrt(2) * std:.2f}; those of null pairs differ by "
        f"{moved:.3f}: their errors correlate by {1 - moved**2 / (2 * std**2):.2f}. Of changes "
        f"that were made again {share_text((abs(units) <= COVERED).tolist(), scenes)} lie within "
        "the 90 % that `std` states.",
        "",
        "| change of a changed region, in units of `std` | how many | its sign is right |",
        "| --- | --- | --- |",
    ]
    changed = [row for row in rows if row.kind in CHANGED]
    sizes = [abs(row.change) / measured.std(row.before, row.after) for row in changed]
    for low, high in zip(SIGMAS, (*SIGMAS[1:], np.inf), strict=True):
        own = [row for row, size in zip(changed, sizes, strict=True) if low <= size < high]
        name = f"{low} to {high}" if np.isfinite(high) else f"{low} and more"
        lines.append(f"| {name} | {len(own)} | {_share(own, lambda row: row.change < 0)} |")
    return lines


def _three_way(rows: Sequence[Row], kind: str, title: str, measured: Measured) -> list[str]:
    """Of the changed region: share called worse, which is right, by type and step."""
    steps = " | ".join(f"{step} steps" for step in STEPS)
    lines = [
        f"| {title}: worse (right), same, better | {steps} |",
        "| --- |" + " --- |" * len(STEPS),
    ]
    for type in (*TYPES, None):
        cells = []
        for step in STEPS:
            own = [
                row
                for row in rows
                if row.kind == kind and is_step(row, step) and type in (row.how, None)
            ]
            called = (_is_worse(measured), _is_same(measured), _is_better(measured))
            cells.append(", ".join(_share(own, one) for one in called))
        lines.append(f"| {type.value if type else 'all'} | {' | '.join(cells)} |")
    return lines


def _named(rows: Sequence[Row], measured: Measured) -> str:
    """How often what a region gained is named as new."""

    def new(row: Row) -> set[str]:
        return {kind for kind, move in row.flips if move > 0 and _moved(measured, move)}

    top = max(STEPS)
    one = [row for row in rows if row.kind == "target" and (row.low, row.high) == (0, top)]
    two = [row for row in rows if row.kind == "gained" and row.high == top]
    return (
        f"Of regions that gain {top} steps of a type "
        f"{_share(one, lambda row: row.how in new(row))} have it named as new; of those that "
        "gain another one, too, "
        f"{_share(two, lambda row: {row.how, row.also} <= new(row))} have both named and "
        f"{_share(two, lambda row: bool({row.how, row.also} & new(row)))} at least one."
    )


def _order(rows: Sequence[Row]) -> list[str]:
    """Share of scenes in which the larger step lowers quality more, from the same photo before."""
    steps = sorted(STEPS, reverse=True)
    pairs = list(pairwise(steps))
    titles = " | ".join(f"{large} steps beat {small}" for large, small in pairs)
    lines = [
        f"| the larger change is read as larger | {titles} |",
        "| --- |" + " --- |" * len(pairs),
    ]
    wanted = {"target": "", "carried": ", on top of another type"}
    for kind, more in wanted.items():
        own = {
            (row.scene, row.how, row.high): row.change
            for row in rows
            if row.kind == kind and row.low == 0
        }
        for type in (*TYPES, None) if kind == "target" else (None,):
            names = [key[:2] for key in own if key[2] == steps[0] and type in (key[1], None)]
            cells = [
                share_text(
                    [own[(*name, large)] < own[(*name, small)] for name in names],
                    [scene for scene, _ in names],
                )
                for large, small in pairs
            ]
            name = type.value if type else f"all{more}"
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _moved(measured: Measured, move: float) -> bool:
    return abs(move) >= measured.presence


def _is_same(measured: Measured) -> Callable[[Row], bool]:
    return lambda row: _verdict(row, measured) is Verdict.SAME


def _is_worse(measured: Measured) -> Callable[[Row], bool]:
    return lambda row: _verdict(row, measured).is_worse


def _is_better(measured: Measured) -> Callable[[Row], bool]:
    return lambda row: _verdict(row, measured).is_better


def _verdict(row: Row, measured: Measured) -> Verdict:
    return change_of(row.before, row.after, measured).verdict
