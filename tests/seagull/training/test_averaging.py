"""The running mean of weights: what the steps say it is, and what the adapter holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from seagull.model.adapter import read_adapter
from seagull.model.checkpoint import load_model
from seagull.training.checkpoints import checkpoints
from seagull.training.config import TrainConfig
from seagull.training.network import TrainingNetwork
from seagull.training.run import train
from seagull.training.trainer import TrainingStoppedError

Settings = Callable[..., TrainConfig]
SHARE = 0.3
STEPS = 5


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return read_adapter(folder / "adapter.safetensors")[1]


def test_the_adapter_is_the_mean_of_the_weights_of_all_steps(
    settings: Settings, model_folder: Path
) -> None:
    seen: list[dict[str, torch.Tensor]] = []

    def validate(network: TrainingNetwork) -> dict[str, float]:
        seen.append({key: value.detach().clone() for key, value in network.trained()})
        return {}

    config = settings(
        stage="mfe_only", average=SHARE, max_steps=STEPS, save_every=1, keep=STEPS,
        lr={"default": 1e-2},
    )  # fmt: skip
    adapter = train(config, model_folder, validate)
    steps = [_weights(folder) for folder in checkpoints(Path(config.output))]
    assert len(steps) == STEPS
    mean = dict(load_model(model_folder, dtype=torch.float32, device="cpu").named_parameters())
    for number, now in enumerate(steps, start=1):
        share = min(SHARE, number / (number + 9))
        mean = {key: share * mean[key] + (1 - share) * value for key, value in now.items()}
    found = _weights(adapter)
    assert set(found) == set(mean)
    for key, value in mean.items():
        torch.testing.assert_close(found[key], value, rtol=1e-5, atol=1e-6)
        # It is what was validated, too.
        torch.testing.assert_close(seen[-1][key], value, rtol=1e-5, atol=1e-6)
    assert any(not torch.allclose(found[key], steps[-1][key], atol=1e-5) for key in found)


def test_a_run_that_began_without_a_mean_cannot_go_on_with_one(
    settings: Settings, model_folder: Path
) -> None:
    common = {"stage": "mfe_only", "save_every": 1}
    train(settings(max_steps=1, **common), model_folder)
    with pytest.raises(TrainingStoppedError, match="without `average`"):
        train(settings(max_steps=2, average=SHARE, **common), model_folder)
