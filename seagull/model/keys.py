"""Keys of the image that regions attend to: channels as in the paper, or one per position."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class ChannelKeys(nn.Module):
    """The paper's keys: each channel's whole spatial map is one token. Fixes the level's size."""

    def __init__(self, cells: int, width: int) -> None:
        super().__init__()
        self.cells = cells
        self.project = nn.Linear(cells, width)

    def forward(self, features: Float[Tensor, "B C h w"]) -> Float[Tensor, "B C E"]:
        """One key per channel.

        Raises:
            ValueError: if the level has another number of cells than the weights were made for.
        """
        flat = features.flatten(2)
        if flat.shape[2] != self.cells:
            raise ValueError(
                f"this model's keys are channels of {self.cells} cells, the level has "
                f"{tuple(features.shape[2:])}; bring the image to the model's own input size"
            )
        return self.project(flat)


class PositionKeys(nn.Module):
    """One key per position of a level brought to a coarser grid, so any image size works."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.project = nn.Linear(channels, width)

    def forward(
        self, features: Float[Tensor, "B C h w"], grid: tuple[int, int]
    ) -> Float[Tensor, "B K E"]:
        """One key per cell of ``grid`` (height, width)."""
        cells = functional.adaptive_avg_pool2d(features, grid).flatten(2).transpose(1, 2)
        return self.project(cells) + position_code(grid, self.width).to(cells)


def position_code(grid: tuple[int, int], width: int) -> Float[Tensor, "K E"]:
    """Sines and cosines of the cells' centres, as shares of the image's height and width.

    Raises:
        ValueError: if the width is not a multiple of 4.
    """
    if width % 4:
        raise ValueError(f"a position code's width must be a multiple of 4, got {width}")
    height, breadth = grid
    frequencies = torch.pi * 2.0 ** torch.linspace(0, 5, width // 4)
    rows = ((torch.arange(height) + 0.5) / height)[:, None] * frequencies
    columns = ((torch.arange(breadth) + 0.5) / breadth)[:, None] * frequencies
    down = torch.cat([rows.sin(), rows.cos()], dim=1)[:, None].expand(-1, breadth, -1)
    across = torch.cat([columns.sin(), columns.cos()], dim=1)[None].expand(height, -1, -1)
    return torch.cat([down, across], dim=2).flatten(0, 1)
