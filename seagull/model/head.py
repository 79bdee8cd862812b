"""A small head that reads the numbers off a region's two tokens, without the language model."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seagull.model.mfe import RegionTokens


class RegionHead(nn.Module):
    """Quality and importance of regions from their global and local tokens.

    Args:
        width: width D of the tokens.
        hidden: inner width.
    """

    def __init__(self, width: int, hidden: int = 128) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * width)
        self.inner = nn.Linear(2 * width, hidden)
        self.outer = nn.Linear(hidden, 2)

    def forward(self, tokens: RegionTokens) -> Float[Tensor, "B R 2"]:
        """Quality and importance in [0, 1]."""
        both = torch.cat([tokens.global_tokens, tokens.local_tokens], dim=-1)
        hidden = nn.functional.gelu(self.inner(self.norm(both)))
        return torch.sigmoid(self.outer(hidden).float())
