"""Contrast: tones spread or drawn together around the photo's own mean luma."""

from __future__ import annotations

import cv2
import numpy as np

from data_tools.keys import Key
from data_tools.reference.arrays import RgbImage
from data_tools.reference.reference import Reference


def slope(reference: Reference, factor: float, key: Key) -> RgbImage:
    """The photo with sRGB-encoded distances to its mean luma times ``factor``; ``key`` is unused.

    Display-encoded, because the tone curve is where a developer's contrast control acts.
    """
    del key
    codes = np.arange(256) - reference.mean_luma
    table = np.clip(np.rint(reference.mean_luma + factor * codes), 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(reference.srgb, table), dtype=np.uint8)
