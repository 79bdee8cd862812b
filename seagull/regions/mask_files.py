"""Mask images: any picture that marks a region, read into a boolean mask by one rule.

Inside are: of a palette image, the pixels whose index is not 0; of an image with transparency, the
pixels at least half opaque; of any other, the pixels brighter than half of the brightest one (so
that 0/1, 0/255 and 16-bit masks mean the same, and JPEG noise means nothing).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from seagull.types import BoolMask
from seagull.upright import open_upright


def read_mask(path: str | Path, size: tuple[int, int]) -> BoolMask:
    """The mask in an image file, boolean (H, W).

    Args:
        path: the image.
        size: the photo's height and width; compared before the mask is decoded.

    Raises:
        ValueError: if the file cannot be read, has another size, or marks nothing.
    """
    with open_upright(path) as picture:
        name = picture.name
        if picture.size != size:
            raise ValueError(
                f"{name}: the mask is {picture.size[1]} x {picture.size[0]} pixels, the photo "
                f"{size[1]} x {size[0]}; a mask needs the photo's own size"
            )
        mask = _inside(picture.load())
    if not mask.any():
        raise ValueError(f"{name}: the mask marks no pixel; paint the region white on black")
    return mask


def _inside(image: Image.Image) -> BoolMask:
    if image.mode == "P":
        return np.asarray(image) != 0
    if image.has_transparency_data:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if alpha.min() < 128:
            return alpha >= 128
        image = image.convert("RGB")
    values = np.asarray(image if image.mode != "CMYK" else image.convert("RGB"))
    bright = values.max(axis=2) if values.ndim == 3 else values
    return np.asarray(bright > bright.max() / 2, dtype=np.bool_)
