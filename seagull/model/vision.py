"""The vision encoder: pixels in, a feature pyramid out; it reports its channels and strides."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, cast

import timm
from jaxtyping import Float
from timm.models._features import FeatureListNet
from torch import Tensor, nn


class VisionEncoder(nn.Module):
    """A timm backbone cut into feature levels, or several of one architecture: its towers.

    Towers that were trained apart err differently, so what is read off their levels together is
    better than what is read off any one.

    Args:
        architecture: timm name of the backbone.
        levels: indices of its feature maps, fine to coarse.
        drop_path: up to this share of photos a residual branch is left out for in training mode,
            rising from 0 at the first (stochastic depth; how exactly is the backbone's own).
        towers: how many backbones, each with weights of its own. The levels of one follow those of
            the other.

    Raises:
        ValueError: if timm does not know the backbone, or it has no such levels or no stochastic
            depth; or for less than one tower.
    """

    def __init__(
        self,
        architecture: str,
        levels: Sequence[int],
        drop_path: float = 0.0,
        towers: int = 1,
    ) -> None:
        super().__init__()
        if towers < 1:
            raise ValueError(f"towers: a vision encoder has at least one, got {towers}")
        # The first tower has the name that it has where it is the only one, so keys stay the same.
        self.backbone = _backbone(architecture, levels, drop_path)
        self.others = nn.ModuleList(
            _backbone(architecture, levels, drop_path) for _ in range(towers - 1)
        )

    @property
    def backbones(self) -> list[FeatureListNet]:
        """Its towers, the first one first."""
        return [self.backbone, *(cast(FeatureListNet, other) for other in self.others)]

    @property
    def channels(self) -> list[int]:
        """Channels of each level, of each tower fine to coarse."""
        return self.crop_channels * len(self.backbones)

    @property
    def strides(self) -> list[int]:
        """Input pixels per cell of each level, of each tower fine to coarse."""
        return list(self.backbone.feature_info.reduction()) * len(self.backbones)

    @property
    def crop_channels(self) -> list[int]:
        """Channels of each level of ``first``, fine to coarse."""
        return list(self.backbone.feature_info.channels())

    def first(self, pixels: Float[Tensor, "B 3 H W"]) -> list[Tensor]:
        """The levels of the first tower alone, which regions' crops are seen by.

        A second tower would double what crops cost, and the local token adds little to the global
        one (docs/nano.md, ablation).

        Raises:
            ValueError: as ``forward``.
        """
        self._check_sides(pixels)
        return self.backbone(pixels)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> list[Tensor]:
        """The feature levels of all towers, each (B, C_l, H / stride_l, W / stride_l).

        Raises:
            ValueError: if H or W is not a multiple of the coarsest stride.
        """
        self._check_sides(pixels)
        return list(chain.from_iterable(backbone(pixels) for backbone in self.backbones))

    def _check_sides(self, pixels: Tensor) -> None:
        stride = self.strides[-1]
        if pixels.shape[2] % stride or pixels.shape[3] % stride:
            raise ValueError(
                f"image sides must be multiples of {stride} px, got {tuple(pixels.shape[2:])}"
            )


def _backbone(architecture: str, levels: Sequence[int], drop_path: float) -> FeatureListNet:
    # Not every backbone has residual branches, or an argument for them.
    more: dict[str, Any] = {"drop_path_rate": drop_path} if drop_path else {}
    try:
        backbone = timm.create_model(
            architecture, pretrained=False, features_only=True, out_indices=tuple(levels), **more
        )
    except (RuntimeError, IndexError, AssertionError, TypeError) as error:
        raise ValueError(
            f"no vision encoder {architecture!r} with feature levels {list(levels)}: {error}"
        ) from error
    return cast(FeatureListNet, backbone)
