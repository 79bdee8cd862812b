"""The comparison of baselines: its plan, what it learns from, its figures, and that it resumes."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from scripts import baselines_compare, baselines_data, baselines_plan
from scripts.baselines_plan import DIFFERENCES, FULL, SMALL, VARIANTS, planned
from scripts.baselines_table import (
    difference_text,
    differences,
    figures,
    over_photos,
    over_seeds,
    spread,
    table,
)
from seagull.baselines.place import baseline_folder
from seagull.evaluation.predictions import Prediction, Row
from seagull.records import RegionLabels

NAMES = [one.name for one in VARIANTS]


def row(number: int, said: float, mos: float) -> Row:
    name = str(number)
    return Row(name, "1", name, name, RegionLabels(quality=mos, metric="mos"), Prediction(said))


# The plan


def test_the_whole_plan_takes_no_more_than_two_and_a_half_hours() -> None:
    runs = planned(NAMES)
    seconds = sum(run.train_seconds + run.variant.evaluate_s for run in runs)
    assert seconds <= 2.5 * 3600
    assert max(run.train_seconds for run in runs) <= 4 * 60


def test_each_tenth_has_five_seeds_and_a_teacher_is_trained_before_its_student() -> None:
    runs = planned(NAMES)
    names = [run.name for run in runs]
    assert len(set(names)) == len(names)
    tenths = [run for run in runs if run.part == SMALL]
    assert {run.seed for run in tenths} == {0, 1, 2, 3, 4}
    assert runs[: len(tenths)] == tenths
    for place, run in enumerate(runs):
        if run.teacher:
            assert run.teacher in names[:place]
    with pytest.raises(ValueError, match="learns from qfm-none"):
        planned(["qfm-distilled"])


def test_differences_are_of_variants_of_the_plan() -> None:
    assert {name for pair in DIFFERENCES for name in pair} <= set(NAMES)


def test_the_plan_says_minutes_and_what_is_left() -> None:
    runs = planned(["qfm-none", "area"], seeds=2)
    lines = list(baselines_plan.plan_lines(runs, {run.name: run.seed == 0 for run in runs}))
    train = 8 + 120 * 16 * 0.025, 8 + 240 * 16 * 0.025
    assert (
        lines[1] == f"  qfm-none: 2 x {train[0] / 60:.1f} on tenth, 1 x {train[1] / 60:.1f} on all"
    )
    assert f"about {train[0] / 60:.0f} minutes of training are left" in lines[-1]


@pytest.mark.parametrize("run", planned(NAMES, seeds=1), ids=lambda run: run.name)
def test_each_run_of_a_baseline_is_settings_that_load(
    run: baselines_plan.Run, made: baselines_data.Places
) -> None:
    if not run.variant.config.startswith("baselines/"):
        return
    config = baselines_compare.settings_of(run, made)
    assert config.system == ("dgiqa" if run.variant.name.startswith("dgiqa") else "qfm-iqm")
    # All see as many photos, and windows of one size.
    assert (config.max_steps, config.batch_size) == (baselines_plan.STEPS[run.part], 16)
    assert config.view.side == 160
    assert bool(config.qfm_iqm.distil.teacher) == bool(run.teacher)


# What is learned from


@pytest.fixture
def made(tmp_path: Path) -> baselines_data.Places:
    """Opinions of thirty photos, and versions of two photos' two scenes."""
    places = baselines_data.Places(tmp_path / "data", tmp_path / "made", tmp_path / "out")
    opinions = [{"id": str(n), "image": f"../p/{n}.png", "reference": str(n)} for n in range(30)]
    lines(places.opinions, opinions)
    for part in ("train", "validation"):
        versions = [
            {"id": f"{p}.{s}.{v}", "image": f"../Versions/{p}.{s}.{v}.png", "reference": p}
            for p in ("a", "b")
            for s in (0, 1)
            for v in (0, 1)
        ]
        lines(places.versions(part), versions)
    return places


