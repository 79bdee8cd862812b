"""The curve between sRGB values and linear light (IEC 61966-2-1)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

LINEAR_STEPS = 1 << 16


def srgb_to_linear(encoded: ArrayLike) -> NDArray[np.float64]:
    """Linear light in [0, 1] of sRGB-encoded values in [0, 1]."""
    value = np.asarray(encoded, dtype=np.float64)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(linear: ArrayLike) -> NDArray[np.float64]:
    """sRGB-encoded values in [0, 1] of linear light; what lies outside [0, 1] is clipped."""
    value = np.clip(np.asarray(linear, dtype=np.float64), 0.0, 1.0)
    return np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)


@lru_cache(maxsize=1)
def code_of_linear() -> NDArray[np.uint8]:
    """The nearest 8-bit code of each 16-bit linear step, shape (65536,)."""
    steps = np.arange(LINEAR_STEPS) / (LINEAR_STEPS - 1)
    return np.rint(linear_to_srgb(steps) * 255).astype(np.uint8)
