"""The sizes that a dry run tells are those of the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seagull.model.checkpoint import load_processor
from seagull.training.config import TrainConfig
from seagull.training.estimate import dry_run
from seagull.training.setup import build_network


@pytest.mark.parametrize(
    ("groups", "frozen", "text"),
    [
        (("mfe", "vision_encoder", "head"), ("mfe.merge",), 0.0),
        (("projector", "lora"), (), 1.0),
    ],
)
def test_a_dry_run_counts_what_the_run_trains(
    settings: Callable[..., TrainConfig],
    model_folder: Path,
    records: Path,
    groups: tuple[str, ...],
    frozen: tuple[str, ...],
    text: float,
) -> None:
    loss = {"text": text, "numeric_head": 1.0 if "head" in groups else 0.0}
    # Without a loss of the text there are photos' packs alone.
    data = {"train": [{"path": str(records)}], "workers": 0} | ({} if text else {"pack": "photo"})
    config = settings(trainable=list(groups), frozen=list(frozen), loss=loss, data=data)
    told, _ = dry_run(config, model_folder, world=1)
    network = build_network(config, model_folder, load_processor(model_folder)).network
    learning = sum(parameter.numel() for _, parameter in network.trained())
    assert sum(told.trained.values()) == learning
    assert set(told.trained) == set(groups)
    assert sum(told.parameters.values()) == sum(p.numel() for p in network.parameters())
