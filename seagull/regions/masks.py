"""Masks: from boxes and polygons, compared, resized, outlined. Pure functions on NumPy arrays.

A mask is boolean (H, W). A pixel (column x, row y) covers [x, x+1) x [y, y+1); it belongs to a
polygon if its centre (x+0.5, y+0.5) does, so that a box and the polygon of its corners agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seagull.regions.geometry import Size
from seagull.types import BoolMask, Box

__all__ = [
    "Size", "box_mask", "box_of", "iou", "largest_inner_point", "outline", "pixel_box",
    "polygon_mask", "resize_mask", "ring_corners",
]  # fmt: skip


def pixel_box(corners: Sequence[float], size: Size) -> Box:
    """The box in whole pixels inside a photo.

    Fractions widen the box to the pixels it touches; what lies outside the photo is cut off.

    Args:
        corners: ``x1, y1, x2, y2`` in pixels, end exclusive.
        size: height and width of the photo.

    Raises:
        ValueError: if the corners are not finite, not in order, or wholly outside the photo.
    """
    if len(corners) != 4 or not all(math.isfinite(value) for value in corners):
        raise ValueError(f"a box is four finite numbers x1,y1,x2,y2, got {_listed(corners)}")
    x1, y1, x2, y2 = corners
    if x2 <= x1 or y2 <= y1:
        raise ValueError(
            f"box {_listed(corners)}: the end must lie right of and below the start (x1,y1,x2,y2)"
        )
    height, width = size
    left, top = max(math.floor(x1), 0), max(math.floor(y1), 0)
    right, bottom = min(math.ceil(x2), width), min(math.ceil(y2), height)
    if right <= left or bottom <= top:
        raise ValueError(
            f"box {_listed(corners)} lies outside the photo, which is {width} x {height} pixels"
        )
    return left, top, right, bottom


def box_mask(box: Box, size: Size) -> BoolMask:
    """The rectangle as a mask of a photo of ``size`` (height, width)."""
    mask = np.zeros(size, dtype=np.bool_)
    x1, y1, x2, y2 = box
    mask[y1:y2, x1:x2] = True
    return mask


def polygon_mask(rings: Sequence[Sequence[float]], size: Size) -> BoolMask:
    """The union of closed rings as a mask; a ring that crosses itself is filled by even-odd.

    Work and memory are bounded by the photo, however large the coordinates.

    Args:
        rings: each ``[x1, y1, x2, y2, ...]`` with three or more corners, as in COCO.
        size: height and width of the photo.

    Raises:
        ValueError: if a ring is no polygon, or no pixel's centre lies inside.
    """
    if not rings:
        raise ValueError("a polygon has at least one ring [x1, y1, x2, y2, ...], got none")
    mask = np.zeros(size, dtype=np.bool_)
    for ring in rings:
        mask |= _ring_mask(ring_corners(ring), size)
    if not mask.any():
        raise ValueError(
            f"the polygon covers no pixel of the photo, which is {size[1]} x {size[0]} pixels"
        )
    return mask


def ring_corners(ring: Sequence[float]) -> NDArray[np.float64]:
    """The corners of a polygon's ring ``x1, y1, x2, y2, ...``, (corners, 2).

    Raises:
        ValueError: with fewer than three corners, an odd number of values, or values that are not
            finite or not below 1e9.
    """
    corners = np.asarray(ring, dtype=np.float64)
    if corners.ndim != 1 or corners.size < 6 or corners.size % 2:
        raise ValueError(
            "a polygon's ring is x1, y1, x2, y2, ... with at least three corners, "
            f"got {len(ring)} numbers"
        )
    # Beyond 1e9 differences of coordinates lose the precision of a pixel.
    if not np.isfinite(corners).all() or np.abs(corners).max() > 1e9:
        raise ValueError("a polygon's coordinates are finite and below 1e9; correct them")
    return corners.reshape(-1, 2)


def _ring_mask(corners: NDArray[np.float64], size: Size) -> BoolMask:
    height, width = size
    # Each edge flips every pixel right of it, row by row: the parity is the even-odd rule.
    flips = np.zeros((height, width + 1), dtype=np.bool_)
    for (xa, ya), (xb, yb) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        low, high = min(ya, yb), max(ya, yb)
        first, last = max(math.ceil(low - 0.5), 0), min(math.ceil(high - 0.5), height)
        if first >= last:
            continue
        rows = np.arange(first, last)
        crossing = xa + (rows + 0.5 - ya) * (xb - xa) / (yb - ya)
        columns = np.clip(np.ceil(crossing - 0.5), 0, width).astype(np.intp)
        flips[rows, columns] ^= True
    return np.logical_xor.accumulate(flips, axis=1)[:, :width]


def box_of(mask: BoolMask) -> Box:
    """The smallest box around a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def iou(first: BoolMask, second: BoolMask) -> float:
    """Intersection over union of two masks of one shape, in [0, 1]; 0 if both are empty."""
    union = np.count_nonzero(first | second)
    return np.count_nonzero(first & second) / union if union else 0.0


def resize_mask(mask: BoolMask, size: Size) -> BoolMask:
    """The mask at another resolution: true where at least half of a pixel is covered.

    A mask that is not empty never becomes empty: a part too thin for that keeps the pixels it
    covers most.
    """
    if mask.shape == size:
        return mask
    shrinking = size[0] * size[1] < mask.size
    how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    # 0..200 in 8 bits: half is exact, and a photo-sized float array is not needed.
    cover = cv2.resize(mask.astype(np.uint8) * 200, (size[1], size[0]), interpolation=how)
    most = int(cover.max())
    if most == 0 and mask.any():
        return _nearest_pixels(mask, size)
    return np.asarray(cover >= min(100, max(most, 1)), dtype=np.bool_)


def _nearest_pixels(mask: BoolMask, size: Size) -> BoolMask:
    rows, columns = np.nonzero(mask)
    small = np.zeros(size, dtype=np.bool_)
    small[rows * size[0] // mask.shape[0], columns * size[1] // mask.shape[1]] = True
    return small


def outline(mask: BoolMask, width: int = 1) -> BoolMask:
    """The pixels of a mask within ``width`` of its edge; the photo's border counts as an edge."""
    kernel = np.ones((3, 3), dtype=np.uint8)
    inner = cv2.erode(
        mask.astype(np.uint8),
        kernel,
        iterations=width,
        borderType=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return mask & (inner == 0)


def largest_inner_point(mask: BoolMask) -> tuple[int, int]:
    """The pixel (x, y) of a mask that lies deepest inside it: a good place to click or to label."""
    padded = np.pad(mask.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), mask.shape)
    return int(column), int(row)


def _listed(values: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in values)
