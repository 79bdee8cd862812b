"""Batch normalisation with trained running statistics, and adapters that hold parameters only.

A vision encoder with a high learning rate stays stable if each micro-batch is normalised by its own
mean and deviation. What it does in use follows from the running statistics, which are no
parameters: ``absorbed`` puts what they have become into weight and bias, so that a model with the
statistics of the base computes the same. ``measure`` reverses that: a run that starts from such an
adapter begins with the statistics of its photos. Otherwise its first step would normalise by
other statistics than the weights were trained with and lose what the adapter had learned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

Norms = Mapping[str, nn.BatchNorm2d]
Statistics = dict[str, Tensor]
"""By a norm's name and ``running_mean`` or ``running_var``, joined by a dot."""

_KINDS = ("running_mean", "running_var")


def learning_norms(encoder: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """The batch normalisations whose weights are trained, by their names in the encoder."""
    return {
        name: module
        for name, module in encoder.named_modules()
        if isinstance(module, nn.BatchNorm2d) and module.weight.requires_grad
    }


def statistics(norms: Norms) -> Statistics:
    """Copies of the running statistics."""
    return {
        f"{name}.{kind}": getattr(norm, kind).detach().cpu().clone()
        for name, norm in norms.items()
        for kind in _KINDS
    }


def restore(norms: Norms, values: Mapping[str, Tensor]) -> None:
    """Gives running statistics back.

    Raises:
        ValueError: if they are of other norms.
    """
    if mismatched := set(values) ^ set(statistics(norms)):
        raise ValueError(f"batch statistics do not fit this model: {sorted(mismatched)[0]}")
    for name, norm in norms.items():
        for kind in _KINDS:
            getattr(norm, kind).copy_(values[f"{name}.{kind}"])


@torch.no_grad()
def absorbed(norms: Norms, base: Mapping[str, Tensor]) -> Statistics:
    """Weights and biases, by name, that do with the statistics ``base`` what the norms do now."""
    tensors: Statistics = {}
    for name, norm in norms.items():
        mean, variance = (base[f"{name}.{kind}"].double() for kind in _KINDS)
        now, spread, weight, bias = (
            value.detach().cpu().double()
            for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
            if value is not None
        )
        deviation = (spread + norm.eps).sqrt()
        tensors[f"{name}.weight"] = (weight * (variance + norm.eps).sqrt() / deviation).float()
        tensors[f"{name}.bias"] = (bias + weight * (mean - now) / deviation).float()
    return tensors


@torch.no_grad()
def measure(norms: Norms, forward: Callable[[], None]) -> None:
    """Gives the norms the statistics of some photos, and weights that do with these what they did.

    What the norms compute in use stays the same; while they normalise by each micro-batch, it is
    about the same from now on.

    Args:
        norms: all in evaluation mode.
        forward: sends the photos through the vision encoder.

    Raises:
        ValueError: if a norm has seen nothing.
    """
    sums: dict[str, list[Tensor]] = {name: [] for name in norms}

    def add(name: str, inputs: Tensor) -> None:
        values = inputs.detach().double().transpose(0, 1).flatten(1)
        count = values.new_full((len(values),), values.shape[1])
        sums[name].append(torch.stack([count, values.sum(1), values.square().sum(1)]))

    hooks = [
        norm.register_forward_pre_hook(lambda _, inputs, name=name: add(name, inputs[0]))
        for name, norm in norms.items()
    ]
    try:
        forward()
    finally:
        for hook in hooks:
            hook.remove()
    for name, norm in norms.items():
        if not sums[name]:
            raise ValueError(f"batch statistics: {name} has seen no photo")
        count, total, squares = torch.stack(sums[name]).sum(0)
        _take(norm, total / count, (squares / count - (total / count).square()).clamp_min(0))


def _take(norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Other running statistics, with weight and bias that make up for them."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    slope = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    norm.bias.copy_(norm.bias.double() + slope * (mean - norm.running_mean.double()))
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
