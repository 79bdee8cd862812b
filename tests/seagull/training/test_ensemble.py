"""Networks that read as one look at a photo no more often than their towers differ."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seagull.model.checkpoint import load_processor
from seagull.model.vision import VisionEncoder
from seagull.training.config import TrainConfig
from seagull.training.ensemble import levels_in
from seagull.training.run import train
from seagull.training.setup import build_network

BACKBONE, LEVELS = "test_convnext", (0, 1, 2, 3)


def _encoder(
    towers: int, scales: tuple[float, ...] = (), looks: tuple[int, ...] = ()
) -> VisionEncoder:
    return VisionEncoder(BACKBONE, LEVELS, towers=towers, scales=scales, looks=looks)


def test_a_tower_is_found_by_its_weights_its_scale_and_its_looks() -> None:
    learner, one = _encoder(3, (1.0, 1.0, 0.5)), _encoder(1)
    assert levels_in(learner, one) is None
    one.backbone.load_state_dict(learner.backbones[1].state_dict())
    assert levels_in(learner, one) == [4, 5, 6, 7]
    pixels = torch.rand(1, 3, 64, 64)
    seen = learner(pixels)
    for place, level in zip(levels_in(learner, one) or (), one(pixels), strict=True):
        assert torch.equal(seen[place], level)
    half = _encoder(1, (0.5,))
    half.backbone.load_state_dict(learner.backbones[1].state_dict())
    assert levels_in(learner, half) is None
    twice = _encoder(1, looks=(2,))
    twice.backbone.load_state_dict(learner.backbones[1].state_dict())
    assert levels_in(learner, twice) is None
    other = _encoder(2, looks=(1, 2))
    other.others[0].load_state_dict(twice.backbone.state_dict())
    assert levels_in(other, twice) == [4, 5, 6, 7]
    assert levels_in(other, one) is None
    both = _encoder(2)
    both.backbone.load_state_dict(learner.backbones[1].state_dict())
    both.others[0].load_state_dict(learner.backbones[0].state_dict())
    assert levels_in(learner, both) == [4, 5, 6, 7, 0, 1, 2, 3]
    next(iter(both.others[0].parameters())).data[0] += 1e-3
    assert levels_in(learner, both) is None


@pytest.mark.parametrize("learns", [False, True], ids=["stays", "learns"])
def test_a_teacher_is_shown_what_the_learner_sees_if_that_is_the_same(
    settings: Callable[..., TrainConfig],
    records: Path,
    model_folder: Path,
    tmp_path: Path,
    learns: bool,
) -> None:
    common: dict[str, Any] = {
        "data": {"train": [{"path": str(records)}], "workers": 0, "pack": "photo"},
        "ablate": ["local_token"], "max_steps": 1,
    }  # fmt: skip
    teacher = settings(
        output=str(tmp_path / "teacher"), trainable=["mfe"],
        loss={"text": 0.0, "numeric_head": 1.0}, **common,
    )  # fmt: skip
    train(teacher, model_folder)
    pupil = settings(
        output=str(tmp_path / "pupil"), teachers=[teacher.output],
        trainable=["mfe", "vision_encoder"] if learns else ["mfe"],
        loss={"text": 0.0, "numeric_head": 1.0, "teaching": 1.0}, **common,
    )  # fmt: skip
    network, _ = build_network(pupil, model_folder, load_processor(model_folder))
    batch = {
        "pixel_values": torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(4)),
        "region_masks": torch.ones(2, 1, 64, 64, dtype=torch.bool),
        "photo_masks": torch.ones(2, 1, 64, 64, dtype=torch.bool),
    }
    looked = network.teacher.read(batch)
    pyramid = network.model.vision_encoder(batch["pixel_values"])
    shown = network.teacher.read(
        batch | {"pixel_values": batch["pixel_values"] * torch.nan}, pyramid
    )
    assert network.teacher.levels == [None if learns else [0, 1, 2, 3]]
    assert shown.numbers.isnan().all() == learns
    if not learns:
        torch.testing.assert_close(shown.numbers, looked.numbers)
        torch.testing.assert_close(shown.presence, looked.presence)
    looks: list[bool] = []
    encoder = network.teacher.networks[0].model.vision_encoder
    encoder.register_forward_hook(lambda *_: looks.append(True))
    network(**batch, region_numbers=looked.numbers)
    assert bool(looks) == learns
