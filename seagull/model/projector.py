"""The projector: maps one feature level to the image tokens of the language model."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from seagull.model.layers import mlp


class ImageProjector(nn.Module):
    """Two linear layers with a GELU between them (LLaVA's ``mlp2x_gelu``).

    Args:
        channels: channels C of the level.
        out_dim: width D of the language model.
        grid: average the level to ``grid`` x ``grid`` cells first; 0 leaves it as it is.
    """

    def __init__(self, channels: int, out_dim: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.mlp = mlp([channels, out_dim, out_dim], nn.GELU)

    def forward(self, level: Float[Tensor, "B C h w"]) -> Float[Tensor, "B N D"]:
        """Image tokens, row by row."""
        if self.grid:
            level = functional.adaptive_avg_pool2d(level, (self.grid, self.grid))
        return self.mlp(level.flatten(2).transpose(1, 2))
