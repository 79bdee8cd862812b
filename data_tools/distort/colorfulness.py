"""Colorfulness: colours drawn to grey or pushed away from it at the same luma."""

from __future__ import annotations

import cv2
import numpy as np

from data_tools.keys import Key
from data_tools.reference.arrays import RgbImage
from data_tools.reference.reference import Reference

_LUMA = np.array([0.299, 0.587, 0.114])


def saturation(reference: Reference, factor: float, key: Key) -> RgbImage:
    """The photo with distances to its Rec. 601 luma times ``factor``; ``key`` is unused."""
    del key
    matrix = factor * np.eye(3) + (1 - factor) * np.tile(_LUMA, (3, 1))
    return np.asarray(cv2.transform(reference.srgb, matrix), dtype=np.uint8)
