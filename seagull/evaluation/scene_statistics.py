"""Natural-scene statistics of a region: 36 numbers after BRISQUE (Mittal et al., TIP 2012).

Luminance is normalised by its local mean and contrast (MSCN). In natural photos the result is close
to a Gaussian whatever the scene; distortions change its shape. The shape parameters of generalised
Gaussians, fitted by moments to the MSCN values and to products of neighbours at two scales, are
the features. Written from the paper; unlike there, only pixels inside the region's mask count.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import gamma

from seagull.photos import Pixels
from seagull.types import BoolMask

Floats = NDArray[np.float64]

FEATURES = 36
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""(rows, columns) to the neighbour: right, below, and the two diagonals."""
_WINDOW, _SIGMA, _STABILISER = (7, 7), 7 / 6, 1.0
_SHAPES = np.arange(0.2, 10.0, 0.001)
# E|x|^2 / E x^2 of a generalised Gaussian, rising with its shape parameter.
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))
_TINY = 1e-12


def scene_statistics(pixels: Pixels, masks: Sequence[BoolMask]) -> Floats:
    """Features of regions of one photo, shape (R, 36).

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        masks: boolean (H, W), true inside; R of them.
    """
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    maps = [mscn(grey), mscn(np.asarray(half, dtype=np.float64))]
    return np.stack([_region(maps, mask) for mask in masks])


def mscn(grey: Floats) -> Floats:
    """Luminance less its local mean, over its local standard deviation; (H, W), range 0-255 in."""
    mean = cv2.GaussianBlur(grey, _WINDOW, _SIGMA, borderType=cv2.BORDER_REFLECT_101)
    square = cv2.GaussianBlur(grey * grey, _WINDOW, _SIGMA, borderType=cv2.BORDER_REFLECT_101)
    spread = np.sqrt(np.maximum(square - mean * mean, 0))
    return np.asarray((grey - mean) / (spread + _STABILISER), dtype=np.float64)


def generalised_gaussian(values: Floats) -> tuple[float, float]:
    """Shape parameter and variance of a symmetric fit to the values."""
    variance = float(np.mean(values**2)) if values.size else 0.0
    ratio = float(np.mean(np.abs(values))) ** 2 / (variance + _TINY) if values.size else 0.0
    return _shape(ratio), variance


def asymmetric_gaussian(values: Floats) -> tuple[float, float, float, float]:
    """Shape, mean, left variance and right variance of an asymmetric fit to the values."""
    if not values.size:
        return _shape(0.0), 0.0, 0.0, 0.0
    left = float(np.sqrt(np.mean(values[values < 0] ** 2))) if (values < 0).any() else 0.0
    right = float(np.sqrt(np.mean(values[values > 0] ** 2))) if (values > 0).any() else 0.0
    ratio = float(np.mean(np.abs(values))) ** 2 / (float(np.mean(values**2)) + _TINY)
    skew = (left + _TINY) / (right + _TINY)
    ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    shape = _shape(ratio)
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    mean = (right - left) * scale * gamma(2 / shape) / gamma(1 / shape)
    return shape, float(mean), left**2, right**2


def _shape(ratio: float) -> float:
    return float(_SHAPES[min(int(np.searchsorted(_RATIOS, ratio)), _SHAPES.size - 1)])


def _region(maps: Sequence[Floats], mask: BoolMask) -> Floats:
    statistics: list[float] = []
    for level in maps:
        inside = _fitted(mask, level.shape)
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        values, inside = level[part], inside[part]
        statistics += generalised_gaussian(values[inside])
        for down, right in NEIGHBOURS:
            statistics += asymmetric_gaussian(_products(values, inside, down, right))
    return np.asarray(statistics)


def _fitted(mask: BoolMask, size: tuple[int, ...]) -> BoolMask:
    """The mask at a level's size; never empty."""
    if mask.shape == size:
        return mask
    small = cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small >= min(0.5, float(small.max())), dtype=np.bool_)


def _products(values: Floats, inside: BoolMask, down: int, right: int) -> Floats:
    """Products of neighbours of which both are inside."""
    height, width = values.shape
    anchors = slice(0, height - down), slice(max(0, -right), width - max(0, right))
    neighbours = slice(down, height), slice(max(0, right), width + min(0, right))
    valid = inside[anchors] & inside[neighbours]
    return np.asarray((values[anchors] * values[neighbours])[valid])
