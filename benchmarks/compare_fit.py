"""Constants of ``benchmarks.compare``, fitted on half of the scenes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from benchmarks.compare_pairs import STEPS, Row
from seagull.comparison.measured import Measured

KNOTS = (0.35, 0.55, 0.75)
"""Scores at which the threshold of the same is measured."""
INSIDE = 0.95
"""Share of null changes of the fitted half that are called the same."""
STEADY = 0.99
"""Share of regions of null pairs of the fitted half in which no type comes or goes."""
COVERED = 1.645
"""Standard deviations to either side within which nine tenths of a normal distribution lie."""
MOST_RELATIVE = 2.0
LEAST_ROWS = 20
"""Fewer null changes about a score say nothing of their own; those of all scores stand in."""


def fit(rows: Sequence[Row], command: str, model: str, revision: str) -> Measured:
    """The constants, from rows of the first half of the scenes."""
    null = [row for row in rows if row.kind == "null"]
    same = _same(null)
    # What could be no change at all is not much of one, however small the steps are read.
    least = 1.01 * max(change for _, change in same)
    much = round(max(_much(rows), least), 4)
    made = Measured(command, model, revision, same, much, 0.0, _presence(null))
    return replace(made, relative=_relative(_repeated(rows), made))


def again(rows: Sequence[Row], measured: Measured) -> tuple[NDArray[np.float64], list[int]]:
    """How far changes that were made again lie from the first ones, and their scenes.

    In units of what ``std`` says of the difference of two changes: its root of two.
    """
    pairs = _repeated(rows)
    units = [
        (new.change - old.change) / (np.sqrt(2) * measured.std(old.before, old.after))
        for old, new in pairs
    ]
    return np.array(units), [old.scene for old, _ in pairs]


def is_step(row: Row, step: int) -> bool:
    """Whether a row's levels differ by a step."""
    return (row.low, row.high) in STEPS[step]


def _repeated(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Each change that was made again, after the first one."""
    first = {_key(row): row for row in rows if row.kind == "target"}
    return [(first[_key(row)], row) for row in rows if row.kind == "again"]


def _key(row: Row) -> tuple[int, str, int, int]:
    return row.scene, row.how, row.low, row.high


def _same(null: Sequence[Row]) -> tuple[tuple[float, float], ...]:
    """At each of three scores the change within which most null changes about it lie.

    A distorted scene reads less steadily than one as it is, so whichever of both needs more sets
    the threshold. All three are scaled alike in the end, so that of both at least ``INSIDE`` lie
    within.
    """
    sets = [_scores(rows) for rows in _plain_and_distorted(null)]
    edges = [-np.inf, *(sum(pair) / 2 for pair in pairwise(KNOTS)), np.inf]
    found = [_about(sets, low, high) for low, high in pairwise(edges)]
    scale = max(
        np.quantile(changes / np.interp(scores, KNOTS, found), INSIDE) for scores, changes in sets
    )
    return tuple(
        (knot, round(float(scale * one), 4)) for knot, one in zip(KNOTS, found, strict=True)
    )


def _presence(null: Sequence[Row]) -> float:
    """The change of probability below which types come and go by themselves, as in ``_same``."""
    moves = [
        [max((abs(move) for _, move in row.flips), default=0.0) for row in rows]
        for rows in _plain_and_distorted(null)
    ]
    return round(max(float(np.quantile(one, STEADY)) for one in moves), 3)


def _plain_and_distorted(null: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    return [row for row in null if row.low == 0], [row for row in null if row.low > 0]


def _scores(rows: Sequence[Row]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean scores of pairs, and sizes of their changes."""
    scores = np.array([(row.before + row.after) / 2 for row in rows])
    return scores, abs(np.array([row.change for row in rows]))


def _about(
    sets: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]], low: float, high: float
) -> float:
    """The change within which most changes at these scores lie, in each set that has enough."""
    own = [changes[(scores >= low) & (scores < high)] for scores, changes in sets]
    enough = [changes for changes in own if len(changes) >= LEAST_ROWS]
    enough = enough or [np.concatenate([changes for _, changes in sets])]
    return max(float(np.quantile(changes, INSIDE)) for changes in enough)


def _much(rows: Sequence[Row]) -> float:
    """The change that tells steps of 12 from steps of 6 best: the mean of both shares right."""
    small = abs(_changes(rows, lambda row: row.kind == "target" and is_step(row, 6)))
    large = abs(_changes(rows, lambda row: row.kind == "target" and is_step(row, 12)))
    edges = np.unique(np.concatenate([small, large]))
    right = [(small < edge).mean() + (large >= edge).mean() for edge in edges]
    return float(edges[int(np.argmax(right))])


def _changes(rows: Sequence[Row], wanted: Callable[[Row], bool]) -> NDArray[np.float64]:
    return np.array([row.change for row in rows if wanted(row)])


def _relative(pairs: Sequence[tuple[Row, Row]], measured: Measured) -> float:
    """The least share with which nine tenths of the changes made again lie where ``std`` says.

    ``measured`` has no such share yet, so that its ``std`` is that of no change.
    """
    needed = [
        math.sqrt(max(0.0, _stated(old, new) ** 2 - measured.std(old.before, old.after) ** 2))
        / max(abs(old.change), 1e-6)
        for old, new in pairs
    ]
    share = float(np.quantile(needed, 0.9, method="higher"))
    return min(math.ceil(1000 * share) / 1000, MOST_RELATIVE)


def _stated(old: Row, new: Row) -> float:
    """The standard deviation of a change with which this repeated one is just covered."""
    return abs(new.change - old.change) / (math.sqrt(2) * COVERED)
