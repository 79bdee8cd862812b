"""Computes a region's mask at the encoder's resolution, and its crop."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from seagull.photos import MAX_PIXELS
from seagull.preprocessing.image import Frame, ImageTransform
from seagull.types import BoolMask, Box, Region

_MOST_PADDED = MAX_PIXELS
"""Most pixels of a window that is padded before it is scaled down: those of the largest photo, for
which there is memory. The window of a photo of 60000 x 16 would have 3.6 billion."""

_Border = tuple[int, int, int, int]
"""Pixels above, below, left and right."""


@dataclass(frozen=True)
class CropTransform:
    """How a region's crop is cut and prepared.

    With a ``square`` image transform the crop is the region's box squeezed to the square, as in the
    paper. With a ``native`` one it is a square window around the box, at the photo's own resolution
    unless the box is larger than the window.

    Args:
        size: side of the crop in pixels.
        image: the photo's transform; its normalisation is used.
        published_box: leave out the box's last row and column, as the released inference code
            does by an off-by-one; for checkpoints that learned with it.
    """

    size: int
    image: ImageTransform
    published_box: bool = False

    def crop(
        self, photo: NDArray[np.uint8], region: Region
    ) -> tuple[Float[Tensor, "3 s s"], Bool[Tensor, "s s"]]:
        """The crop, and the region's mask within it (true everywhere for a squeezed box)."""
        if self.image.size:
            x1, y1, x2, y2 = self._published(region.box)
            return self.image.pixels(photo[y1:y2, x1:x2]), torch.ones(
                self.size, self.size, dtype=torch.bool
            )
        pixels, mask = window(photo, region, self.size)
        return self.image.normalise(pixels), torch.from_numpy(mask)

    def _published(self, box: Box) -> Box:
        x1, y1, x2, y2 = box
        if not self.published_box:
            return box
        return x1, y1, max(x1 + 1, x2 - 1), max(y1 + 1, y2 - 1)


def window(
    photo: NDArray[np.uint8], region: Region, size: int
) -> tuple[NDArray[np.uint8], BoolMask]:
    """A square window around a region, ``size`` pixels a side after scaling down if need be.

    The window is centred on the region's box, moved inside the photo where it fits, and extended
    by reflection where the photo is smaller. A window of more than ``_MOST_PADDED`` pixels is
    scaled down before it is extended, which moves what is in it by half a pixel at most.
    """
    height, width = region.size
    x1, y1, x2, y2 = region.box
    side = max(size, x2 - x1, y2 - y1)
    left = _start((x1 + x2 - side) // 2, side, width)
    top = _start((y1 + y2 - side) // 2, side, height)
    rows = slice(max(top, 0), min(top + side, height))
    columns = slice(max(left, 0), min(left + side, width))
    border = (
        max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width),
    )  # fmt: skip
    cut, inside = photo[rows, columns], region.mask[rows, columns]
    if side * side > _MOST_PADDED:
        cut, inside, border = _reduced(cut, inside, border, size)
        side = size
    pixels = cv2.copyMakeBorder(cut, *border, cv2.BORDER_REFLECT)
    mask = cv2.copyMakeBorder(inside.astype(np.uint8), *border, cv2.BORDER_CONSTANT, value=0)
    if side != size:
        pixels = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
        mask = nearest_mask(mask.astype(bool), (size, size)).astype(np.uint8)
    return pixels.astype(np.uint8, copy=False), mask.astype(bool)


def _reduced(
    cut: NDArray[np.uint8], inside: BoolMask, border: _Border, size: int
) -> tuple[NDArray[np.uint8], BoolMask, _Border]:
    """What is cut and its border scaled down, to a window of ``size`` pixels a side."""
    top, bottom, left, _ = border
    height, width = inside.shape
    scale = size / (top + height + bottom)
    above, beside = round(top * scale), round(left * scale)
    down = max(1, round((top + height) * scale) - above)
    across = max(1, round((left + width) * scale) - beside)
    pixels = cv2.resize(cut, (across, down), interpolation=cv2.INTER_AREA)
    border = above, size - above - down, beside, size - beside - across
    return pixels.astype(np.uint8, copy=False), nearest_mask(inside, (down, across)), border


def _start(centred: int, side: int, length: int) -> int:
    """Where a window of ``side`` begins: inside the photo if it fits, centred on it if not."""
    if side >= length:
        return (length - side) // 2
    return min(max(centred, 0), length - side)


def nearest_mask(mask: BoolMask, size: tuple[int, int]) -> BoolMask:
    """The mask at (height, width) ``size`` by nearest neighbour; a region never vanishes.

    A region too thin for its pixels to be sampled takes every pixel it touches.
    """
    height, width = size
    if mask.shape == (height, width):
        return mask
    resized = cv2.resize(
        mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    ).astype(bool)
    if resized.any():
        return resized
    rows, columns = np.nonzero(mask)
    touched = np.zeros(size, dtype=bool)
    touched[rows * height // mask.shape[0], columns * width // mask.shape[1]] = True
    return touched


def encoder_mask(region: Region, frame: Frame) -> Bool[Tensor, "H W"]:
    """The region's mask in the encoder's input; padding belongs to no region."""
    mask = np.zeros(frame.padded, dtype=bool)
    height, width = frame.content
    mask[:height, :width] = nearest_mask(region.mask, frame.content)
    return torch.from_numpy(mask)