def lines(file: Path, plain: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(one) + "\n" for one in plain))


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_tenth_is_drawn_by_its_seed_and_names_the_same_photos(
    made: baselines_data.Places,
) -> None:
    first, second = (baselines_data.photos(made, SMALL, seed) for seed in (0, 1))
    assert len(read(first)) == len(read(second)) == 3
    assert read(first) != read(second)
    photo = first.parent / read(first)[0]["image"]
    assert photo.resolve() == (made.made / "p" / f"{read(first)[0]['id']}.png").resolve()
    assert baselines_data.photos(made, FULL, 0) == made.opinions


def test_regions_are_those_of_each_photos_first_scene(
    made: baselines_data.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [one["id"] for one in read(baselines_data.training_regions(made))]
    assert ids == ["a.0.0", "a.0.1", "b.0.0", "b.0.1"]
    monkeypatch.setattr(baselines_data, "SCENES", 1)
    few = baselines_data._validation_regions(made)
    assert [one["id"] for one in read(few)] == ["a.0.0", "a.0.1"]


def test_what_is_missing_is_named(made: baselines_data.Places) -> None:
    assert [Path(one).name for one in made.missing()] == ["held_out.jsonl", "select.parquet"]
    made.versions("train").unlink()
    assert not made.has_regions


# Figures


def test_the_figures_of_photos_are_srcc_and_plcc_of_mos() -> None:
    rows = [row(0, 0.1, 0.2), row(1, 0.2, 0.9), row(2, 0.6, 0.8)]
    found = figures("clive", rows)
    assert found["srcc"] == pytest.approx(0.5)
    assert found["plcc"] == pytest.approx(np.corrcoef([0.1, 0.2, 0.6], [0.2, 0.9, 0.8])[0, 1])


def test_spread_is_the_mean_with_the_standard_deviation_over_seeds() -> None:
    assert spread([0.5, 0.7, None]) == "0.600 ± 0.141"
    assert spread([0.5]) == "0.500"
    assert spread([None]) == "-"


def test_the_interval_over_seeds_is_students() -> None:
    # Mean .02, deviation .01, of three: t(2) = 4.3027, so .02 -+ 4.3027 x .01 / sqrt(3).
    assert over_seeds([0.01, 0.02, 0.03]) == [-0.0048, 0.0448]
    assert over_seeds([0.01]) is None


def test_a_difference_is_seen_only_where_its_interval_leaves_zero_out() -> None:
    assert difference_text(0.02, [-0.0048, 0.0448]).endswith("no difference seen")
    assert difference_text(0.02, [0.01, 0.03]) == "+0.020 [+0.010, +0.030]"
    assert difference_text(-0.02, None) == "-0.020 (no interval)"


def test_the_interval_over_photos_holds_what_differs_for_all_photos_and_not_what_for_none() -> None:
    rng = np.random.default_rng(0)
    mos = rng.random(60)
    good = [row(n, one + rng.normal(0, 0.05), one) for n, one in enumerate(mos)]
    poor = [row(n, rng.random(), one) for n, one in enumerate(mos)]
    low, high = over_photos("clive", good, poor) or (0, 0)
    assert 0.5 < low < high
    assert over_photos("clive", good, good) == [0, 0]


def runs_with(values: dict[tuple[str, int], float]) -> dict[str, dict[str, Any]]:
    return {
        f"{name}-{SMALL}-{seed}": {
            "variant": name, "part": SMALL, "seed": seed, "figures": {"clive": {"srcc": value}},
        }
        for (name, seed), value in values.items()
    }  # fmt: skip


def test_differences_are_paired_by_seed_and_stand_in_the_table() -> None:
    runs = runs_with(
        {
            ("qfm-matched", 0): 0.60, ("qfm-matched", 1): 0.72, ("qfm-matched", 2): 0.9,
            ("qfm-none", 0): 0.58, ("qfm-none", 1): 0.70, ("qfm-none", 4): 0.1,
        }
    )  # fmt: skip
    (one,) = differences(runs, lambda run, name: [])
    assert (one["first"], one["second"], one["n"], one["mean"]) == (
        "qfm-matched", "qfm-none", 2, 0.02,
    )  # fmt: skip
    assert one["interval"] == [0.02, 0.02]
    plain = {"settings": baselines_compare.SETTINGS, "runs": runs, "differences": [one]}
    text = "\n".join(table(plain))
    assert text.startswith("QFM-IQM and DGIQA are reconstructions")
    assert "| qfm-matched | tenth x 3 | - | - | 0.740 ± 0.151 | - | - | - |" in text
    assert "| qfm-matched - qfm-none | tenth | - | +0.020 [+0.020, +0.020] | - |" in text


# Resuming


def test_results_of_other_settings_are_not_mixed(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results = baselines_compare.Results(file)
    run = planned(["qfm-none"])[0]
    results.of(run)["figures"]["clive"] = {"srcc": 0.5}
    results.write()
    again = baselines_compare.Results(file)
    assert again.of(run)["figures"] == {"clive": {"srcc": 0.5}}
    again.forget(run)
    assert again.of(run)["figures"] == {}
    plain = json.loads(file.read_text())
    plain["settings"]["batch"] = 8
    file.write_text(json.dumps(plain))
    with pytest.raises(SystemExit, match="made with other settings"):
        baselines_compare.Results(file)


def test_a_run_is_trained_once_its_model_lies_there(tmp_path: Path) -> None:
    trained, nano, classical = (
        planned([name], seeds=1)[0] for name in ("qfm-none", "nano", "classical")
    )
    assert baselines_compare.is_trained(classical, tmp_path)
    assert not baselines_compare.is_trained(trained, tmp_path)
    folder = baselines_plan.run_folder(tmp_path, trained.name) / "model"
    folder.mkdir(parents=True)
    (folder / "baseline.json").write_text("{}")
    assert baseline_folder(folder.parent) == folder
    assert baselines_compare.is_trained(trained, tmp_path)
    assert not baselines_compare.is_trained(nano, tmp_path)


class Interrupted(BaseException):
    """Ends the comparison as a killed process would."""


def test_a_comparison_that_was_killed_goes_on_with_what_is_missing(
    made: baselines_data.Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    alive = [True]

    def train(run: baselines_plan.Run, *_: object) -> float:
        folder = baselines_plan.run_folder(made.out, run.name) / "model"
        if folder.is_dir():
            return 0.0
        folder.mkdir(parents=True)
        (folder / "baseline.json").write_text("{}")
        done.append(f"train {run.name}")
        return 1.0

    def evaluate(evaluated: str, predictors: list[str], settings: object) -> object:
        done.append(f"evaluate {predictors[0]}")
        if not alive[0] and len(done) == 4:
            raise Interrupted
        return SimpleNamespace(failed=[], rows={"x": [row(n, n, n) for n in range(4)]})

    monkeypatch.setattr(baselines_compare, "_train", train)
    monkeypatch.setattr(baselines_compare, "_predictor", lambda run, places: run.name)
    monkeypatch.setattr(baselines_compare, "run_predictors", evaluate)
    monkeypatch.setattr(baselines_compare, "evaluated", lambda places: {"clive": "photos"})
    runs, file = planned(["qfm-none"], seeds=3)[:3], made.out / "results.json"
    alive[0] = False
    with pytest.raises(Interrupted):
        baselines_compare._work(runs, made, baselines_compare.Results(file), 60)
    alive[0] = True
    assert done == [f"{what} {one.name}" for one in runs[:2] for what in ("train", "evaluate")]
    done.clear()
    baselines_compare._work(runs, made, baselines_compare.Results(file), 60)
    assert done == [
        f"evaluate {runs[1].name}", f"train {runs[2].name}", f"evaluate {runs[2].name}",
    ]  # fmt: skip
    plain = json.loads(file.read_text())
    assert [plain["runs"][one.name]["figures"]["clive"]["srcc"] for one in runs] == [1, 1, 1]
    assert plain["reconstructions"] == ["qfm-iqm", "dgiqa"]
