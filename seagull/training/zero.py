"""What DeepSpeed's ZeRO spreads over processes, gathered and given back by parameter.

A checkpoint made this way fits any number of processes, and runs without DeepSpeed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from seagull.training.checkpoints import OptimizerState

MOMENTS = ("exp_avg", "exp_avg_sq")


def gather_weights(parameters: Mapping[str, nn.Parameter], *, keep: bool) -> dict[str, Tensor]:
    """Full 32-bit weights by key; every process has to call it, only those that keep get them."""
    from deepspeed.utils import safe_get_full_fp32_param

    found = {}
    for key, parameter in parameters.items():
        full = safe_get_full_fp32_param(parameter)
        if keep:
            found[key] = full.detach().float().cpu().clone()
    return found


def gather_frozen(parameters: Mapping[str, nn.Parameter], *, keep: bool) -> dict[str, Tensor]:
    """Full weights of parameters that do not learn."""
    import deepspeed

    found = {}
    for key, parameter in parameters.items():
        with deepspeed.zero.GatheredParameters([parameter]):
            if keep:
                found[key] = parameter.detach().cpu().clone()
    return found


def gather_optimizer(
    engine: Any, parameters: Mapping[str, nn.Parameter], *, keep: bool
) -> OptimizerState:
    """Adam's moments and step count by key; every process has to call it."""
    from deepspeed.utils import safe_get_full_optimizer_state

    step = torch.tensor(float(_steps(engine)))
    state: OptimizerState = {}
    for key, parameter in parameters.items():
        found = {name: safe_get_full_optimizer_state(parameter, name) for name in MOMENTS}
        if keep and all(value is not None for value in found.values()):
            state[key] = {name: value.float().cpu().clone() for name, value in found.items()}
            state[key]["step"] = step
    return state


def restore(
    engine: Any,
    parameters: Mapping[str, nn.Parameter],
    weights: Mapping[str, Tensor],
    state: OptimizerState,
) -> None:
    """Gives weights, moments and step count back to a wrapped model."""
    from deepspeed.utils import safe_set_full_fp32_param, safe_set_full_optimizer_state

    for key, parameter in parameters.items():
        safe_set_full_fp32_param(parameter, weights[key].float())
        for name in MOMENTS:
            safe_set_full_optimizer_state(parameter, state[key][name], name)
    steps = max((float(tensors["step"]) for tensors in state.values()), default=0.0)
    for own in _base_optimizer(engine).state.values():
        if "step" in own:
            own["step"] = torch.full_like(own["step"], steps) if _is_tensor(own) else int(steps)
    for group in _base_optimizer(engine).param_groups:
        if "step" in group:
            group["step"] = int(steps)


def _steps(engine: Any) -> float:
    optimizer = _base_optimizer(engine)
    found = [float(own["step"]) for own in optimizer.state.values() if "step" in own]
    found += [float(group["step"]) for group in optimizer.param_groups if "step" in group]
    return max(found, default=0.0)


def _is_tensor(own: Mapping[str, Any]) -> bool:
    return isinstance(own["step"], Tensor)


def _base_optimizer(engine: Any) -> Any:
    return engine.optimizer.optimizer


@contextmanager
def gathered(parameters: list[nn.Parameter], *, active: bool) -> Iterator[None]:
    """Full weights inside the block where ZeRO-3 holds only shares; nothing otherwise."""
    if not active:
        yield
        return
    import deepspeed

    with deepspeed.zero.GatheredParameters(parameters, modifier_rank=0):
        yield
