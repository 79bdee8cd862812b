"""Learned batch statistics: resumed to the bit, and absorbed into what an adapter can hold."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from seagull.files.config import ConfigError
from seagull.model.adapter import apply_adapter
from seagull.model.checkpoint import load_model
from seagull.model.config import SeagullConfig, SeagullVisionConfig
from seagull.model.fresh import build_model, initialise_region_parts
from seagull.preprocessing.processor import SeagullProcessor
from seagull.training.batch_statistics import (
    absorbed,
    learning_norms,
    measure,
    restore,
    statistics,
)
from seagull.training.config import TrainConfig
from seagull.training.run import train
from tests.seagull.training.conftest import losses

STEM = "vision_encoder.backbone.conv_stem"
SETTINGS: dict[str, Any] = {
    "trainable": ["vision_encoder", "mfe"], "frozen": [STEM], "batch_statistics": True,
    "loss": {"text": 0.0, "numeric_head": 1.0},
    "batch_size": 4, "micro_batch": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def normed_folder(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_config: SeagullConfig,
    processor: SeagullProcessor,
) -> Path:
    config = copy.deepcopy(tiny_config)
    config.vision_config = SeagullVisionConfig(
        architecture="test_efficientnet", levels=[1, 2, 3, 4]
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = build_model(config)
    initialise_region_parts(model, seed=1)
    folder = tmp_path_factory.mktemp("normed") / "model"
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _settings(
    settings: Callable[..., TrainConfig], folder: Path, records: Path, **changes: Any
) -> TrainConfig:
    data = {"train": [{"path": str(records)}], "workers": 0, "pack": "photo"}
    return settings(model=str(folder), data=data, **SETTINGS, **changes)


def test_what_is_absorbed_does_the_same_with_the_old_statistics() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5))
    norms = learning_norms(network)
    base = statistics(norms)
    nn.init.normal_(network[1].weight)
    nn.init.normal_(network[1].bias)
    for _ in range(20):
        network(torch.randn(8, 3, 6, 6) * 3 + 1)
    network.eval()
    photo = torch.randn(2, 3, 6, 6)
    wanted = network(photo)
    parameters = absorbed(norms, base)
    restore(norms, base)
    assert not torch.allclose(network(photo), wanted, atol=1e-2)
    with torch.no_grad():
        for kind in ("weight", "bias"):
            getattr(network[1], kind).copy_(parameters[f"1.{kind}"])
    torch.testing.assert_close(network(photo), wanted, rtol=1e-4, atol=1e-5)


def test_measured_statistics_are_the_photos_own_and_change_nothing() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5)).eval()
    norms = learning_norms(network)
    nn.init.normal_(network[0].weight)
    photos = torch.randn(16, 3, 6, 6) * 3 + 1
    wanted = network(photos)

    def look() -> None:
        for part in photos.split(4):
            network(part)

    network.train()
    moved = copy.deepcopy(network)(photos)
    network.eval()
    measure(norms, look)
    torch.testing.assert_close(network(photos), wanted, rtol=1e-4, atol=1e-5)
    network.train()
    torch.testing.assert_close(network(photos), wanted, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(moved, wanted, atol=1e-1)
    with pytest.raises(ValueError, match="has seen no photo"):
        measure(norms, lambda: None)


def test_a_run_goes_on_from_what_the_adapter_computes(
    settings: Callable[..., TrainConfig], normed_folder: Path, records: Path, tmp_path: Path
) -> None:
    first = _settings(settings, normed_folder, records, output=str(tmp_path / "one"), max_steps=8)
    adapter = train(first, normed_folder)
    photo = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    model = load_model(normed_folder, dtype=torch.float32, device="cpu")
    apply_adapter(model, adapter / "adapter.safetensors")
    wanted = model.vision_encoder(photo)[-1]
    still: dict[str, Any] = {"adapter": str(adapter), "max_steps": 1, "lr": {"default": 1e-9}}
    config = _settings(settings, normed_folder, records, output=str(tmp_path / "two"), **still)
    model = load_model(normed_folder, dtype=torch.float32, device="cpu")
    apply_adapter(model, train(config, normed_folder) / "adapter.safetensors")
    torch.testing.assert_close(model.vision_encoder(photo)[-1], wanted, rtol=1e-2, atol=1e-2)


def test_frozen_norms_keep_their_statistics() -> None:
    network = nn.Sequential(nn.BatchNorm2d(2), nn.BatchNorm2d(2))
    network[0].requires_grad_(False)
    assert set(learning_norms(network)) == {"1"}


@pytest.mark.parametrize("batch_statistics", [False, True])
def test_a_vision_encoder_learns_and_goes_on_in_bfloat16(
    settings: Callable[..., TrainConfig],
    normed_folder: Path,
    records: Path,
    tmp_path: Path,
    batch_statistics: bool,
) -> None:
    common = SETTINGS | {"batch_statistics": batch_statistics, "precision": "bfloat16"}
    data = {"train": [{"path": str(records)}], "workers": 0, "pack": "photo"}
    common |= {"model": str(normed_folder), "data": data, "max_steps": 2}
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    train(settings(**common, output=first), normed_folder)
    train(settings(**common, output=second, adapter=first), normed_folder)
    assert all(value < 100 for value in losses(tmp_path / "second").values())


def test_the_adapter_of_a_run_computes_what_the_run_computed(
    settings: Callable[..., TrainConfig],
    normed_folder: Path,
    records: Path,
) -> None:
    photo = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    seen: list[torch.Tensor] = []

    def validate(network: Any) -> dict[str, float]:
        with torch.no_grad():
            seen.append(network.model.vision_encoder(photo)[-1])
        return {"quality_srcc": 0.5}

    config = _settings(settings, normed_folder, records, max_steps=8)
    adapter = train(config, normed_folder, validate)
    model = load_model(normed_folder, dtype=torch.float32, device="cpu")
    before = model.vision_encoder(photo)[-1]
    apply_adapter(model, adapter / "adapter.safetensors")
    after = model.vision_encoder(photo)[-1]
    assert not torch.allclose(before, after, atol=1e-2)
    torch.testing.assert_close(after, seen[-1], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("drop_path", [0.0, 0.5])
def test_a_resumed_run_goes_on_with_its_statistics_and_its_depth(
    settings: Callable[..., TrainConfig],
    normed_folder: Path,
    records: Path,
    tmp_path: Path,
    drop_path: float,
) -> None:
    common: dict[str, Any] = {"save_every": 3, "drop_path": drop_path}
    whole = _settings(settings, normed_folder, records, output=str(tmp_path / "whole"), **common)
    wanted = train(whole, normed_folder)
    halted = tmp_path / "halted"
    halted.mkdir()
    (tmp_path / "whole" / "checkpoint-00000003").rename(halted / "checkpoint-00000003")
    again = _settings(settings, normed_folder, records, output=str(halted), **common)
    found = train(again, normed_folder)
    known = losses(tmp_path / "whole")
    assert {step: known[step] for step in (4, 5, 6)} == losses(halted)
    name = "adapter.safetensors"
    assert (found / name).read_bytes()[-4096:] == (wanted / name).read_bytes()[-4096:]


def test_settings_that_cannot_learn_statistics_are_refused(
    settings: Callable[..., TrainConfig], normed_folder: Path, records: Path
) -> None:
    with pytest.raises(ConfigError, match="needs the vision encoder"):
        settings(batch_statistics=True)
    with pytest.raises(ConfigError, match="DeepSpeed"):
        _settings(settings, normed_folder, records, deepspeed="zero2")


def test_a_vision_encoder_without_batch_normalisation_is_refused(
    settings: Callable[..., TrainConfig], model_folder: Path
) -> None:
    config = settings(trainable=["vision_encoder", "mfe"], batch_statistics=True)
    with pytest.raises(ValueError, match="no batch normalisation"):
        train(config, model_folder)
