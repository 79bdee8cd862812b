"""Pairs of known change: what is in them, and that no scene is read twice."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from benchmarks import compare
from benchmarks.compare import BEGIN, END, measure
from benchmarks.compare_pairs import (
    BASE_LEVELS,
    OTHER_LEVEL,
    STEPS,
    TIMES_AGAIN,
    TYPES,
    base_kinds,
    null_ways,
    rows_of,
    scenes,
    version,
)
from seagull.comparison.measured import Measured
from seagull.regions.rle import encode
from seagull.types import DistortionType
from tests.seagull.cli.conftest import FakeAssessor


@pytest.fixture
def data(tmp_path):
    """Two photos with three human segments each, one of them too small."""
    rng = np.random.default_rng(0)
    lines = []
    for name in ("a", "b"):
        pixels = np.asarray(
            Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((96, 72))
        )
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        masks = np.zeros((3, 72, 96), bool)
        masks[0, 5:40, 5:40] = masks[1, 45:70, 50:90] = masks[2, :2, :2] = True
        segments = [{**encode(mask).to_dict(), "area": int(mask.sum())} for mask in masks]
        lines.append(json.dumps({"image": f"{name}.png", "segments": segments}))
    (tmp_path / "val_segments.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def scene(data):
    return next(scenes(data, 2))


def test_every_kind_of_pair_is_there_and_no_photo_is_assessed_twice(scene):
    assessor = FakeAssessor()
    rows = list(rows_of(scene, assessor))
    changed = sum(len(pairs) for pairs in STEPS.values()) * len(TYPES)
    regions = len(scene.regions)
    assert regions == 3  # two segments and the whole photo
    assert Counter(row.kind for row in rows) == {
        "null": (1 + len(BASE_LEVELS)) * len(null_ways(0)) * regions,
        "target": changed,
        "beside": changed,
        "around": changed,
        "carried": len(STEPS) * len(TYPES),
        "gained": len(STEPS) * len(TYPES),
        "again": len(STEPS) * len(TYPES) * TIMES_AGAIN,
    }
    levels = {high for pairs in STEPS.values() for pair in pairs for high in pair} - {0}
    photos = (1 + len(BASE_LEVELS)) * (1 + len(null_ways(0)))
    photos += len(TYPES) * (len(levels) + len(STEPS) * (1 + TIMES_AGAIN))
    assert len(assessor.assessed) == photos


def test_a_carried_change_starts_from_the_other_type_and_a_gained_one_from_the_scene(scene):
    rows = list(rows_of(scene, FakeAssessor()))
    alone = {(row.how, row.low, row.high): row for row in rows if row.kind == "target"}
    for row in rows:
        if row.kind in ("carried", "gained"):
            assert row.also == scene.other(DistortionType(row.how)).value != row.how
            other = alone[row.also, 0, OTHER_LEVEL]
            assert row.before == (other.after if row.kind == "carried" else other.before)


def test_only_the_target_differs_and_both_types_differ_from_either(scene):
    kind = DistortionType.EXPOSURE
    one = version(scene, kind, 12)
    both = version(scene, kind, 12, also=True)
    far = np.zeros(scene.target.size, bool)
    far[:, 60:] = ~scene.target.mask[:, 60:]
    far &= ~np.pad(scene.target.mask, 6)[:-12, 6:-6] & ~np.pad(scene.target.mask, 6)[12:, 6:-6]
    clean = scene.reference.srgb
    assert (one[far] == clean[far]).all()
    inside = scene.target.mask
    assert (one[inside] != clean[inside]).any()
    assert (both[inside] != one[inside]).any()


def test_another_seed_draws_the_noise_anew_at_the_same_level(scene):
    inside = scene.target.mask
    first, second = (version(scene, DistortionType.NOISE, 12, seed=seed) for seed in (0, 1))
    moved = [(one.astype(float) - scene.reference.srgb)[inside] for one in (first, second)]
    assert abs(np.corrcoef(*(one.ravel() for one in moved))[0, 1]) < 0.2
    assert moved[0].std() == pytest.approx(moved[1].std(), rel=0.15)


def test_whole_scenes_have_each_type_at_each_level_in_turn():
    for half in (0, 1):
        drawn = [one for number in range(half, 36, 2) for one in base_kinds(number)]
        assert set(Counter(drawn).values()) == {3}
        assert len(set(drawn)) == len(TYPES) * len(BASE_LEVELS)


def test_a_second_run_reads_no_scene_again_but_the_one_that_was_cut_off(data, tmp_path):
    kept = tmp_path / "out" / "rows.jsonl"
    first = list(measure(FakeAssessor(), "fake 1", scenes(data, 2), kept))
    text = kept.read_text()
    kept.write_text(text[: text.index("\n") + 100])
    assessor = FakeAssessor()
    assert list(measure(assessor, "fake 1", scenes(data, 2), kept)) == first
    once = len(assessor.assessed)
    assert list(measure(assessor, "fake 1", scenes(data, 2), kept)) == first
    assert len(assessor.assessed) == once > 0
    list(measure(assessor, "fake 2", scenes(data, 2), kept))
    assert len(assessor.assessed) == 3 * once
    assert all(one.identical and one.mirrored == one.swapped > 0 for one in first)


def test_constants_and_figures_are_written_between_the_markers_and_not_in_a_dry_run(
    data, tmp_path, monkeypatch
):
    docs, constants = tmp_path / "compare.md", tmp_path / "measured.json"
    docs.write_text(f"above\n{BEGIN}old\n{END}below\n")
    monkeypatch.setattr(compare, "DOCS", docs)
    monkeypatch.setattr(compare, "CONSTANTS", constants)
    monkeypatch.setattr(compare, "load", lambda model: FakeAssessor())
    words = ["compare", str(data), "--rows", str(tmp_path / "rows.jsonl")]
    monkeypatch.setattr("sys.argv", [*words, "--dry-run"])
    compare.main()
    assert (docs.read_text(), constants.exists()) == (f"above\n{BEGIN}old\n{END}below\n", False)
    monkeypatch.setattr("sys.argv", words)
    compare.main()
    text = docs.read_text()
    assert text.startswith(f"above\n{BEGIN}Measured with fake 1 by")
    assert text.endswith(f"4 of 4 pairs, and every region of a photo compared with itself was the "
                         f"same in 2 of 2 scenes.\n{END}below\n")  # fmt: skip
    assert Measured(**json.loads(constants.read_text())).model == "fake"
