"""Mask pooling: the mean of a feature level under a region's mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

Coverage = str
"""``touched`` or ``area``; see ``level_weights``."""


def level_weights(
    masks: Bool[Tensor, "B R H W"], size: tuple[int, int], coverage: Coverage
) -> Float[Tensor, "B R h w"]:
    """Weight in [0, 1] of each cell of a feature level, per region; every region weighs something.

    ``touched``: 1 where bilinear resizing leaves anything of the mask, as the published code does.
    Coarse levels can lose a small region that way; such a region takes every cell it covers at all.
    ``area``: the share of the cell that the mask covers.

    Args:
        masks: at the resolution of the encoder's input.
        size: height and width of the level in cells.
        coverage: ``touched`` or ``area``.
    """
    share = functional.adaptive_avg_pool2d(masks.float(), size)
    if coverage == "area":
        return share
    sampled = functional.interpolate(masks.float(), size=size, mode="bilinear") > 0
    unsampled = ~sampled.flatten(2).any(dim=2)
    return torch.where(unsampled[..., None, None], share > 0, sampled).float()


def pool(
    features: Float[Tensor, "B C h w"],
    weights: Float[Tensor, "B R h w"],
    statistics: Sequence[str] = ("mean",),
) -> Float[Tensor, "B R S"]:
    """Weighted statistics of the features per region, in the order asked: S = their number * C.

    Computed in float32 whatever the features' type: a variance in bfloat16 is mostly rounding.

    Raises:
        ValueError: on a statistic other than ``mean`` and ``std``.
    """
    with torch.autocast(features.device.type, enabled=False):
        return _pool(features.float(), weights.float(), statistics).to(features.dtype)


def _pool(
    features: Float[Tensor, "B C h w"],
    weights: Float[Tensor, "B R h w"],
    statistics: Sequence[str],
) -> Float[Tensor, "B R S"]:
    flat = features.flatten(2).transpose(1, 2)  # (B, h*w, C)
    shares = weights.flatten(2)  # (B, R, h*w)
    shares = shares / shares.sum(dim=2, keepdim=True).clamp_min(1e-8)
    mean = shares @ flat
    pooled = []
    for statistic in statistics:
        if statistic == "mean":
            pooled.append(mean)
        elif statistic == "std":
            variance = shares @ flat.square() - mean.square()
            pooled.append(variance.clamp_min(0).add(1e-6).sqrt())
        else:
            raise ValueError(f"pooling statistics are 'mean' and 'std', got {statistic!r}")
    return torch.cat(pooled, dim=2)


@dataclass(frozen=True)
class MaskPooling:
    """How a feature level is pooled under masks.

    Attributes:
        statistics: ``mean`` and ``std``, in the order wanted.
        coverage: see ``level_weights``.
    """

    statistics: Sequence[str]
    coverage: Coverage

    def __call__(
        self, level: Float[Tensor, "B C h w"], masks: Bool[Tensor, "B R H W"]
    ) -> Float[Tensor, "B R S"]:
        """The statistics (S = their number times C) under each mask, in float32."""
        weights = level_weights(masks, (level.shape[2], level.shape[3]), self.coverage)
        return pool(level.float(), weights, self.statistics)


GEOMETRY = 6
"""How many numbers ``geometry`` gives."""


def geometry(masks: Bool[Tensor, "B R H W"]) -> Float[Tensor, "B R 6"]:
    """Size and place of regions, none of which depends on the image's resolution.

    The share of the image, its root and its logarithm over 5, the centre (down, across; -1 to 1),
    and how far the region reaches about it (root of the summed variances of both coordinates).
    """
    shares = masks.float()
    rows, columns = shares.sum(dim=3), shares.sum(dim=2)
    area = rows.sum(dim=2).clamp_min(1)
    centres, spread = [], torch.zeros_like(area)
    for line in (rows, columns):
        count = line.shape[2]
        places = (torch.arange(count, device=line.device) * 2 + 1) / count - 1
        centre = line @ places / area
        spread = spread + (line @ places.square() / area - centre.square()).clamp_min(0)
        centres.append(centre)
    share = area / (masks.shape[2] * masks.shape[3])
    return torch.stack([share, share.sqrt(), share.log() / 5, *centres, spread.sqrt()], dim=-1)
