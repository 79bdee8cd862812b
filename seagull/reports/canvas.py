"""The sheet a picture is drawn on: a photo brought to a size at which labels read well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from seagull.types import BoolMask, Region

MIN_LONG_SIDE = 800
MAX_LONG_SIDE = 2400

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Canvas:
    """A resized photo with the sizes of everything drawn on it.

    Attributes:
        pixels: (H, W, 3) uint8 sRGB; its long side lies in [800, 2400].
        unit: about a five-hundredth of the picture, in pixels; lines and paddings are multiples.
        font: for labels and the legend.
    """

    pixels: Pixels
    unit: float
    font: ImageFont.FreeTypeFont

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.pixels.shape[0]), int(self.pixels.shape[1])

    def mask(self, mask: BoolMask) -> BoolMask:
        """A region's mask on the canvas; thin regions never vanish.

        Args:
            mask: shape (H, W) of the photo.
        """
        height, width = self.size
        if mask.shape == (height, width):
            return mask
        # Enlarged a little, edges look better smooth; enlarged a lot, pixels must show as pixels.
        enlarged = cv2.INTER_LINEAR if height < 3 * mask.shape[0] else cv2.INTER_NEAREST
        interpolation = cv2.INTER_AREA if mask.shape[0] > height else enlarged
        soft = cv2.resize(mask.astype(np.float32), (width, height), interpolation=interpolation)
        solid = np.asarray(soft >= 0.5)
        return solid if solid.any() else np.asarray(soft > 0)


def on_top(canvas: Canvas, regions: Sequence[Region]) -> NDArray[np.intp]:
    """The region that shows at each pixel where several lie, (H, W); -1 where there is none.

    A smaller region says more of its pixels than a larger one, one that was asked for more than
    one that was found, and the whole photo says least.
    """
    masks = [canvas.mask(region.mask) for region in regions]
    places = [
        0 if region.area == region.mask.size else 1 if region.source == "everything" else 2
        for region in regions
    ]
    top = np.full(canvas.size, -1, np.intp)
    for number in sorted(range(len(masks)), key=lambda n: (places[n], -int(masks[n].sum()))):
        top[masks[number]] = number
    return top


def make_canvas(photo: Pixels) -> Canvas:
    """The canvas of a photo of any size.

    Args:
        photo: (H, W, 3) uint8 sRGB.
    """
    height, width = photo.shape[:2]
    long_side = min(max(height, width, MIN_LONG_SIDE), MAX_LONG_SIDE)
    scale = long_side / max(height, width)
    new = (max(round(height * scale), 1), max(round(width * scale), 1))
    shrinking = scale < 1
    pixels = photo
    if new != (height, width):
        interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
        pixels = np.asarray(
            cv2.resize(photo, (new[1], new[0]), interpolation=interpolation), np.uint8
        )
    # A panorama's labels must leave something of its few rows to see.
    unit = min(long_side, 5 * max(min(new), MIN_LONG_SIDE // 10)) / 500
    return Canvas(pixels, unit, load_font(max(round(8.6 * unit), 13)))


def load_font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own outline font at ``size`` pixels.

    Raises:
        RuntimeError: if this Pillow was built without FreeType.
    """
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("pictures need a Pillow with FreeType; the wheels on PyPI have it")
    return font


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The text in lines of at most so many pixels, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
