"""The maps behind HaarPSI, for a window of an image at half resolution.

Reisenhofer, Bosse, Kutyniok, Wiegand: "A Haar wavelet-based perceptual similarity index for image
quality assessment", Signal Processing: Image Communication 61, 2018.

Wavelet responses are kept as plain sums, without their factors 1/2, 1/4 and 1/8. A similarity
(2ab + c) / (a^2 + b^2 + c) stays the same if c grows with the square of the factor left out, and
weights count only relative to each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.reference.arrays import FloatMap, RgbImage
from seagull.types import BoolMask

PAD_BEFORE = 3
"""Pixels before an output that its widest filter reads, at half resolution."""
PAD_AFTER = 4
"""Pixels after an output that its widest filter reads, at half resolution."""
PADDING = PAD_BEFORE + PAD_AFTER

_C = 30.0
_ALPHA = 4.2
# Planes: scale 1 down and across, scale 2 down and across, I, Q (sums of 2, 4, 4, 4 pixels' size).
_HALF_CONSTANTS = (_C / 2 * np.array([4, 4, 16, 16, 16, 16])).astype(np.float32)[:, None, None]
_FALL = np.float32(math.exp(-_ALPHA))
_TOP = np.float32(1) / (np.float32(1) + _FALL)
_YIQ = np.array(
    [
        [0.299, 0.587, 0.114],
        [0.5959, -0.2746, -0.3213],
        [0.2115, -0.5227, 0.3112],
    ],
    dtype=np.float32,
)

Planes = NDArray[np.float32]
"""Y, I and Q at half resolution with the zero padding around, shape (3, h + 7, w + 7)."""


@dataclass(frozen=True, eq=False)
class HaarMaps:
    """Wavelet and chroma magnitudes of one window.

    Args:
        magnitudes: (6, h, w).
        energy: their squares plus half the constants, (6, h, w); two sides sum to a^2 + b^2 + c.
        weights: responses of the third scale, (2, h, w).
    """

    magnitudes: NDArray[np.float32]
    energy: NDArray[np.float32]
    weights: NDArray[np.float32]

    def window(self, top: int, left: int, bottom: int, right: int) -> HaarMaps:
        """The maps of a part of the window, as views."""
        part = (slice(None), slice(top, bottom), slice(left, right))
        return HaarMaps(self.magnitudes[part], self.energy[part], self.weights[part])


def half_planes(image: RgbImage) -> list[FloatMap]:
    """Y, I and Q in [0, 255] of means over 2x2 pixels, each (ceil(H/2), ceil(W/2)).

    An odd side counts as followed by a black line, as in the published implementation.
    """
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.asarray(
            cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_CONSTANT),
            dtype=np.uint8,
        )
    size = ((width + 1) // 2, (height + 1) // 2)
    halves = [
        cv2.resize(plane.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for plane in cv2.split(image)
    ]
    planes = cv2.split(cv2.transform(cv2.merge(halves), _YIQ))
    return [np.asarray(plane, dtype=np.float32) for plane in planes]


def half_mask(mask: BoolMask) -> FloatMap:
    """The share of each 2x2 pixels that a mask covers, (ceil(H/2), ceil(W/2)).

    The black line after an odd side belongs to the region that its neighbour belongs to.
    """
    height, width = mask.shape
    even = cv2.copyMakeBorder(
        mask.astype(np.float32), 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE
    )
    size = ((width + 1) // 2, (height + 1) // 2)
    return np.asarray(cv2.resize(even, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def padded(planes: list[FloatMap]) -> Planes:
    """The planes with zeros around, shape (3, h + 7, w + 7)."""
    height, width = planes[0].shape
    out = np.zeros((3, height + PADDING, width + PADDING), dtype=np.float32)
    out[:, PAD_BEFORE:-PAD_AFTER, PAD_BEFORE:-PAD_AFTER] = planes
    return out


def haar_maps(planes: Planes) -> HaarMaps:
    """The maps of a padded window; h and w are those of ``planes`` less the padding."""
    height, width = planes.shape[1] - PADDING, planes.shape[2] - PADDING
    magnitudes = np.empty((6, height, width), dtype=np.float32)
    weights = np.empty((2, height, width), dtype=np.float32)
    _luma_maps(planes[0], magnitudes, weights)
    _chroma_maps(planes[1:], magnitudes[4:])
    np.abs(magnitudes, out=magnitudes)
    np.abs(weights, out=weights)
    energy = magnitudes * magnitudes
    energy += _HALF_CONSTANTS
    return HaarMaps(magnitudes, energy, weights)


def _luma_maps(y: FloatMap, magnitudes: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
    """Fills the responses of three scales; box sums of one scale are built from the last."""
    height, width = magnitudes.shape[1:]
    pairs = y[:, :-1] + y[:, 1:]
    np.subtract(pairs[3:-4, 3:-3], pairs[4:-3, 3:-3], out=magnitudes[0])
    columns = y[3:-4, 3:-3] + y[4:-3, 3:-3]
    np.subtract(columns[:, :-1], columns[:, 1:], out=magnitudes[1])
    box2 = pairs[:-1] + pairs[1:]
    wide4 = box2[:, :-2] + box2[:, 2:]
    np.subtract(wide4[2:-4, 2:-2], wide4[4:-2, 2:-2], out=magnitudes[2])
    tall4 = box2[2:-4, 2:-2] + box2[4:-2, 2:-2]
    np.subtract(tall4[:, :-2], tall4[:, 2:], out=magnitudes[3])
    box4 = wide4[:-2] + wide4[2:]
    wide8 = box4[:, :-4] + box4[:, 4:]
    np.subtract(wide8[:-4], wide8[4:], out=weights[0])
    tall8 = box4[:-4] + box4[4:]
    np.subtract(tall8[:, :-4], tall8[:, 4:], out=weights[1])
    assert wide8.shape == (height + 4, width)


def _chroma_maps(chroma: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    pairs = chroma[:, 3:-3, 3:-4] + chroma[:, 3:-3, 4:-3]
    np.add(pairs[:, :-1], pairs[:, 1:], out=out)


def similarity_sums(
    reference: HaarMaps, distorted: HaarMaps, shares: FloatMap | None = None
) -> tuple[float, float]:
    """Two sums over a window: the weighted loss of similarity, and the weights themselves.

    Losses are taken from the sigmoid of 1, not as similarities, so that equal windows give 0.0
    exactly and a window can be left out without a rounding error.

    Args:
        reference: maps of the window. ``distorted``: of the other picture.
        shares: how much each place counts, (h, w) in [0, 1]; all alike if None.
    """
    loss = _losses(reference, distorted)
    weights = np.maximum(reference.weights, distorted.weights)
    if shares is not None:
        weights *= shares
    loss[:2] += loss[2] * np.float32(0.5)
    loss[:2] *= weights
    return _total(loss[:2]), 1.5 * _total(weights)


def weight_sum(maps: HaarMaps) -> float:
    """The weights that a window of the reference has against itself."""
    return 1.5 * _total(maps.weights)


def score_of(loss: float, weights: float) -> float:
    """The HaarPSI in [0, 1] of summed losses and weights; 1 if nothing has any weight."""
    if loss <= 0.0 or weights <= 0.0:
        return 1.0
    mean = min(max(float(_TOP) - loss / weights, 0.5), float(_TOP))
    return min(1.0, (math.log(mean / (1.0 - mean)) / _ALPHA) ** 2)


def _losses(reference: HaarMaps, distorted: HaarMaps) -> NDArray[np.float32]:
    """sigmoid(alpha) - sigmoid(alpha * similarity) for down, across and chroma, (3, h, w)."""
    gap = reference.magnitudes - distorted.magnitudes
    gap *= gap
    # 1 - (2ab + c) / (a^2 + b^2 + c) = (a - b)^2 / (a^2 + b^2 + c), exact where a = b.
    gap /= reference.energy + distorted.energy
    mean = np.empty((3, *gap.shape[1:]), dtype=np.float32)
    np.add(gap[:2], gap[2:4], out=mean[:2])
    np.add(gap[4], gap[5], out=mean[2])
    mean *= np.float32(_ALPHA / 2)
    flat = mean.reshape(-1, mean.shape[2])
    cv2.exp(flat, flat)
    mean *= _FALL
    mean += np.float32(1)
    np.divide(np.float32(1), mean, out=mean)
    return np.subtract(_TOP, mean, out=mean)


def _total(values: NDArray[np.float32]) -> float:
    """The sum in double precision, in one fixed order."""
    return float(cv2.sumElems(np.ascontiguousarray(values).reshape(-1, values.shape[-1]))[0])
