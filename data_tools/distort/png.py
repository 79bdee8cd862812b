"""Lossless files: the fast PNG writer of the pipeline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.reference.arrays import RgbImage, check_rgb

# Measured on distorted photos: the SUB filter with run lengths takes half the time of the default
# strategy at the same level and about 5 % more bytes.
_OPTIONS = [
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_SUB,
]


def encode_png(image: RgbImage) -> NDArray[np.uint8]:
    """The bytes of a PNG file, as uint8 of shape (N,)."""
    done, data = cv2.imencode(".png", cv2.cvtColor(check_rgb(image), cv2.COLOR_RGB2BGR), _OPTIONS)
    if not done:
        raise ValueError(f"OpenCV could not write a PNG of {image.shape[1]}x{image.shape[0]} pixels")
    return np.asarray(data, dtype=np.uint8).reshape(-1)
