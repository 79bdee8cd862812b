"""From records to batches: what is known, what is shown, and that a seed says all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seagull.baselines.config import BaselineConfig
from seagull.baselines.depth.sources import Constant
from seagull.baselines.errors import BaselineError
from seagull.baselines.run_data import open_data
from seagull.baselines.samples import Batch, RegionDataset, collate, known_of, scene_number
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec

Make = Callable[..., BaselineConfig]
BOTH: dict[str, Any] = {"protocol": "mask", "tasks": ["quality", "importance"]}


def dataset(config: BaselineConfig) -> RegionDataset:
    return open_data(config, None).dataset


def batch_of(data: RegionDataset, numbers: list[int], seed: int = 4) -> Batch:
    return collate([data[number, seed] for number in numbers])


def test_quality_is_learned_from_one_metric_and_importance_where_it_is_a_task(settings: Make):
    labels = RegionLabels(quality=0.3, importance=0.6, metric="topiq")
    assert np.isnan(known_of(labels, settings())).all()
    assert known_of(labels, settings(data={"metric": "topiq"}))[0] == 0.3
    quality, importance = known_of(labels, settings(**BOTH))
    assert np.isnan(quality)
    assert importance == 0.6
    with pytest.raises(BaselineError, match=r"quality lies in \[0, 1\], got 1.5"):
        known_of(RegionLabels(quality=1.5, metric="mos"), settings())


def test_a_batch_holds_the_regions_of_which_something_is_known(settings: Make):
    batch = batch_of(dataset(settings()), [0, 1])
    # Photo 0 has two regions, one of them rated by another metric.
    assert len(batch.views.pixels) == len(batch.known) == 2
    assert batch.known[:, 0].tolist() == pytest.approx([0.0, 1 / 11])
    assert len(set(batch.photo.tolist())) == 2
    assert batch.views.masks is None


def test_by_masks_a_photo_is_one_view_of_all_its_regions(settings: Make):
    batch = batch_of(dataset(settings(**BOTH)), [0, 1])
    assert batch.views.of.tolist() == [0, 0, 1]
    assert batch.known[:2, 1].tolist() == pytest.approx([0.8, 0.2])
    assert batch.known[:, 0].isnan().tolist() == [False, True, False]
    assert batch.views.masks is not None
    shares = batch.views.masks.mean(dim=(1, 2, 3)).tolist()
    assert shares == pytest.approx([0.4, 0.225, 1.0], abs=0.01)


def test_versions_of_one_photo_count_as_one():
    spec = (RegionSpec("1", whole=True),)
    first, second = (
        InstructionRecord(str(n), f"{n}.png", spec, (), {}, reference="lake") for n in (1, 2)
    )
    other = InstructionRecord("3", "3.png", spec, (), {})
    assert scene_number(first) == scene_number(second) != scene_number(other)


def test_a_mirrored_photo_has_mirrored_masks(settings: Make):
    data = dataset(settings(**BOTH))
    seen = set()
    for seed in range(12):
        batch = batch_of(data, [0], seed)
        assert batch.views.masks is not None
        columns = batch.views.masks[0, 0].any(dim=0).nonzero().flatten()
        seen.add((int(columns.min()), int(columns.max())))
        # The first region is two fifths wide, on the left or mirrored to the right.
    assert seen == {(0, 25), (38, 63)}


def test_a_seed_says_all_that_is_random(settings: Make):
    data = dataset(settings())
    first, again, other = (batch_of(data, [1], seed).views.pixels for seed in (4, 4, 5))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)


def test_no_more_regions_are_drawn_than_asked_for(settings: Make):
    data = dataset(settings(**BOTH, data={"regions": 1}))
    drawn = {round(float(batch_of(data, [0], seed).known[0, 1]), 1) for seed in range(12)}
    assert drawn == {0.2, 0.8}


def test_a_teacher_gets_several_windows_of_one_unlabelled_part(settings: Make):
    config = settings(qfm_iqm={"distil": {"teacher": "somewhere", "crops": 3}})
    batch = batch_of(dataset(config), [1, 2])
    assert batch.unlabelled is not None
    assert batch.unlabelled.pixels.shape == (6, 3, 64, 64)
    assert batch.unlabelled_photo is not None
    assert batch.unlabelled_photo.tolist() == batch.photo.tolist()


def test_depth_comes_along_as_a_view_of_its_own(settings: Make):
    batch = collate([open_data(settings("dgiqa"), Constant()).dataset[1, 4]])
    assert batch.views.depth is not None
    assert batch.views.depth.shape == batch.views.pixels.shape
    assert float(batch.views.depth[:, 0].min()) == float(batch.views.depth[:, 0].max())


def test_where_nothing_can_be_learned_the_metric_is_named(settings: Make):
    with pytest.raises(BaselineError, match="no region has a quality by the metric 'haarpsi'"):
        dataset(settings(data={"metric": "haarpsi"}))


def test_photos_without_a_usable_label_are_left_out(settings: Make, tmp_path: Path, records: Path):
    (tmp_path / "0.png").write_bytes((records.parent / "0.png").read_bytes())
    made = [
        InstructionRecord(
            str(number), "0.png", (RegionSpec("1", whole=True),), (),
            {"1": RegionLabels(quality=0.5, metric=metric)}, None,
        )
        for number, metric in enumerate(("topiq",))
    ]  # fmt: skip
    write_records(tmp_path / "more.jsonl", made)
    paths = [{"path": str(records)}, {"path": str(tmp_path / "more.jsonl")}]
    assert len(dataset(settings(data={"train": paths}))) == 12
