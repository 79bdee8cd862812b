"""Losses of the baselines: means over the regions for which a number is known (not NaN)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

FEWEST = 3
"""A correlation over fewer regions says nothing."""


def known_mean(values: Float[Tensor, " n"], known: Tensor) -> Float[Tensor, ""]:
    """Mean of the values that are known; 0, without a gradient, if none is."""
    kept = values[known]
    return kept.mean() if len(kept) else values.new_zeros(())


def smooth_l1(
    predicted: Float[Tensor, " n"], wanted: Float[Tensor, " n"], beta: float
) -> Float[Tensor, ""]:
    """Mean smooth L1 over known numbers: d^2 / (2 beta) for |d| < beta, else |d| - beta / 2."""
    known = ~wanted.isnan()
    apart = functional.smooth_l1_loss(
        predicted, torch.where(known, wanted, predicted.detach()), beta=beta, reduction="none"
    )
    return known_mean(apart, known)


def absolute(predicted: Float[Tensor, " n"], wanted: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Mean distance from known numbers."""
    known = ~wanted.isnan()
    apart = (predicted - torch.where(known, wanted, predicted.detach())).abs()
    return known_mean(apart, known)


def correlation_loss(
    predicted: Float[Tensor, " n"], wanted: Float[Tensor, " n"]
) -> Float[Tensor, ""]:
    """1 - PLCC over the known numbers of a batch, in [0, 2].

    0 where fewer than three are known, or all known ones are equal.
    """
    known = ~wanted.isnan()
    x, y = predicted[known].float(), wanted[known].float()
    if len(x) < FEWEST or float(y.std()) == 0:
        return predicted.new_zeros(())
    x, y = x - x.mean(), y - y.mean()
    return 1 - (x * y).sum() / (x.norm() * y.norm()).clamp_min(1e-8)
