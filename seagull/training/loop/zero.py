"""Gathers and restores, by parameter, what DeepSpeed's ZeRO spreads over processes.

A checkpoint made this way fits any number of processes, and runs without DeepSpeed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from seagull.training.loop.checkpoints import OptimizerState

MOMENTS = ("exp_avg", "exp_avg_sq")


def gather_weights(parameters: Mapping[str, nn.Parameter], *, keep: bool) -> dict[str, Tensor]:
    """Full 32-bit weights by key; every process has to call it, only those that keep get them."""
    from deepspeed.utils import safe_get_full_fp32_param

    weights = {}
    for key, parameter in parameters.items():
        full = safe_get_full_fp32_param(parameter)
        if keep:
            weights[key] = full.detach().float().cpu().clone()
    return weights


def gather_frozen(parameters: Mapping[str, nn.Parameter], *, keep: bool) -> dict[str, Tensor]:
    """Full weights of frozen parameters."""
    import deepspeed

    weights = {}
    for key, parameter in parameters.items():
        with deepspeed.zero.GatheredParameters([parameter]):
            if keep:
                weights[key] = parameter.detach().cpu().clone()
    return weights


def gather_optimizer(
    engine: Any, parameters: Mapping[str, nn.Parameter], *, keep: bool
) -> OptimizerState:
    """Adam's moments and step count by key; every process has to call it."""
    from deepspeed.utils import safe_get_full_optimizer_state

    _link(engine)
    step = torch.tensor(max(_steps(engine), default=0.0))
    state: OptimizerState = {}
    for key, parameter in parameters.items():
        moments = {name: safe_get_full_optimizer_state(parameter, name) for name in MOMENTS}
        if keep:
            state[key] = {name: value.float().cpu().clone() for name, value in moments.items()}
            state[key]["step"] = step.clone()
    return state


def restore(
    engine: Any,
    parameters: Mapping[str, nn.Parameter],
    weights: Mapping[str, Tensor],
    state: OptimizerState,
) -> None:
    """Gives weights, moments and step count back to a wrapped model; every process calls it."""
    steps = max((float(tensors["step"]) for tensors in state.values()), default=0.0)
    _make_states(engine, steps)
    _link(engine)
    for key, parameter in parameters.items():
        place = engine.device
        value = weights[key].to(place).float()
        # The weights that the next forward pass sees, then the 32-bit ones behind them.
        with gathered([parameter]):
            parameter.data.copy_(value)
        _set_state(parameter, value)
        for name in MOMENTS:
            _set_state(parameter, state[key][name].to(place), name)


def _set_state(parameter: Any, value: Tensor, name: str | None = None) -> None:
    """Gives a parameter its 32-bit weights, or the moments of a name."""
    from deepspeed import utils

    if not hasattr(parameter, "ds_id"):
        if name is None:
            utils.safe_set_full_fp32_param(parameter, value)
        else:
            utils.safe_set_full_optimizer_state(parameter, value, name)
        return
    # ZeRO-3 fills up what cannot be shared evenly, but does not take it filled up: the bias of one
    # number, for example, has a share of one number in each process.
    size, rank = parameter.ds_tensor.numel(), torch.distributed.get_rank()
    world = torch.distributed.get_world_size()
    filled = functional.pad(value.flatten(), (0, size * world - value.numel()))
    share = filled[rank * size : (rank + 1) * size]
    if name is None:
        utils.safe_set_local_fp32_param(parameter, share)
    else:
        utils.safe_set_local_optimizer_state(parameter, share, name)


def _make_states(engine: Any, steps: float) -> None:
    """Gives Adam, which makes its states at the first step, states to be filled."""
    optimizer = _base_optimizer(engine)
    zero = engine.optimizer
    flat = getattr(zero, "single_partition_of_fp32_groups", None)
    for partition in zero.fp32_partitioned_groups_flat if flat is None else flat:
        state = optimizer.state[partition]
        for name in MOMENTS:
            if name not in state:
                state[name] = torch.zeros_like(partition)
        step = state.get("step")
        state["step"] = int(steps) if isinstance(step, int) else torch.tensor(steps)
    for group in optimizer.param_groups:
        if "step" in group:
            group["step"] = int(steps)


def _link(engine: Any) -> None:
    """Ties parameters to their optimiser states again (ZeRO-2).

    DeepSpeed does so after the first group's first step, when the other groups' states are not
    made yet, and never looks again.
    """
    zero = engine.optimizer
    if hasattr(zero, "_hp_optimizer_states_linked"):
        zero._hp_optimizer_states_linked = False
        zero._lazy_init_hp_params_optimizer_state()


def _steps(engine: Any) -> list[float]:
    optimizer = _base_optimizer(engine)
    steps = [float(state["step"]) for state in optimizer.state.values() if "step" in state]
    return steps + [float(group["step"]) for group in optimizer.param_groups if "step" in group]


def _base_optimizer(engine: Any) -> Any:
    return engine.optimizer.optimizer


@contextmanager
def gathered(parameters: list[nn.Parameter]) -> Iterator[None]:
    """Full weights inside the block where ZeRO-3 holds only shares; what is written stays."""
    if not any(hasattr(parameter, "ds_id") for parameter in parameters):
        yield
        return
    import deepspeed

    with deepspeed.zero.GatheredParameters(parameters, modifier_rank=0):
        yield
