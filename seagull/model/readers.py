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


class SubsetReader(nn.Module):
    """Quality of whole photos, read by the subset of people's opinions that they are most like.

    A collection may consist of subsets that were gathered and judged apart, so that the same look
    has another score in each. Likeness is read off all towers, and quality, for each subset apart,
    off those that have learned from whole photos.

    Args:
        statistics: how many statistics each tower's levels have together.
        towers: how many towers there are.
        judges: places of those that have learned from whole photos.
        subsets: how many subsets there are.
    """

    def __init__(self, statistics: int, towers: int, judges: range, subsets: int) -> None:
        super().__init__()
        self.judges = judges
        self.norm = Standardise(towers * statistics)
        self.likeness = nn.Linear(towers * statistics, subsets)
        self.quality = nn.Linear(len(judges) * statistics, subsets)

    def forward(self, shown: Float[Tensor, "B R T S"]) -> Float[Tensor, "B R"]:
        """Quality in [0, 1]: the mean over the subsets, by how like each of them a region is.

        Args:
            shown: statistics of each tower under a region's mask, in float32.
        """
        likeness, quality = self.by_subset(shown)
        return (likeness * quality).sum(dim=-1)

    def by_subset(
        self, shown: Float[Tensor, "B R T S"]
    ) -> tuple[Float[Tensor, "B R subsets"], Float[Tensor, "B R subsets"]]:
        """How like each subset regions are, shares of 1, and their quality in each."""
        known = self.norm(shown.flatten(-2))
        own = known.unflatten(-1, shown.shape[-2:])[..., self.judges, :].flatten(-2)
        quality = self.quality(own).float().clamp(0, 1)
        return self.likeness(known).float().softmax(dim=-1), quality


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
