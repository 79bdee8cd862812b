"""Checkpoints of a baseline's run: weights, optimiser, and what the learner remembers.

They lie in folders as those of the model's training do: written aside, flushed and renamed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from seagull.baselines.errors import BaselineError
from seagull.baselines.network import BaselineNetwork, Learner
from seagull.training.loop.checkpoints import (
    OPTIMIZER_FILE,
    STATE_FILE,
    checkpoint_name,
    plain_state,
    prune,
    read_optimizer,
    restore_plain,
    whole_folder,
    write_optimizer,
)

WEIGHTS_FILE = "model.safetensors"
LEARNER_FILE = "learner.safetensors"


def save_checkpoint(
    run: Path,
    network: BaselineNetwork,
    learner: Learner,
    optimizer: torch.optim.Optimizer,
    state: Mapping[str, Any],
    keep: int,
) -> None:
    """Writes the checkpoint of ``state["step"]`` and removes the oldest ones.

    Raises:
        BaselineError: if a weight is not a number; nothing is written then.
    """
    weights = {name: value.detach().cpu() for name, value in network.state_dict().items()}
    if not all(bool(torch.isfinite(value).all()) for value in weights.values()):
        raise BaselineError(
            f"step {state['step']}: a weight is not a number; lower the learning rate. The last "
            "checkpoint stays"
        )
    with whole_folder(run / checkpoint_name(int(state["step"]))) as scratch:
        save_file({k: v.contiguous() for k, v in weights.items()}, scratch / WEIGHTS_FILE)
        write_optimizer(
            scratch / OPTIMIZER_FILE, plain_state(optimizer, dict(network.named_parameters()))
        )
        kept = {name: value.cpu().contiguous() for name, value in learner.state().items()}
        save_file(kept, scratch / LEARNER_FILE)
        plain = json.dumps(dict(state), indent=2)
        (scratch / STATE_FILE).write_text(plain, encoding="utf-8")
    prune(run, keep)


def restore_checkpoint(
    folder: Path, network: BaselineNetwork, learner: Learner, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """Gives network, learner and optimiser their state back; the state that was saved beside.

    Raises:
        BaselineError: if the checkpoint is damaged, or of another network.
    """
    weights = _tensors(folder / WEIGHTS_FILE)
    wanted = network.state_dict()
    if other := sorted(set(weights) ^ set(wanted)) or [
        name for name, value in wanted.items() if weights[name].shape != value.shape
    ]:
        raise BaselineError(
            f"{folder}: made with another network ({other[0]} ...); resume with the same settings, "
            "or name a new output"
        )
    network.load_state_dict(weights)
    parameters = dict(network.named_parameters())
    restore_plain(optimizer, parameters, read_optimizer(folder / OPTIMIZER_FILE))
    remembered = _tensors(folder / LEARNER_FILE)
    if remembered:
        learner.restore(remembered)
    state: dict[str, Any] = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    return state


def _tensors(file: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise BaselineError(
            f"{file}: damaged ({error}); remove its folder, and the run goes on from the one before"
        ) from error
