"""Stochastic depth: residual branches are left out while the encoder learns, never in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seagull.files.config import ConfigError
from seagull.model.checkpoint import load_processor
from seagull.model.vision import VisionEncoder
from seagull.training.config import TrainConfig
from seagull.training.setup import build_network

LEARNING: dict[str, Any] = {
    "trainable": ["vision_encoder", "mfe"],
    "loss": {"text": 0.0, "numeric_head": 1.0},
}  # fmt: skip


@pytest.mark.parametrize("drop_path", [0.0, 0.9])
def test_branches_are_left_out_in_training_alone(
    settings: Callable[..., TrainConfig], model_folder: Path, records: Path, drop_path: float
) -> None:
    data = {"train": [{"path": str(records)}], "workers": 0, "pack": "photo"}
    config = settings(data=data, drop_path=drop_path, **LEARNING)
    network = build_network(config, model_folder, load_processor(model_folder)).network
    encoder = network.model.vision_encoder
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))

    def varies() -> bool:
        seen = [encoder(pixels)[-1] for _ in range(12)]
        return any(not torch.equal(seen[0], other) for other in seen[1:])

    network.train()
    assert varies() == bool(drop_path)
    network.eval()
    assert not varies()


def test_it_needs_an_encoder_that_learns(settings: Callable[..., TrainConfig]) -> None:
    with pytest.raises(ConfigError, match="drop_path: needs the vision encoder"):
        settings(drop_path=0.1)


def test_a_backbone_without_residual_branches_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="no vision encoder 'vgg11'"):
        VisionEncoder("vgg11", [0, 1], drop_path=0.1)
