"""Masks: from boxes and polygons, compared, resized, outlined. Pure functions on NumPy arrays.

A mask is boolean (H, W). A pixel (column x, row y) covers [x, x+1) x [y, y+1); it belongs to a
polygon if its centre (x+0.5, y+0.5) does, so that a box and the polygon of its corners agree.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from seagull.regions.geometry import Size
from seagull.types import BoolMask, Box

__all__ = [
    "Size", "box_mask", "box_of", "iou", "largest_inner_point", "outline", "pixel_box",
    "polygon_cost", "polygon_mask", "resize_mask", "ring_corners",
]  # fmt: skip

_BAND = 4096
"""Most rows at once: what is computed for each row that an edge crosses stays small."""
_CROSSING_COST = 4
"""What it costs to find where an edge crosses a row, in pixels that are gone through."""


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

    Work and memory are bounded by the photo, however large the coordinates; see ``polygon_cost``.

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
        _fill_ring(mask, ring_corners(ring))
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


def polygon_cost(rings: Sequence[Sequence[float]], size: Size) -> int:
    """About how many pixels are gone through to make a polygon's mask; nothing is made.

    Args:
        rings: see ``polygon_mask``.
        size: height and width of the photo.
    """
    return sum(_ring_cost(ring[::2], ring[1::2], *size) for ring in rings)


def _ring_cost(xs: Sequence[float], ys: Sequence[float], height: int, width: int) -> int:
    rows, columns = [_clipped(ys, height), _clipped(xs, width)]
    box = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
    crossings = sum(abs(row - other) for row, other in itertools.pairwise([*rows, rows[0]]))
    return math.ceil(box + _CROSSING_COST * crossings)


def _clipped(values: Sequence[float], most: int) -> list[float]:
    return [min(max(value, 0), most) for value in values]


def _fill_ring(mask: BoolMask, corners: NDArray[np.float64]) -> None:
    """Adds a ring to a mask, by the even-odd rule; goes through the ring's box alone."""
    height, width = mask.shape
    lows, highs = corners.min(axis=0), corners.max(axis=0)
    # A pixel more, as where an edge crosses a row is rounded.
    left, right = max(math.floor(lows[0]) - 1, 0), min(math.ceil(highs[0]) + 1, width)
    top, bottom = max(math.ceil(lows[1] - 0.5), 0), min(math.ceil(highs[1] - 0.5), height)
    if left >= right:
        return
    edges = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)
    for first in range(top, bottom, _BAND):
        last = min(first + _BAND, bottom)
        mask[first:last, left:right] |= _band(edges, (first, last), (left, right))


def _band(edges: NDArray[np.float64], rows: tuple[int, int], columns: tuple[int, int]) -> BoolMask:
    """Some rows of a ring's mask, and the columns in which it lies.

    Args:
        edges: (N, 2, 2), each from x, y to x, y.
        rows, columns: the first, and the one behind the last.
    """
    (top, bottom), (left, right) = rows, columns
    # Each edge flips every pixel right of it, row by row: the parity is the even-odd rule.
    flips = np.zeros((bottom - top, right - left + 1), dtype=np.bool_)
    firsts = np.ceil(edges[:, :, 1].min(axis=1) - 0.5).clip(top, bottom).astype(np.intp)
    lasts = np.ceil(edges[:, :, 1].max(axis=1) - 0.5).clip(top, bottom).astype(np.intp)
    for edge in np.flatnonzero(firsts < lasts):
        (xa, ya), (xb, yb) = edges[edge]
        crossed = np.arange(firsts[edge], lasts[edge])
        crossing = xa + (crossed + 0.5 - ya) * (xb - xa) / (yb - ya)
        first_inside = np.ceil(crossing - 0.5).clip(left, right).astype(np.intp)
        flips[crossed - top, first_inside - left] ^= True
    return np.logical_xor.accumulate(flips, axis=1)[:, :-1]


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
