"""The vision encoder: pixels in, a feature pyramid out; it reports its channels and strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import timm
from jaxtyping import Float
from torch import Tensor, nn


class VisionEncoder(nn.Module):
    """A timm backbone cut into feature levels.

    Args:
        architecture: timm name of the backbone.
        levels: indices of its feature maps, fine to coarse.
        drop_path: up to this share of photos a residual branch is left out for in training mode,
            rising from 0 at the first (stochastic depth; how exactly is the backbone's own).

    Raises:
        ValueError: if timm does not know the backbone, or it has no such levels or no stochastic
            depth.
    """

    def __init__(self, architecture: str, levels: Sequence[int], drop_path: float = 0.0) -> None:
        super().__init__()
        # Not every backbone has residual branches, or an argument for them.
        options: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
        try:
            self.backbone: nn.Module = timm.create_model(
                architecture,
                pretrained=False,
                features_only=True,
                out_indices=tuple(levels),
                **options,
            )
        except (RuntimeError, IndexError, AssertionError, TypeError) as error:
            raise ValueError(
                f"no vision encoder {architecture!r} with feature levels {list(levels)}: {error}"
            ) from error

    @property
    def _levels(self) -> Any:
        """What timm knows of the levels, whatever class its backbone has."""
        return self.backbone.feature_info

    @property
    def channels(self) -> list[int]:
        """Channels of each level, fine to coarse."""
        return list(self._levels.channels())

    @property
    def strides(self) -> list[int]:
        """Pixels per cell of each level, fine to coarse."""
        return list(self._levels.reduction())

    def cells(self, side: int) -> list[int]:
        """Cells of each level of a square photo, fine to coarse."""
        return [(side // stride) ** 2 for stride in self.strides]

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> list[Tensor]:
        """The feature levels, each (B, C_l, H / stride_l, W / stride_l).

        Raises:
            ValueError: if H or W is not a multiple of the coarsest stride.
        """
        stride = self.strides[-1]
        if pixels.shape[2] % stride or pixels.shape[3] % stride:
            raise ValueError(
                f"image sides must be multiples of {stride} px, got {tuple(pixels.shape[2:])}"
            )
        return list(self.backbone(pixels))
