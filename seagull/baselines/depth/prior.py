"""The prior: a guess at depth from the photo alone, without weights, for where no estimator is.

Three cues, each in [0, 1], near is 1:

- place: the lower in the photo, the nearer (a camera looks ahead, the ground comes towards it);
- focus: how much fine structure there is around (what was focused on is mostly near, and the
  background out of focus);
- saliency: how much the colour differs from the photo's mean colour (after Achanta et al., CVPR
  2009, frequency-tuned saliency).

It is a stand-in and no measurement: reports call it ``depth: prior``, never depth alone.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

LONG_SIDE = 256
"""Cues are computed on the photo at this size."""
WEIGHTS = (0.5, 0.25, 0.25)
"""Of place, focus and saliency."""
SCALE = 1 / 32
"""Deviation of the smoothing, as a share of the longer side."""
FLAT = 1e-3
"""A cue that varies by less than this says nothing."""

Cue = NDArray[np.float32]


def depth_prior(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The prior of a photo (H, W, 3): (H, W), 0 to 255, near is bright."""
    height, width = pixels.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = _array(_array(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)) / 255)
    cues = (place(small.shape[:2]), focus(small), saliency(small))
    near = sum((w * cue for w, cue in zip(WEIGHTS, cues, strict=True)), np.float32(0))
    whole = cv2.resize(
        np.asarray(near, np.float32), (width, height), interpolation=cv2.INTER_LINEAR
    )
    return to_bytes(np.asarray(whole, dtype=np.float32))


def place(size: tuple[int, ...]) -> Cue:
    """0 in the first row, 1 in the last."""
    rows = np.linspace(0, 1, size[0], dtype=np.float32) if size[0] > 1 else np.ones(1, np.float32)
    return np.repeat(rows[:, None], size[1], axis=1)


def focus(small: Cue) -> Cue:
    """Mean absolute Laplacian of luminance around each pixel, stretched to [0, 1]."""
    grey = np.asarray(small.mean(axis=2), dtype=np.float32)
    fine = np.abs(_array(cv2.Laplacian(grey, cv2.CV_32F, borderType=cv2.BORDER_REFLECT_101)))
    return _stretched(_smooth(fine))


def saliency(small: Cue) -> Cue:
    """Distance of each pixel's surroundings from the mean colour in Lab, stretched to [0, 1]."""
    lab = _array(_array(cv2.cvtColor(small, cv2.COLOR_RGB2LAB)) / 100)
    apart = np.linalg.norm(_smooth(lab) - lab.mean(axis=(0, 1)), axis=2)
    return _stretched(np.asarray(apart, dtype=np.float32))


def to_bytes(near: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Any map stretched to 0 ... 255 by its smallest and largest value; 128 where it is flat."""
    low, high = float(near.min()), float(near.max())
    if high - low < 1e-12:
        return np.full(near.shape, 128, dtype=np.uint8)
    return np.rint((near - low) / (high - low) * 255).astype(np.uint8)


def _smooth(values: Cue) -> Cue:
    sigma = max(values.shape[:2]) * SCALE
    return _array(cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101))


def _stretched(cue: Cue) -> Cue:
    low, high = float(cue.min()), float(cue.max())
    return np.zeros_like(cue) if high - low < FLAT else (cue - low) / (high - low)


def _array(values: object) -> Cue:
    return np.asarray(values, dtype=np.float32)
