"""Steps of an image signal processor and their inverses: small pure functions on arrays.

Linear images are float32 (H, W, 3), 1 = display white. No step changes its input.
Sources: IEC 61966-2-1 (sRGB curve); the order and the inverse steps follow Brooks et al.,
"Unprocessing images for learned raw denoising", CVPR 2019.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.reference.arrays import FloatMap, LinearImage, RgbImage
from seagull.photos.srgb import LINEAR_STEPS, code_of_linear, linear_to_srgb, srgb_to_linear

__all__ = [
    "code_of_linear", "colour_matrix", "decode", "encode", "expose", "linear_of_code",
    "linear_to_srgb", "mosaic", "srgb_to_linear", "white_balance",
]  # fmt: skip


@lru_cache(maxsize=1)
def linear_of_code() -> NDArray[np.float32]:
    """Linear light of each 8-bit code, shape (256,)."""
    return srgb_to_linear(np.arange(256) / 255).astype(np.float32)


def decode(image: RgbImage) -> LinearImage:
    """Linear light of an 8-bit sRGB image (pseudo-linear: the camera's tone curve is unknown)."""
    return np.take(linear_of_code(), image)


def encode(linear: LinearImage) -> RgbImage:
    """The 8-bit sRGB image of linear light, rounded to nearest, clipped to [0, 1]."""
    clipped = np.clip(linear, 0, 1)
    return np.take(code_of_linear(), np.rint(clipped * (LINEAR_STEPS - 1)).astype(np.uint16))


def white_balance(linear: LinearImage, gains: tuple[float, float, float]) -> LinearImage:
    """The image with each channel multiplied by its gain (all > 0; divide to invert)."""
    return linear * np.asarray(gains, dtype=np.float32)


def colour_matrix(linear: LinearImage, matrix: NDArray[np.floating]) -> LinearImage:
    """The image with the (3, 3) matrix applied to each pixel's column of R, G, B."""
    return np.asarray(cv2.transform(linear, matrix.astype(np.float32)), dtype=np.float32)


def expose(linear: LinearImage, ev: float) -> LinearImage:
    """The image with ``ev`` stops more light (negative: less)."""
    return linear * np.float32(2.0**ev)


def mosaic(linear: LinearImage) -> FloatMap:
    """The RGGB sensor pattern of an image with even height and width, shape (H, W)."""
    pattern = np.empty(linear.shape[:2], dtype=np.float32)
    pattern[0::2, 0::2] = linear[0::2, 0::2, 0]
    pattern[0::2, 1::2] = linear[0::2, 1::2, 1]
    pattern[1::2, 0::2] = linear[1::2, 0::2, 1]
    pattern[1::2, 1::2] = linear[1::2, 1::2, 2]
    return pattern
