"""Weights and optimiser state of a run, collected and given back, with or without DeepSpeed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from seagull.model.adapter import load_tensors
from seagull.training.loop import zero
from seagull.training.loop.checkpoints import OptimizerState, plain_state, restore_plain
from seagull.training.network import TrainingNetwork


def gather_weights(
    network: TrainingNetwork, engine: Any, *, keep: bool, groups: Collection[str] = ()
) -> dict[str, Tensor]:
    """Trained weights by key on the CPU; every process has to call it.

    Args:
        network: of the run.
        engine: DeepSpeed's, or None.
        keep: whether this process gets them.
        groups: module groups whose frozen weights are wanted, too.
    """
    trained = dict(network.trained())
    grouped = dict(network.in_groups(set(groups)))
    frozen = {key: value for key, value in grouped.items() if key not in trained}
    if engine is not None:
        return zero.gather_weights(trained, keep=keep) | zero.gather_frozen(frozen, keep=keep)
    collected = trained | frozen if keep else {}
    return {key: value.detach().cpu().clone() for key, value in collected.items()}


def gather_state(
    network: TrainingNetwork, engine: Any, optimizer: Optimizer, *, keep: bool
) -> OptimizerState:
    """The optimiser's state by key; every process has to call it."""
    trained = dict(network.trained())
    if engine is not None:
        return zero.gather_optimizer(engine, trained, keep=keep)
    return plain_state(optimizer, trained) if keep else {}


def restore_all(
    trained: Mapping[str, nn.Parameter],
    engine: Any,
    optimizer: Optimizer,
    weights: Mapping[str, Tensor],
    state: OptimizerState,
) -> None:
    """Gives weights and optimiser state back; every process has to call it."""
    if engine is not None:
        zero.restore(engine, trained, weights, state)
    else:
        load_tensors(trained, weights)
        restore_plain(optimizer, trained, state)


def restore_schedule(schedule: Any, step: int) -> None:
    """Puts a schedule of learning rates to a step."""
    rates = [
        base * factor(step)
        for base, factor in zip(schedule.base_lrs, schedule.lr_lambdas, strict=True)
    ]
    for group, rate in zip(schedule.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
    schedule.last_epoch, schedule._last_lr, schedule._step_count = step, rates, step + 1
