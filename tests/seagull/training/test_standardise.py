"""Scales of the MFE's statistics: fitted to the data, once, before anything learns."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seagull.model.adapter import read_adapter
from seagull.model.build import build_model
from seagull.model.config import SeagullConfig
from seagull.model.head import head_of
from seagull.model.mfe import Standardise
from seagull.model.seagull import initialise_region_parts
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.config import DataSettings, Source, TrainConfig
from seagull.training.packs import PackMaker, PhotoDataset, group_by_photo
from seagull.training.records import build_index
from seagull.training.run import train
from seagull.training.standardise import fit_scales


@pytest.fixture
def scaled_config(tiny_config: SeagullConfig) -> SeagullConfig:
    config = copy.deepcopy(tiny_config)
    config.mfe.standardise = True
    return config


def test_fitted_statistics_are_centred_and_of_one_size(
    scaled_config: SeagullConfig, processor: SeagullProcessor, records: Path
) -> None:
    scaled_config.vision.towers, scaled_config.mfe.towers = 3, 1
    scaled_config.mfe.region_tower, scaled_config.mfe.subsets = True, 2
    model = build_model(scaled_config)
    initialise_region_parts(model, seed=1)
    head = head_of(model)
    index = build_index([Source(str(records))])
    data = DataSettings(train=(Source(str(records)),), pack="photo")
    photos = PhotoDataset(index, group_by_photo(index), processor, data, text=False)
    maker = PackMaker(processor.crop_size)
    batches = [maker([photos[number, 0]]) for number in range(16)]
    fit_scales(model, batches, head=head)
    assert model.mfe.norms is not None
    assert head.regions is not None
    assert head.regions.mfe.norms is not None
    assert head.subsets is not None
    rows, towers, every, regions = [], [], [], []
    with torch.no_grad():
        for batch in batches:
            real = batch["region_numbers"].isnan().all(dim=2).logical_not()
            pyramid = model.vision_encoder(batch["pixel_values"])
            pooled = model.mfe.pooled(pyramid, batch["region_masks"])[0]
            rows.append(model.mfe.norms[0](pooled)[real])
            side = model.side_view(pyramid, batch["region_masks"])
            towers.append(head.readers[0].norm(side.statistics[:, :, 0])[real])
            every.append(head.subsets.norm(side.every.flatten(2))[real])
            levels = head.regions.mfe.pooled(model.region_levels(pyramid), batch["region_masks"])
            regions.append(head.regions.mfe.norms[1](levels[1])[real])
    for together in map(torch.cat, (rows, towers, every, regions)):
        # Photos without labels were fitted to as well, and some channels hardly vary in so few.
        assert together.mean(dim=0).abs().max() < 0.35
        assert 0.6 < together.std(dim=0).max() < 1.6


def test_a_run_fits_first_and_a_run_that_goes_on_keeps_the_scales(
    scaled_config: SeagullConfig,
    processor: SeagullProcessor,
    settings: Callable[..., TrainConfig],
    tmp_path: Path,
) -> None:
    model = build_model(scaled_config)
    initialise_region_parts(model, seed=1)
    folder = tmp_path / "scaled"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    common = {"model": str(folder), "stage": "mfe_only", "max_steps": 1, "lr": {"default": 0.0}}
    first = train(settings(output=str(tmp_path / "a"), **common), folder)
    scales = _scales(first)
    assert any((value != 1).any() for value in scales)
    again = settings(output=str(tmp_path / "b"), adapter=str(first), seed=9, **common)
    for one, other in zip(scales, _scales(train(again, folder)), strict=True):
        assert torch.equal(one, other)
    forgetful = settings(
        output=str(tmp_path / "c"), adapter=str(first), forget=["vision_encoder"], seed=9, **common
    )
    fitted = _scales(train(forgetful, folder))
    assert any(not torch.equal(one, other) for one, other in zip(scales, fitted, strict=True))
    assert any((value != 1).any() for value in fitted)


def _scales(adapter: Path) -> list[torch.Tensor]:
    _, tensors = read_adapter(adapter / "adapter.safetensors")
    return [value for key, value in sorted(tensors.items()) if key.endswith(".scale")]


def test_nothing_happens_before_the_fit() -> None:
    assert torch.equal(Standardise(3)(torch.arange(6.0).view(2, 3)), torch.arange(6.0).view(2, 3))
