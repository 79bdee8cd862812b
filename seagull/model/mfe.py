"""The mask-based feature extractor: a region in, its global and its local token out.

SEAGULL, section 3.2. The global token is the region seen in its whole image (mask pooling on every
level, then attention to the image); the local token is the region's crop seen by itself. A token
depends on its own region and image only, never on which other regions are asked with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from seagull.model.keys import ChannelKeys, PositionKeys
from seagull.model.layers import LoneAttention, RegionBlock, mlp
from seagull.model.pooling import MaskPooling, geometry

Pyramid = Sequence[Tensor]
"""Feature levels, fine to coarse, each (B, C_l, h_l, w_l)."""


class ImageContext(NamedTuple):
    """What regions attend to, per level: projected keys and values, each (B, heads, K_l, d)."""

    levels: tuple[tuple[Tensor, Tensor], ...]


class PixelCrop(nn.Module):
    """The paper's local branch: two 1x1 convolutions and average pooling of the crop's pixels."""

    def __init__(self, crop_size: int, embed_dim: int, out_dim: int) -> None:
        super().__init__()
        side = crop_size // 16
        if side * side != embed_dim:
            raise ValueError(
                f"a crop of {crop_size} px leaves {side}x{side} cells, which must equal the MFE's "
                f"width {embed_dim}; change crop_size or embed_dim"
            )
        self.stem = nn.Sequential(
            nn.Conv2d(3, 5, 1), nn.GELU(), nn.AvgPool2d(4),
            nn.Conv2d(5, 1, 1), nn.GELU(), nn.AvgPool2d(4),
        )  # fmt: skip
        self.attention = LoneAttention(embed_dim)
        self.mlp = mlp([embed_dim, embed_dim // 2, embed_dim // 2, out_dim])

    def forward(self, crops: Float[Tensor, "N 3 s s"]) -> Float[Tensor, "N D"]:
        """One token per crop."""
        return self.mlp(self.attention(self.stem(crops).flatten(1)))


class Standardise(nn.Module):
    """Each of C statistics scaled and shifted on its own; nothing happens until it is fitted."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, pooled: Float[Tensor, "*some C"]) -> Float[Tensor, "*some C"]:
        """The statistics, about 0 with a deviation of about 1 on the data fitted to."""
        return pooled * self.scale + self.shift

    @property
    def fitted(self) -> bool:
        """Whether it does anything."""
        return bool((self.scale != 1).any() or (self.shift != 0).any())

    @torch.no_grad()
    def fit(self, mean: Float[Tensor, " C"], deviation: Float[Tensor, " C"]) -> None:
        """Takes over mean and standard deviation of the statistics."""
        scale = 1 / deviation.clamp_min(1e-4)
        self.scale.copy_(scale)
        self.shift.copy_(-mean * scale)


class PyramidCrop(nn.Module):
    """A local branch on the crop's own feature pyramid: statistics of every level.

    Args:
        pooling: of the crop's levels.
        norm: of all levels' statistics together, S of them.
        mlp: from S statistics to the token's width D.
    """

    def __init__(self, pooling: MaskPooling, norm: Standardise, mlp: nn.Module) -> None:
        super().__init__()
        self.pooling = pooling
        self.norm = norm
        self.mlp = mlp

    def forward(self, pyramid: Pyramid, masks: Bool[Tensor, "N s s"]) -> Float[Tensor, "N D"]:
        """One token per crop, from its levels (N, C_l, h_l, w_l) under the region's mask."""
        dtype = next(self.mlp.parameters()).dtype
        return self.mlp(self.norm(self.pooled(pyramid, masks)).to(dtype))

    def pooled(self, pyramid: Pyramid, masks: Bool[Tensor, "N s s"]) -> Float[Tensor, "N S"]:
        """The statistics of all levels, in float32."""
        return torch.cat([self.pooling(level, masks[:, None])[:, 0] for level in pyramid], dim=1)


