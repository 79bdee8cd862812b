"""Scales of the MFE's statistics: fitted to the data, once, before anything learns."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seagull.model.adapter import read_adapter
from seagull.model.config import PUBLISHED_WEIGHTS, SeagullConfig
from seagull.model.fresh import build_model, initialise_region_parts
from seagull.model.mfe import Standardise
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.config import DataSettings, Source, TrainConfig
from seagull.training.data.packs import PackMaker, PhotoDataset, group_by_photo
from seagull.training.data.records import build_index
from seagull.training.run import train
from seagull.training.standardise import fit_scales


@pytest.fixture
def scaled_config(tiny_config: SeagullConfig) -> SeagullConfig:
    config = copy.deepcopy(tiny_config)
    config.mfe.standardise = True
    return config


@pytest.mark.parametrize("text", [False, True])
def test_fitted_statistics_are_centred_and_of_one_size(
    scaled_config: SeagullConfig, processor: SeagullProcessor, records: Path, text: bool
) -> None:
    model = build_model(scaled_config)
    initialise_region_parts(model, seed=1)
    index = build_index([Source(str(records))])
    data = DataSettings(train=(Source(str(records)),), pack="photo")
    photos = PhotoDataset(index, group_by_photo(index), processor, data, text=text)
    maker = PackMaker(processor.crop_size if text else 0, PUBLISHED_WEIGHTS)
    batches = [maker([photos[number, 0]]) for number in range(16)]
    fit_scales(model, batches)
    assert model.mfe.norms is not None
    local = model.mfe.local
    # Where there are no crops, the local branch waits for a run that has some.
    assert local.norm.fitted == text
    rows, crops = [], []
    with torch.no_grad():
        for batch in batches:
            real = batch["region_numbers"].isnan().all(dim=2).logical_not()
            pyramid = model.vision_encoder(batch["pixel_values"])
            pooled = model.mfe.pooled(pyramid, batch["region_masks"])[0]
            rows.append(model.mfe.norms[0](pooled)[real])
            if text:
                seen = model.vision_encoder(batch["region_crops"][real])
                crops.append(local.norm(local.pooled(seen, batch["region_crop_masks"][real])))
    for together in map(torch.cat, (rows, crops) if text else (rows,)):
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


def _scales(adapter: Path) -> list[torch.Tensor]:
    _, tensors = read_adapter(adapter / "adapter.safetensors")
    return [value for key, value in sorted(tensors.items()) if key.endswith(".scale")]


def test_nothing_happens_before_the_fit() -> None:
    assert torch.equal(Standardise(3)(torch.arange(6.0).view(2, 3)), torch.arange(6.0).view(2, 3))
