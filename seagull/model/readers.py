"""Small networks of the head for side towers: what they read, and how far that counts."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seagull.model.mfe import Standardise


class TowerReader(nn.Module):
    """Quality straight off what one tower shows under a region's mask.

    Args:
        statistics: how many statistics all its levels have together.
        hidden: inner width.
    """

    def __init__(self, statistics: int, hidden: int = 64) -> None:
        super().__init__()
        self.norm = Standardise(statistics)
        self.inner = nn.Linear(statistics, hidden)
        self.outer = nn.Linear(hidden, 1)

    def forward(self, pooled: Float[Tensor, "B R S"]) -> Float[Tensor, "B R"]:
        """Quality in [0, 1]."""
        hidden = functional.gelu(self.inner(self.norm(pooled)))
        return torch.sigmoid(self.outer(hidden).float()).squeeze(-1)


class Gate(nn.Module):
    """How far a region's photo is like those that people judged, off the region's tokens.

    Args:
        width: of both tokens together.
        hidden: inner width. A linear gate hardly tells whole distorted photos from these.
    """

    def __init__(self, width: int, hidden: int = 64) -> None:
        super().__init__()
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, 1)

    def forward(self, tokens: Float[Tensor, "B R W"]) -> Float[Tensor, "B R"]:
        """From 0, shut, to 1."""
        return torch.sigmoid(self.outer(functional.gelu(self.inner(tokens))).float()).squeeze(-1)
