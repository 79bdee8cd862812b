"""Noise for region tokens: those of other photos' regions of the same quality (QFM-IQM's idea).

A reconstruction, carried over to Seagull: partners come from the micro-batch, so nothing has to be
remembered between steps, and semantics are the global tokens themselves.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seagull.training.config import ConsistencySettings
from seagull.training.matching import Described, at_scale, match


def disturbed(
    tokens: Float[Tensor, "B R D"],
    mos: Float[Tensor, "B R"],
    scenes: Int[Tensor, " B"],
    settings: ConsistencySettings,
) -> tuple[Float[Tensor, "B R D"], Bool[Tensor, "B R"]]:
    """t~ = t + a r t_j for tokens with a partner, a ~ U(0, a_max), r = rms(t) / rms(t_j); which.

    No gradient flows into the partner. Tokens without one stay as they are.

    Args:
        tokens: global tokens.
        mos: quality in [0, 1], NaN where unknown: such regions have and are no partner.
        scenes: number of each photo, the same for all versions of one.
        settings: thresholds and strength.
    """
    rows = tokens.flatten(0, 1)  # (N, D), N = B R
    photo = scenes[:, None].expand(mos.shape).flatten()
    regions = Described(rows.detach(), mos.flatten(), photo)
    found = match(regions, regions, settings)
    noise = at_scale(rows[found.entry[:, 0]], rows)
    strength = settings.strength * torch.rand(len(rows), device=rows.device, dtype=rows.dtype)
    added = torch.where(found.matched, strength, 0.0)[:, None] * noise
    return (rows + added).view_as(tokens), found.matched.view_as(mos)
