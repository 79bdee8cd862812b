"""Constants of ``benchmarks.compare``, fitted on half of the scenes, and figures of the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.compare_pairs import BASE_LEVEL, STEPS, TYPES, Row, null_ways
from seagull.comparison.changes import change_of
from seagull.comparison.measured import Measured
from seagull.comparison.types import Verdict
from seagull.evaluation.intervals import bootstrap

KNOTS = (0.35, 0.55, 0.75)
"""Scores at which the threshold of the same is measured."""
INSIDE = 0.95
"""Share of null changes of the fitted half that are called the same."""
COVERED = 1.645
"""Standard deviations to either side within which nine tenths of a normal distribution lie."""


def fit(rows: Sequence[Row], command: str, model: str, revision: str) -> Measured:
    """The constants, from rows of the first half of the scenes."""
    null = [row for row in rows if row.kind == "null"]
    same, much = _same(null), round(_much(rows), 4)
    presence = round(float(np.quantile([row.presence for row in null], INSIDE)), 3)
    relative = round(_relative(rows, same, much), 3)
    return Measured(command, model, revision, same, much, relative, presence)


def _same(null: Sequence[Row]) -> tuple[tuple[float, float], ...]:
    """At each of three scores the change within which most null changes about it lie.

    All three are scaled alike in the end, so that ``INSIDE`` of all null changes lie within.
    """
    scores = np.array([(row.before + row.after) / 2 for row in null])
    changes = abs(np.array([row.change for row in null]))
    edges = [-np.inf, *(sum(pair) / 2 for pair in pairwise(KNOTS)), np.inf]
    found = [
        np.quantile(changes[(scores >= low) & (scores < high)], INSIDE)
        for low, high in pairwise(edges)
    ]
    scale = np.quantile(changes / np.interp(scores, KNOTS, found), INSIDE)
    return tuple(
        (knot, round(float(scale * one), 4)) for knot, one in zip(KNOTS, found, strict=True)
    )


def figures(rows: Sequence[Row], fitted: Sequence[Row], measured: Measured) -> list[str]:
    """Markdown about rows of the other half."""
    return [
        f"Measured with {measured.model} {measured.revision} by `{measured.command}`: fitted on "
        f"{len({row.scene for row in fitted})} scenes of BSDS500's validation photos, told of "
        f"{len({row.scene for row in rows})} others. Intervals (95 %) are over scenes.",
        "",
        "| constant | |",
        "| --- | --- |",
        *(
            f"| same: a change of less than, about a quality of {score:g} | {change:.3f} |"
            for score, change in measured.same
        ),
        f"| much better or worse: from | {measured.much:.3f} |",
        f"| spread of a change, as a share of it | {measured.relative:.2f} |",
        f"| a type comes or goes: its probability moves by | {measured.presence:.2f} |",
        "",
        *_null(rows, measured),
        "",
        _spread(rows, fitted, measured),
        "",
        *_three_way(rows, measured),
        "",
        f"From the undistorted scene, 12 steps are worse than 6 in {_order(rows, 6, 12)}, and 6 "
        f"than 2 in {_order(rows, 2, 6)}.",
    ]


def _null(rows: Sequence[Row], measured: Measured) -> list[str]:
    null = [row for row in rows if row.kind == "null"]
    lines = [
        "| null pairs: share called the same | scenes as they are | scenes under one distortion |",
        "| --- | --- | --- |",
    ]
    for how in (*null_ways(0), None):
        cells = [
            _share([row for row in null if row.low == level and how in (row.how, None)], measured)
            for level in (0, BASE_LEVEL)
        ]
        lines.append(f"| {how or 'all'} | {cells[0]} | {cells[1]} |")
    steady = [not any(move >= measured.presence for move in row.flips) for row in null]
    beside = [row for row in rows if row.kind == "beside"]
    return [
        *lines,
        "",
        f"Of all regions of null pairs {_share(null, measured)} are called the same, and in "
        f"{np.mean(steady):.1%} no type comes or goes. Untouched regions beside a changed one are "
        f"read as the same in {_share(beside, measured)}; where no pixel differs, the verdict is "
        "the same whatever is read.",
    ]


def _spread(rows: Sequence[Row], fitted: Sequence[Row], measured: Measured) -> str:
    null = [row for row in rows if row.kind == "null"]
    std = float(np.mean([row.std for row in null]))
    moved = float(np.sqrt(np.mean([row.change**2 for row in null])))
    return (
        f"The head's spread of one score is {std:.2f} on average. Two scores with independent "
        f"errors would differ by {np.sqrt(2) * std:.2f}; those of null pairs differ by "
        f"{moved:.3f}: their errors correlate by {1 - moved**2 / (2 * std**2):.2f}. "
        f"{_coverage(rows, fitted, measured):.0%} of the changes of changed regions lie within the "
        "90 % that `std` states about the mean of their type and levels."
    )


def _three_way(rows: Sequence[Row], measured: Measured) -> list[str]:
    """Of the changed region: share called worse, which is right, by type and step."""
    lines = [
        "| changed region called worse (right), the same, better | 2 steps | 6 steps | 12 steps |",
        "| --- | --- | --- | --- |",
    ]
    for kind in (*TYPES, None):
        cells = []
        for pairs in STEPS.values():
            found = [
                change_of(row.before, row.after, measured).verdict
                for row in rows
                if row.kind == "target" and (row.low, row.high) in pairs
                and kind in (row.how, None)
            ]  # fmt: skip
            counts = (
                sum(word.is_worse for word in found),
                found.count(Verdict.SAME),
                sum(word.is_better for word in found),
            )
            cells.append(", ".join(f"{count / len(found):.0%}" for count in counts))
        lines.append(f"| {kind.value if kind else 'all'} | {' | '.join(cells)} |")
    return lines


def _order(rows: Sequence[Row], small: int, large: int) -> str:
    """Share of scenes and types in which the larger step from level 0 lowers quality more."""
    changes = {
        (row.scene, row.how, row.high): row.change
        for row in rows
        if row.kind == "target" and row.low == 0
    }
    right = [
        changes[scene, how, large] < changes[scene, how, small]
        for scene, how, high in changes
        if high == large
    ]
    return f"{sum(right)} of {len(right)}"


def _share(rows: Sequence[Row], measured: Measured) -> str:
    same = np.array(
        [change_of(row.before, row.after, measured).verdict is Verdict.SAME for row in rows]
    )
    found = bootstrap(lambda at: {"same": float(same[at].mean())}, [row.scene for row in rows])
    low, high = found.get("same") or (float("nan"), float("nan"))
    return f"{same.mean():.1%} ({low:.1%} to {high:.1%})"


def _changes(rows: Sequence[Row], wanted: Callable[[Row], bool]) -> NDArray[np.float64]:
    return np.array([row.change for row in rows if wanted(row)])


def _much(rows: Sequence[Row]) -> float:
    """The change that tells steps of 12 from steps of 6 best: the mean of both shares right."""
    small = abs(_changes(rows, lambda row: _is_step(row, 6)))
    large = abs(_changes(rows, lambda row: _is_step(row, 12)))
    edges = np.unique(np.concatenate([small, large]))
    right = [(small < edge).mean() + (large >= edge).mean() for edge in edges]
    return float(edges[int(np.argmax(right))])


def _is_step(row: Row, step: int) -> bool:
    return row.kind == "target" and (row.low, row.high) in STEPS[step]


def _relative(rows: Sequence[Row], same: Sequence[tuple[float, float]], much: float) -> float:
    """The least share with which nine tenths of the changes lie where their spread says."""
    shares = np.linspace(0.0, 2.0, 201)
    for share in shares:
        tried = Measured("", "", "", tuple(same), much, float(share), 0.0)
        if _coverage(rows, rows, tried) >= 0.9:
            break
    return float(share)


def _coverage(rows: Sequence[Row], fitted: Sequence[Row], measured: Measured) -> float:
    """Share of changes within 90 % of the stated spread about the mean of the fitted half."""
    means = {key: float(changes.mean()) for key, (_, changes) in _groups(fitted).items()}
    inside = [
        abs(change - means[key]) <= COVERED * measured.std(before, before + means[key])
        for key, (scores, changes) in _groups(rows).items()
        for before, change in zip(scores, changes, strict=True)
    ]
    return float(np.mean(inside))


def _groups(
    rows: Sequence[Row],
) -> dict[tuple[str, int, int], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Scores before and changes of the changed regions, by type and levels."""
    found: dict[tuple[str, int, int], list[tuple[float, float]]] = {}
    for row in rows:
        if row.kind == "target":
            key = (row.how, row.low, row.high)
            found.setdefault(key, []).append((row.before, row.change))
    return {key: (np.array(pairs)[:, 0], np.array(pairs)[:, 1]) for key, pairs in found.items()}
