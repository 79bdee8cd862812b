"""Views: what a network is shown of a photo and its regions, the same way in training and in use.

Colour and depth go through the same geometry: they are four layers of one array until the end.

- crop protocol, a whole photo: windows of ``side`` px, its shorter side brought to ``short_side``
  before; a part of a photo: its box, squeezed to ``side`` px;
- mask protocol: the whole photo squeezed to ``side`` px, and the region's mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from numpy.typing import NDArray
from torch import Tensor

from seagull.baselines.config import BaselineConfig, ViewSettings
from seagull.types import Box, Region

READ_SEED = 42
"""Places of the windows in use are drawn from this, so that a photo always gets the same score."""

Layers = NDArray[np.uint8]
"""A photo (H, W, 3), or with its depth as a fourth layer, (H, W, 4)."""


@dataclass(frozen=True, eq=False)
class Views:
    """The input of a network.

    Attributes:
        pixels: colour in [0, 1], (N, 3, s, s); encoders bring it to their own scale.
        of: per region, the number of the view that shows it, (R,).
        masks: share of each pixel that the region covers, (R, 1, s, s); None: the whole view.
        depth: depth in [0, 1], near is bright, (N, 3, s, s); None for systems that see none.
    """

    pixels: Float[Tensor, "N 3 s s"]
    of: Int[Tensor, " R"]
    masks: Float[Tensor, "R 1 s s"] | None = None
    depth: Float[Tensor, "N 3 s s"] | None = None

    def to(self, device: torch.device | str) -> Views:
        """The same on a device."""
        masks = None if self.masks is None else self.masks.to(device)
        depth = None if self.depth is None else self.depth.to(device)
        return Views(self.pixels.to(device), self.of.to(device), masks, depth)


def make_views(
    layers: UInt8[Tensor, "N L s s"],
    of: Int[Tensor, " R"],
    masks: UInt8[Tensor, "R s s"] | None = None,
) -> Views:
    """The views of cut layers; a fourth layer is depth, repeated to three channels."""
    scaled = layers.float() / 255
    depth = scaled[:, 3:4].expand(-1, 3, -1, -1) if layers.shape[1] > 3 else None
    share = None if masks is None else masks[:, None].float() / 255
    return Views(scaled[:, :3], of, share, depth)


def join_views(parts: Sequence[Views]) -> Views:
    """Views one after the other; all with masks and depth, or all without."""
    starts = np.cumsum([0, *(len(part.pixels) for part in parts)])
    of = [part.of + int(start) for part, start in zip(parts, starts, strict=False)]
    masks = [part.masks for part in parts if part.masks is not None]
    depth = [part.depth for part in parts if part.depth is not None]
    return Views(
        torch.cat([part.pixels for part in parts]),
        torch.cat(of),
        torch.cat(masks) if masks else None,
        torch.cat(depth) if depth else None,
    )


def stacked(pixels: NDArray[np.uint8], depth: NDArray[np.uint8] | None) -> Layers:
    """Colour (H, W, 3) and depth (H, W) as one array, if there is depth."""
    return pixels if depth is None else np.dstack([pixels, depth])


def squeezed(layers: Layers, side: int) -> Layers:
    """The whole at side x side pixels; its proportions are lost."""
    shrinks = min(layers.shape[:2]) > side
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return _array(cv2.resize(layers, (side, side), interpolation=how))


def windows(
    layers: Layers, settings: ViewSettings, count: int, rng: np.random.Generator
) -> list[Layers]:
    """Square windows at random places of a photo whose shorter side is brought to size before.

    Args:
        layers: of the photo.
        settings: ``side`` of the windows, and ``short_side``.
        count: of windows.
        rng: of their places.
    """
    height, width = layers.shape[:2]
    wanted = settings.short_side or max(min(height, width), settings.side)
    scale = wanted / min(height, width)
    if scale != 1:
        size = max(wanted, round(width * scale)), max(wanted, round(height * scale))
        # Bilinear at any scale, as the published inference of DGIQA resizes.
        layers = _array(cv2.resize(layers, size, interpolation=cv2.INTER_LINEAR))
        height, width = layers.shape[:2]
    side = settings.side
    cut = []
    for _ in range(count):
        top = int(rng.integers(0, height - side + 1))
        left = int(rng.integers(0, width - side + 1))
        cut.append(layers[top : top + side, left : left + side])
    return cut


def boxed(layers: Layers, box: Box, margin: float) -> Layers:
    """The box's rectangle, wider by a share of its size on each side where the photo goes on."""
    x1, y1, x2, y2 = box
    across, down = round(margin * (x2 - x1)), round(margin * (y2 - y1))
    return layers[max(0, y1 - down) : y2 + down, max(0, x1 - across) : x2 + across]


def region_mask(region: Region, side: int) -> NDArray[np.uint8]:
    """The share of each of side x side cells of the photo that the region covers, from 0 to 255.

    A region too small to cover any cell by 1/510 keeps the cell that it covers most.
    """
    cover = cv2.resize(region.mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    share = np.rint(cover * 255).astype(np.uint8)
    if not share.any():
        share[np.unravel_index(int(np.argmax(cover)), cover.shape)] = 255
    return share


def region_crops(
    layers: Layers,
    region: Region,
    settings: ViewSettings,
    count: int,
    rng: np.random.Generator,
) -> list[Layers]:
    """What the crop protocol shows of a region: windows of a whole photo, else its squeezed box."""
    if region.mask.all():
        return windows(layers, settings, count, rng)
    return [squeezed(boxed(layers, region.box, settings.margin), settings.side)]


def shown(
    layers: Layers,
    regions: Sequence[Region],
    config: BaselineConfig,
    count: int,
    rng: np.random.Generator,
) -> tuple[list[Layers], Tensor | None]:
    """The views of regions by the run's protocol, and masks in the mask protocol.

    Args:
        layers: of the photo.
        regions: of it.
        config: names the protocol.
        count: windows of each region that is the whole photo (crop protocol).
        rng: of their places.
    """
    side = config.view.side
    if config.protocol == "mask":
        masks = np.stack([region_mask(region, side) for region in regions])
        return [squeezed(layers, side)], torch.from_numpy(masks)
    cut = [region_crops(layers, one, config.view, count, rng) for one in regions]
    return [view for views in cut for view in views], None


def as_tensor(cut: Sequence[Layers]) -> UInt8[Tensor, "N L s s"]:
    """Cut layers with the channels first."""
    return torch.from_numpy(np.stack([np.ascontiguousarray(one.transpose(2, 0, 1)) for one in cut]))


def _array(resized: object) -> Layers:
    return np.asarray(resized, dtype=np.uint8)