class MaskFeatureExtractor(nn.Module):
    """Turns regions into a global and a local token each; ``seagull.model.build`` makes its parts.

    Args:
        pooling: of the image's levels, S_l statistics of level l.
        basic: per level, from its statistics to the inner width E.
        norms: per level, of its statistics; None leaves them as they come.
        geometry: from the region's size and place to E; None where global tokens carry neither.
        keys: per level, what regions attend to.
        block: lets regions attend to their image.
        width: width D of the language model.
        local: the local branch.
    """

    def __init__(
        self,
        *,
        pooling: MaskPooling,
        basic: Sequence[nn.Linear],
        norms: Sequence[Standardise] | None,
        geometry: nn.Linear | None,
        keys: Sequence[ChannelKeys] | Sequence[PositionKeys],
        block: RegionBlock,
        width: int,
        local: PixelCrop | PyramidCrop,
    ) -> None:
        super().__init__()
        self.pooling = pooling
        self.basic = nn.ModuleList(basic)
        self.norms = None if norms is None else nn.ModuleList(norms)
        self.geometry = geometry
        self.keys = nn.ModuleList(keys)
        self.block = block
        inner = basic[0].out_features
        self.attended_out = nn.Linear(inner, width)
        self.basic_out = nn.Linear(inner, width)
        self.merge = nn.Linear(2 * width, width)
        self.local = local

    def image_context(self, pyramid: Pyramid) -> ImageContext:
        """Keys and values of the whole image, computed once for all its regions.

        One key per position is one per cell of the coarsest level.
        """
        levels = []
        grid = (pyramid[-1].shape[2], pyramid[-1].shape[3])
        for keys, level in zip(self.keys, pyramid, strict=True):
            tokens = keys(level) if isinstance(keys, ChannelKeys) else keys(level, grid)
            levels.append(self.block.image_attention.project(tokens))
        return ImageContext(tuple(levels))

    def global_tokens(
        self, pyramid: Pyramid, context: ImageContext, masks: Bool[Tensor, "B R H W"]
    ) -> Float[Tensor, "B R D"]:
        """The regions seen in their whole image.

        Args:
            pyramid: levels of the image, (B, C_l, h_l, w_l).
            context: ``image_context(pyramid)``.
            masks: at the resolution of the encoder's input.
        """
        basic_sum: Tensor | int = 0
        attended_sum: Tensor | int = 0
        place: Tensor | int = 0
        if self.geometry is not None:
            place = self.geometry(geometry(masks).to(self.geometry.weight.dtype))
        pooled_levels = self.pooled(pyramid, masks)
        levels = zip(pooled_levels, self.basic, context.levels, strict=True)
        for number, (pooled, linear, projected) in enumerate(levels):
            level = pooled if self.norms is None else self.norms[number](pooled)
            basic = linear(level.to(projected[0].dtype)) + place
            basic_sum = basic_sum + basic
            attended_sum = attended_sum + self.block(basic, projected)
        parts = [self.attended_out(attended_sum), self.basic_out(basic_sum)]
        return self.merge(torch.cat(parts, dim=-1))

    def pooled(self, pyramid: Pyramid, masks: Bool[Tensor, "B R H W"]) -> list[Tensor]:
        """Per level, the statistics under each mask, (B, R, S_l), in float32."""
        return [self.pooling(level, masks) for level in pyramid]

    def local_tokens(
        self,
        crops: Float[Tensor, "N 3 s s"],
        crop_masks: Bool[Tensor, "N s s"],
        encode: Callable[[Tensor], Pyramid],
    ) -> Float[Tensor, "N D"]:
        """The crops seen by themselves.

        Args:
            crops: windows around the regions.
            crop_masks: the regions in them.
            encode: the vision encoder, used where the local token sees the crop's pyramid.
        """
        if isinstance(self.local, PyramidCrop):
            return self.local(encode(crops), crop_masks)
        return self.local(crops)
