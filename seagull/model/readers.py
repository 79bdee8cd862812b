"""Small readers of quality straight off towers of the vision encoder: no token is in between."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from seagull.model.mfe import Pyramid, Standardise
from seagull.model.pooling import level_weights

LARGEST_LOG_WEIGHT = 8.0
"""Logarithms of the cells' weights stay within this, so that none is all there is."""


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


class CellReader(nn.Module):
    """Quality of regions off every cell of some towers.

    Each cell has a quality and a weight, both read off what the towers show there; a region's
    quality is the weighted mean over the cells it covers. Full-reference metrics are made in that
    way (HaarPSI: Reisenhofer et al., 2018, eq. 8), and of a region that is distorted in part the
    mean of its features tells less than the mean of its cells.

    Args:
        channels: of each tower's levels, fine to coarse, at least two.
        hidden: inner width.
    """

    def __init__(self, channels: Sequence[Sequence[int]], hidden: int = 64) -> None:
        super().__init__()
        self.per_tower = len(channels[0])
        width = sum(2 * sum(levels) - sum(levels[-2:]) for levels in channels)
        self.norm = Standardise(width)
        self.inner = nn.Linear(width, hidden)
        self.dropout = nn.Dropout(0.1)
        self.outer = nn.Linear(hidden, 2)

    def forward(self, pyramid: Pyramid, masks: Bool[Tensor, "B R H W"]) -> Float[Tensor, "B R"]:
        """Quality in [0, 1].

        Args:
            pyramid: the towers' levels, side by side.
            masks: at the resolution of the encoder's input.
        """
        cells = self.cells(pyramid)
        return self.read(
            cells.flatten(1, 2), level_weights(masks, (cells.shape[1], cells.shape[2]), "area")
        )

    def cells(self, pyramid: Pyramid) -> Float[Tensor, "B h w F"]:
        """What all towers show in each cell of the first one's second coarsest level.

        Of finer levels mean and standard deviation within the cell, in float32.
        """
        height, width = pyramid[self.per_tower - 2].shape[2:]
        grid = (height, width)
        shown: list[Tensor] = []
        for number, level in enumerate(map(Tensor.float, pyramid)):
            from_coarsest = self.per_tower - 1 - number % self.per_tower
            if from_coarsest == 0:
                shown.append(functional.interpolate(level, grid, mode="bilinear"))
                continue
            mean = functional.adaptive_avg_pool2d(level, grid)
            shown.append(mean)
            if from_coarsest > 1:
                square = functional.adaptive_avg_pool2d(level.square(), grid)
                shown.append((square - mean.square()).clamp_min(0).sqrt())
        return torch.cat(shown, dim=1).movedim(1, -1)

    def read(
        self, cells: Float[Tensor, "B K F"], covered: Float[Tensor, "B R *grid"]
    ) -> Float[Tensor, "B R"]:
        """Quality in [0, 1] of regions that cover so much of each cell."""
        hidden = self.dropout(functional.gelu(self.inner(self.norm(cells))))
        quality, weight = self.outer(hidden).float().unbind(dim=-1)
        counts = weight.clamp(-LARGEST_LOG_WEIGHT, LARGEST_LOG_WEIGHT).exp()[:, None]
        counts = counts * covered.flatten(2).clamp_min(1e-6)
        return (counts * torch.sigmoid(quality)[:, None]).sum(dim=-1) / counts.sum(dim=-1)
