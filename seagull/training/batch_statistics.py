"""Batch normalisation that learns its running statistics, and adapters that hold parameters only.

A vision encoder that learns fast is held together by normalising each micro-batch by its own mean
and deviation. What it does in use follows from the running statistics, which are no parameters:
``absorbed`` puts what they have become into weight and bias, so that a model with the statistics of
the base computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Norms = Mapping[str, nn.BatchNorm2d]
Statistics = dict[str, Tensor]
"""By a norm's name and ``running_mean`` or ``running_var``, joined by a dot."""

_KINDS = ("running_mean", "running_var")


def learning_norms(encoder: nn.Module) -> dict[str, nn.BatchNorm2d]:
    """The batch normalisations whose weights learn, by their names in the encoder.

    Raises:
        ValueError: if there are none.
    """
    found = {
        name: module
        for name, module in encoder.named_modules()
        if isinstance(module, nn.BatchNorm2d) and module.weight.requires_grad
    }
    if not found:
        raise ValueError("batch_statistics: the trained vision encoder has no batch normalisation")
    return found


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
    if wrong := set(values) ^ set(statistics(norms)):
        raise ValueError(f"batch statistics do not fit this model: {sorted(wrong)[0]}")
    for name, norm in norms.items():
        for kind in _KINDS:
            getattr(norm, kind).copy_(values[f"{name}.{kind}"])


@torch.no_grad()
def absorbed(norms: Norms, base: Mapping[str, Tensor]) -> Statistics:
    """Weights and biases, by name, that do with the statistics ``base`` what the norms do now."""
    found: Statistics = {}
    for name, norm in norms.items():
        mean, variance = (base[f"{name}.{kind}"].double() for kind in _KINDS)
        now, spread, weight, bias = (
            value.detach().cpu().double()
            for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
            if value is not None
        )
        deviation = (spread + norm.eps).sqrt()
        found[f"{name}.weight"] = (weight * (variance + norm.eps).sqrt() / deviation).float()
        found[f"{name}.bias"] = (bias + weight * (mean - now) / deviation).float()
    return found
