"""The two array types of the pixel code and their checks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

RgbImage = NDArray[np.uint8]
"""A photo: shape (H, W, 3), red first, sRGB-encoded."""

LinearImage = NDArray[np.float32]
"""Linear light of shape (H, W, 3) in sRGB primaries; 1 is the white of the display."""

FloatMap = NDArray[np.float32]
"""One value per pixel, shape (H, W)."""


def check_rgb(image: NDArray[Any], name: str = "image") -> RgbImage:
    """The image itself, in C order.

    Raises:
        ValueError: unless it is uint8 of shape (H, W, 3) with at least one pixel.
    """
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"{name}: expected uint8 pixels of shape (H, W, 3), got {image.dtype} of shape "
            f"{image.shape}; convert the photo to 8-bit RGB first"
        )
    return np.ascontiguousarray(image)


def check_same_size(reference: NDArray[Any], distorted: NDArray[Any]) -> None:
    """Passes two images of one size.

    Raises:
        ValueError: if heights or widths differ.
    """
    if reference.shape[:2] != distorted.shape[:2]:
        raise ValueError(
            f"the distorted image is {distorted.shape[:2]}, its reference {reference.shape[:2]} "
            "(height, width); a full-reference metric needs two images of one size"
        )
