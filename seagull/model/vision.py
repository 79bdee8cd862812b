"""The vision encoder: pixels in, a feature pyramid out; it reports its channels and strides."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

import timm
from jaxtyping import Float
from timm.models._features import FeatureListNet
from torch import Tensor, nn
from torch.nn import functional

TURNS: tuple[tuple[int, ...], ...] = ((), (3,), (2,))
"""The looks that a tower may take at a photo, as the axes that are flipped: none, width, height."""


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
        scales: in (0, 1], one for each tower: the share of the photo's sides that it sees, see
            ``reduced``. Empty: every tower sees photos as they are. Half the sides cost a quarter.
        looks: 1 to 3, one for each tower: how often it looks at a photo, as it is, mirrored and
            upside down. Its levels are the mean of these looks, each turned back. Empty: once. What
            a tower gets wrong changes with the look, what is there does not.

    Raises:
        ValueError: if timm does not know the backbone, or it has no such levels or no stochastic
            depth; for less than one tower, or scales or looks that do not go with the towers.
    """

    def __init__(
        self,
        architecture: str,
        levels: Sequence[int],
        drop_path: float = 0.0,
        towers: int = 1,
        scales: Sequence[float] = (),
        looks: Sequence[int] = (),
    ) -> None:
        super().__init__()
        if towers < 1:
            raise ValueError(f"towers: a vision encoder has at least one, got {towers}")
        self.scales = tuple(scales) or (1.0,) * towers
        if len(self.scales) != towers or not all(0 < scale <= 1 for scale in self.scales):
            raise ValueError(
                f"scales: one above 0 and at most 1 for each of {towers} towers, got {[*scales]}"
            )
        self.looks = tuple(looks) or (1,) * towers
        if len(self.looks) != towers or not all(1 <= count <= len(TURNS) for count in self.looks):
            raise ValueError(
                f"looks: from 1 to {len(TURNS)} for each of {towers} towers, got {[*looks]}"
            )
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
        """Pixels of what a tower sees per cell of each of its levels, fine to coarse."""
        return list(self.backbone.feature_info.reduction())

    def cells(self, side: int) -> list[int]:
        """Cells of each level of a square photo, of each tower fine to coarse."""
        seen = [reduced_side(side, scale, self.strides[-1]) for scale in self.scales]
        return [(own // stride) ** 2 for own in seen for stride in self.strides]

    @property
    def crop_channels(self) -> list[int]:
        """Channels of each level of ``first``, fine to coarse."""
        return list(self.backbone.feature_info.channels())

    def first(self, pixels: Float[Tensor, "B 3 H W"]) -> list[Tensor]:
        """The levels of the first tower alone, which regions' crops are seen by, at its
        scale and with its looks.

        A second tower would double what crops cost, and the local token adds little to the global
        one (docs/nano.md, ablation).

        Raises:
            ValueError: as ``forward``.
        """
        return self.look(pixels, [0])

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> list[Tensor]:
        """The feature levels of all towers, each (B, C_l, h / stride_l, w / stride_l).

        h and w are the sides of what the tower sees: H and W, or less (see ``reduced``).

        Raises:
            ValueError: if H or W is not a multiple of the coarsest stride.
        """
        return self.look(pixels, range(len(self.scales)))

    def look(self, pixels: Float[Tensor, "B 3 H W"], towers: Iterable[int]) -> list[Tensor]:
        """The feature levels of some towers, by their places from 0; else as ``forward``."""
        self._check_sides(pixels)
        # Towers of one scale see one and the same smaller photo.
        chosen = [*towers]
        scales = dict.fromkeys(self.scales[place] for place in chosen)
        seen = {scale: reduced(pixels, scale, self.strides[-1]) for scale in scales}
        return [
            level
            for place in chosen
            for level in mean_of_looks(
                self.backbones[place], seen[self.scales[place]], self.looks[place]
            )
        ]

    def _check_sides(self, pixels: Tensor) -> None:
        stride = self.strides[-1]
        if pixels.shape[2] % stride or pixels.shape[3] % stride:
            raise ValueError(
                f"image sides must be multiples of {stride} px, got {tuple(pixels.shape[2:])}"
            )


def mean_of_looks(
    backbone: nn.Module, pixels: Float[Tensor, "B 3 H W"], looks: int
) -> list[Tensor]:
    """The levels of one tower: the mean of its first looks (``TURNS``), each turned back."""
    levels: list[Tensor] = list(backbone(pixels))
    # One after the other: a CPU's caches hold the features of one look.
    for turn in TURNS[1:looks]:
        turned = backbone(pixels.flip(turn))
        levels = [level + other.flip(turn) for level, other in zip(levels, turned, strict=True)]
    return [level / looks for level in levels] if looks > 1 else levels


def reduced(pixels: Float[Tensor, "B 3 H W"], scale: float, multiple: int) -> Tensor:
    """Photos with their sides brought to a share, by bicubic filtering as wide as that takes.

    Args:
        pixels: of the photos; their sides are multiples of ``multiple``.
        scale: in (0, 1].
        multiple: the new sides are multiples of it, too, see ``reduced_side``.

    Returns:
        (B, 3, h, w).
    """
    height, width = pixels.shape[2:]
    size = [reduced_side(side, scale, multiple) for side in (height, width)]
    if size == [height, width]:
        return pixels
    # Not every device can filter in half precision.
    smaller = functional.interpolate(pixels.float(), size, mode="bicubic", antialias=True)
    return smaller.to(pixels.dtype)


def reduced_side(side: int, scale: float, multiple: int) -> int:
    """The share of a side in pixels, up to the next multiple."""
    return math.ceil(side * scale / multiple) * multiple


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
