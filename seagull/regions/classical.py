"""The segmenter that needs no weights: GrabCut for prompts, merged superpixels for everything.

It keeps Seagull usable where no SAM checkpoint is; it follows colour and edges and knows no
objects. The same photo and prompts give the same masks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import cv2
import numpy as np

from seagull.photos import Photo, Pixels
from seagull.regions.everything import Candidate
from seagull.regions.grabcut import grabcut
from seagull.regions.masks import box_mask
from seagull.regions.merging import Labels, MergedRegion, mask_of, merge_tree, superpixels
from seagull.regions.segmenter import Point, ScaledSegmenter, working_pixels
from seagull.types import BoolMask, Box

WORKING_SIDE = 512
"""Longer side, in pixels, at which the photo is segmented."""

_LEAST_SHARE = 0.001
_LARGEST_SHARE = 0.6
_USUAL_SHARE = 0.08
_LEAST_OF_BOX = 0.15
"""A cut that leaves less of a box has lost the object; then the box itself is the answer."""


class ClassicalSegmenter:
    """GrabCut and colour merging.

    Args:
        notice: a line for the user, if this was not asked for by name.
    """

    def __init__(self, notice: str | None = None) -> None:
        self.notice = notice

    @property
    def name(self) -> str:
        """Named in reports."""
        return "grabcut+felzenszwalb"

    def open(self, photo: Photo) -> ScaledSegmenter:
        """See ``Segmenter``."""
        pixels = working_pixels(photo, WORKING_SIDE)
        return ScaledSegmenter(photo, _ClassicalEngine(pixels), pixels.shape[:2])


class _ClassicalEngine:
    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self._size = (pixels.shape[0], pixels.shape[1])

    @cached_property
    def _labels(self) -> Labels:
        return superpixels(self._pixels)

    @cached_property
    def _tree(self) -> list[MergedRegion]:
        return merge_tree(self._pixels, self._labels)

    def candidates(self) -> list[Candidate]:
        least = _LEAST_SHARE * self._labels.size
        areas = np.bincount(self._labels.ravel())
        return [
            Candidate(mask_of(self._labels, node.members), node.contrast)
            for node in self._tree
            if areas[list(node.members)].sum() >= least
        ] or [Candidate(np.ones(self._size, dtype=np.bool_), 0.0)]

    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        inside, outside = self._discs(points, 1), self._discs(points, 0)
        inside &= ~outside
        for x, y, label in points:
            row, column = self._pixel(x, y)
            inside[row, column], outside[row, column] = label == 1, label == 0
        guess = self._guess(inside, outside) if points else self._box_guess(box)
        allowed = _grown(guess.mask, max(self._size) // 20)
        if box is not None:
            allowed = box_mask(box, self._size) | inside
        cut = grabcut(self._pixels, guess.mask & allowed, inside, outside | ~allowed)
        found = _connected(cut, inside)
        if box is not None and found.sum() < _LEAST_OF_BOX * allowed.sum():
            return Candidate(allowed, 0.0)
        return Candidate(found, guess.confidence)

    def _pixel(self, x: float, y: float) -> tuple[int, int]:
        height, width = self._size
        return min(max(round(y), 0), height - 1), min(max(round(x), 0), width - 1)

    def _discs(self, points: Sequence[Point], label: int) -> BoolMask:
        canvas = np.zeros(self._size, dtype=np.uint8)
        radius = max(max(self._size) // 150, 1)
        for x, y, kind in points:
            if kind == label:
                row, column = self._pixel(x, y)
                cv2.circle(canvas, (column, row), radius, 1, thickness=-1)
        return canvas.astype(np.bool_)

    def _guess(self, inside: BoolMask, outside: BoolMask) -> Candidate:
        """The merged region that holds all inner points, no outer one, and fits an object best.

        One click does not tell a part from its whole: a region that lives long in the tree and
        has a usual size (around 8 % of the photo) is preferred.
        """
        wanted, refused = set(self._labels[inside].tolist()), set(self._labels[outside].tolist())
        areas = np.bincount(self._labels.ravel())
        best, best_rank, confidence = tuple(sorted(wanted)), -1.0, 0.0
        for node in self._tree:
            members = set(node.members)
            share = areas[list(node.members)].sum() / self._labels.size
            if not wanted <= members or members & (refused - wanted) or share > _LARGEST_SHARE:
                continue
            usual = math.exp(-0.5 * math.log(share / _USUAL_SHARE) ** 2)
            rank = (node.death - node.birth) * usual
            if rank > best_rank:
                best, best_rank, confidence = node.members, rank, node.contrast
        return Candidate(mask_of(self._labels, best) | inside, confidence)

    def _box_guess(self, box: Box | None) -> Candidate:
        assert box is not None
        x1, y1, x2, y2 = box
        dx, dy = (x2 - x1) // 10, (y2 - y1) // 10
        return Candidate(box_mask((x1 + dx, y1 + dy, x2 - dx, y2 - dy), self._size), 0.5)


def _grown(mask: BoolMask, radius: int) -> BoolMask:
    side = 2 * radius + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(np.bool_)


def _connected(cut: BoolMask, inside: BoolMask) -> BoolMask:
    """The parts of a cut that hold inner points; without points, its largest part."""
    if not cut.any():
        return cut | inside
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(
        cut.astype(np.uint8), connectivity=4
    )
    if inside.any():
        return np.isin(labels, np.setdiff1d(labels[inside], [0])) | inside
    return np.asarray(labels == 1 + int(np.argmax(stats[1:count, cv2.CC_STAT_AREA])))
