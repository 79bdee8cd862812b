"""A small head that reads a region's numbers off its two tokens, without the language model."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seagull.model.mfe import RegionTokens
from seagull.types import DistortionType

HEAD_NUMBERS = ("quality", "importance", *(kind.value for kind in DistortionType))
"""What the head reads, each in [0, 1]; of a distortion type its severity, 0 where it is absent."""


class RegionHead(nn.Module):
    """Quality, importance and the severity of each distortion type of regions.

    Args:
        width: width D of the tokens.
        hidden: inner width.
    """

    def __init__(self, width: int, hidden: int = 128) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * width)
        self.inner = nn.Linear(2 * width, hidden)
        self.outer = nn.Linear(hidden, len(HEAD_NUMBERS))

    def forward(self, tokens: RegionTokens) -> Float[Tensor, "B R numbers"]:
        """The numbers in ``HEAD_NUMBERS``, in [0, 1]."""
        both = torch.cat([tokens.global_tokens, tokens.local_tokens], dim=-1)
        hidden = nn.functional.gelu(self.inner(self.norm(both)))
        return torch.sigmoid(self.outer(hidden).float())
