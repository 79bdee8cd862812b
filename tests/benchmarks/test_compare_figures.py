"""Constants of ``benchmarks.compare`` from rows whose changes are known."""

from __future__ import annotations

import re

import numpy as np
import pytest

from benchmarks.compare_figures import figures, fit
from benchmarks.compare_pairs import BASE_LEVEL, STEPS, TYPES, Row, null_ways

WAYS = tuple(null_ways(0))


def row(scene, kind, how, levels, before, change, presence=0.0, flips=()):
    return Row(scene, kind, how, *levels, before, before + change, 0.1, presence, flips)


def made_rows(scenes: int, seed: int = 0) -> list[Row]:
    """Null changes twice as wide at low quality; changed ones of about .02 a level."""
    rng = np.random.default_rng(seed)
    rows = []
    for scene in range(scenes):
        for level in (0, BASE_LEVEL):
            for how in WAYS:
                for _ in range(4):
                    before = rng.uniform(0.3, 0.8)
                    wide = 0.03 if before < 0.45 else 0.015
                    change = rng.normal(0, wide)
                    rows.append(row(scene, "null", how, (level, level), before, change,
                                    rng.uniform(0, 0.1)))  # fmt: skip
                    rows.append(row(scene, "beside", "blur", (0, 2), before, 0.0))
        for kind in TYPES:
            for low, high in (pair for pairs in STEPS.values() for pair in pairs):
                fall = -0.02 * (high - low) * rng.normal(1, 0.3)
                rows.append(row(scene, "target", kind.value, (low, high), 0.7, fall))
    return rows


@pytest.fixture(scope="module")
def rows():
    return made_rows(20)


@pytest.fixture(scope="module")
def constants(rows):
    return fit(rows, "by hand", "fake", "1")


def test_nineteen_of_twenty_null_changes_are_the_same(rows, constants):
    null = [one for one in rows if one.kind == "null"]
    inside = [abs(one.change) < constants.same_at((one.before + one.after) / 2) for one in null]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.005)


def test_the_threshold_follows_the_spread_at_each_quality(constants):
    low, _, high = (change for _, change in constants.same)
    assert low == pytest.approx(1.96 * 0.03, rel=0.25)
    assert high == pytest.approx(1.96 * 0.015, rel=0.25)


def test_much_lies_between_six_and_twelve_steps(constants):
    assert 0.12 < constants.much < 0.24


def test_nine_tenths_of_the_changes_lie_where_the_spread_says(constants):
    assert constants.relative == pytest.approx(0.3, abs=0.08)
    assert constants.presence == pytest.approx(0.095, abs=0.003)


def test_figures_count_what_was_called_what(rows, constants):
    text = "\n".join(figures(rows, rows, constants))
    twelve = [
        one.change for one in rows if one.kind == "target" and (one.low, one.high) in STEPS[12]
    ]
    worse = np.mean([change <= -constants.same_at(0.7 + change / 2) for change in twelve])
    assert f"{worse:.0%}, {1 - worse:.0%}, 0% |" in text
    assert "fitted on 20 scenes" in text
    assert "read as the same in 100.0%" in text


def test_a_larger_step_that_falls_less_is_counted_as_wrong(rows, constants):
    changes = {6: -0.1, 12: -0.05}
    wrong = [
        row(99, "target", "blur", (low, high), 0.7, changes.get(high, -0.02))
        for low, high in (pair for pairs in STEPS.values() for pair in pairs)
    ]
    first, second = (order_of(one, constants) for one in (rows, [*rows, *wrong]))
    assert second == (first[0], first[1] + 1)


def order_of(rows: list[Row], constants) -> tuple[int, int]:
    text = "\n".join(figures(rows, rows, constants))
    found = re.search(r"12 steps are worse than 6 in (\d+) of (\d+)", text)
    assert found is not None
    return int(found[1]), int(found[2])
