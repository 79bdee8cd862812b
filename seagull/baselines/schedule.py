"""Learning rates over a run, and which parameters decay."""

from __future__ import annotations

import math

import torch
from torch import nn

from seagull.baselines.config import BaselineConfig
from seagull.baselines.network import BaselineNetwork

FALLS = 3
"""A stepped schedule has so many equal parts, each at a tenth of the rate before."""
UNDECAYED = ("pos_embed", "cls_token", "panel", "relative_position_bias_table")
"""Ends of the names of matrices that are no weights of a layer."""


def share(config: BaselineConfig, step: int, steps: int) -> float:
    """The share of the learning rate at a step (from 0) of a run, in (0, 1]."""
    warmup = config.warmup if config.warmup >= 1 else config.warmup * steps
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1.0, steps - warmup)
    if config.schedule == "step":
        return float(0.1 ** min(FALLS - 1, int(done * FALLS)))
    return 0.5 * (1 + math.cos(math.pi * done))


def make_optimizer(config: BaselineConfig, network: BaselineNetwork) -> torch.optim.AdamW:
    """AdamW with rates for encoders and the rest; biases, norms and places do not decay."""
    groups = []
    for part, module in network.parts().items():
        rate = config.rate("encoder" if part.startswith("encoder") else "default")
        for decays in (True, False):
            own = [
                value for name, value in module.named_parameters() if _decays(name, value) is decays
            ]
            decay = config.weight_decay if decays else 0.0
            groups.append({"params": own, "lr": rate, "rate": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups)


def set_rates(optimizer: torch.optim.Optimizer, part: float) -> None:
    """Brings every group to a share of its rate."""
    for group in optimizer.param_groups:
        group["lr"] = group["rate"] * part


def _decays(name: str, value: nn.Parameter) -> bool:
    return value.ndim > 1 and not name.endswith(UNDECAYED)
