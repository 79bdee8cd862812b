"""Constants and figures of ``benchmarks.compare`` from rows whose changes are known."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.compare_figures import figures, share_interval
from benchmarks.compare_fit import COVERED, again, fit
from benchmarks.compare_pairs import BASE_LEVELS, STEPS, TYPES, Row, null_ways

WAYS = tuple(null_ways(0))
REPEATED = 0.15
"""Standard deviation of a repeated change, as a share of it."""


def row(scene, kind, how, levels, before, change, *, also="", flips=()):
    return Row(scene, kind, how, also, *levels, before, before + change, 0.1, flips)


def null_rows(scene: int, rng: np.random.Generator) -> list[Row]:
    """Changes of distorted scenes are twice as wide as those of scenes as they are.

    Of one region in ten of distorted scenes a type comes.
    """
    rows = []
    for level in (0, *BASE_LEVELS):
        for how in WAYS:
            for _ in range(4):
                wide, before = (0.03, 0.4) if level else (0.015, 0.8)
                flips = (("blur", rng.uniform(0, 0.2)),) if level and rng.random() < 0.1 else ()
                rows.append(row(scene, "null", how, (level, level), before, rng.normal(0, wide),
                                flips=flips))  # fmt: skip
                rows.append(row(scene, "beside", "blur", (0, 2), before, 0.0))
    return rows


def changed_rows(scene: int, rng: np.random.Generator) -> list[Row]:
    """Falls of about .02 a level, and the same ones again."""
    rows = []
    for kind in TYPES:
        for low, high in (pair for pairs in STEPS.values() for pair in pairs):
            fall = -0.02 * (high - low) * rng.normal(1, 0.3)
            rows.append(row(scene, "target", kind.value, (low, high), 0.7, fall))
        for step in STEPS:
            first = next(one for one in rows if one.how == kind.value
                         and (one.low, one.high) == (0, step))  # fmt: skip
            for _ in range(2):
                # Both the first change and this one moved: each by REPEATED, and by what null
                # changes at these scores do.
                moved = first.change * (1 + np.sqrt(2) * REPEATED * rng.normal())
                noise = np.sqrt(2) * 0.021 * rng.normal()
                rows.append(row(scene, "again", kind.value, (0, step), 0.7, moved + noise))
            for name in ("carried", "gained"):
                fall = -0.02 * step if name == "gained" else -0.01 * step
                rows.append(row(scene, name, kind.value, (0, step), 0.7, fall, also="other",
                                flips=((kind.value, 0.9),)))  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return [one for scene in range(20) for part in (null_rows, changed_rows)
            for one in part(scene, rng)]  # fmt: skip


@pytest.fixture(scope="module")
def constants(rows):
    return fit(rows, "by hand", "fake", "1")


def test_nineteen_of_twenty_null_changes_are_the_same_in_distorted_scenes_too(rows, constants):
    def inside(distorted: bool) -> float:
        null = [one for one in rows if one.kind == "null" and (one.low > 0) is distorted]
        return float(np.mean([
            abs(one.change) < constants.same_at((one.before + one.after) / 2) for one in null
        ]))  # fmt: skip

    shares = inside(False), inside(True)
    assert min(shares) == pytest.approx(0.95, abs=0.005)
    assert max(shares) < 0.99


def test_the_threshold_follows_the_spread_at_each_quality(constants):
    low, _, high = (change for _, change in constants.same)
    assert low == pytest.approx(1.96 * 0.03, rel=0.25)
    assert high == pytest.approx(1.96 * 0.015, rel=0.35)


def test_much_lies_between_six_and_twelve_steps(constants):
    assert 0.12 < constants.much < 0.24


def test_much_is_never_less_than_a_change_that_could_be_none(rows):
    small = [replace(one, after=one.before + one.change / 100) if one.kind == "target" else one
             for one in rows]  # fmt: skip
    made = fit(small, "by hand", "fake", "1")
    assert made.much > max(change for _, change in made.same)


def test_the_spread_grows_as_repeated_changes_differ_whatever_lies_between_scenes(rows, constants):
    units, scenes = again(rows, constants)
    assert (abs(units) <= COVERED).mean() == pytest.approx(0.9, abs=0.02)
    assert len(units) == 2 * len(STEPS) * len(TYPES) * len(set(scenes))
    assert constants.relative == pytest.approx(REPEATED, abs=0.04)  # scenes differ by twice that


def test_no_type_comes_or_goes_in_all_but_a_hundredth_of_null_regions(rows, constants):
    null = [one for one in rows if one.kind == "null" and one.low > 0]
    moved = [any(move >= constants.presence for _, move in one.flips) for one in null]
    assert np.mean(moved) == pytest.approx(0.01, abs=0.004)
    assert 0.1 < constants.presence < 0.2


def test_figures_count_what_was_called_what(rows, constants):
    text = "\n".join(figures(rows, rows, constants))
    for kind in ("target", "carried", "gained"):
        twelve = [
            one.change for one in rows if one.kind == kind and (one.low, one.high) in STEPS[12]
        ]
        worse = np.mean([change <= -constants.same_at(0.7 + change / 2) for change in twelve])
        between = r" \(\d+-\d+\)"
        cell = f"{worse:.0%}{between}, {1 - worse:.0%}{between}, 0%{between} \\|"
        assert re.search(cell, text)
    assert "fitted on 20 scenes" in text
    assert "read as the same in 100.0% (83.9-100.0)" in text
    assert "gain another one, too, 0% (0-16) have both named and 100% (84-100) at least one" in text


def test_figures_say_how_often_the_whole_photo_shows_that_one_region_changed(rows, constants):
    around = [
        row(scene, "around", kind.value, (low, high), 0.7, -0.5 if high == 16 else 0.0)
        for scene in range(20)
        for kind in TYPES
        for low, high in (pair for pairs in STEPS.values() for pair in pairs)
    ]
    text = "\n".join(figures([*rows, *around], rows, constants))
    table = text.split("| the whole photo, of which one region changed")[1].split("\n\n")[0]
    (line,) = [line for line in table.splitlines() if line.startswith("| all |")]
    shares = re.findall(r"(\d+)% \(\d+-\d+\), (\d+)%", line)
    assert shares == [("0", "100"), ("33", "67"), ("50", "50")]


def test_the_sign_is_told_by_the_size_of_a_change_in_units_of_its_spread(rows, constants):
    wrong = [row(scene, "target", "blur", (0, 12), 0.7, 0.001) for scene in range(20)]
    text = "\n".join(figures([*rows, *wrong], rows, constants))
    found = {
        low: (int(count), int(share))
        for low, count, share in re.findall(r"\| (\d)[^|]* \| (\d+) \| (\d+)%", text)
    }
    changed = sum(one.kind in ("target", "carried", "gained") for one in rows) + len(wrong)
    assert sum(count for count, _ in found.values()) == changed
    assert found["0"][1] < found["1"][1] <= found["3"][1] == 100


def test_a_larger_step_that_falls_less_is_counted_as_wrong(rows, constants):
    changes = {6: -0.1, 12: -0.05}
    wrong = [
        row(scene, "target", kind.value, (low, high), 0.7, changes.get(high, -0.02))
        for scene in range(100, 120)
        for kind in TYPES
        for low, high in (pair for pairs in STEPS.values() for pair in pairs)
    ]
    first, second = (order_of(one, constants) for one in (rows, [*rows, *wrong]))
    assert second == pytest.approx(first / 2, abs=1)


def order_of(rows: list[Row], constants) -> int:
    table = "\n".join(figures(rows, rows, constants)).split("12 steps beat 6")[1]
    found = re.search(r"\| all \| (\d+)%", table)
    assert found is not None
    return int(found[1])


def test_rows_of_one_scene_count_as_one_where_all_agree():
    assert share_interval([True] * 100, [0] * 50 + [1] * 50) == share_interval([True] * 2, [0, 1])
    low, high = share_interval([True] * 20, range(20))
    assert (low, high) == pytest.approx((0.84, 1), abs=0.005)
    half = [True, False] * 20
    together = sorted(half)
    scenes = [place // 4 for place in range(40)]
    assert share_interval(half, range(40))[1] < share_interval(together, scenes)[1] - 0.05
