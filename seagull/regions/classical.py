"""The segmenter that needs no weights: GrabCut for prompts, merged superpixels for everything.

It keeps Seagull usable where no SAM checkpoint is; it follows colour and edges and knows no
objects. The same photo and prompts give the same masks.
"""

from __future__ import annotations

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

_LEAST_SHARE = 0.004
_LARGEST_SHARE = 0.6


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
        least = _LEAST_SHARE * self._labels.size / 2
        areas = np.bincount(self._labels.ravel())
        return [
            Candidate(mask_of(self._labels, node.members), node.persistence)
            for node in self._tree
            if areas[list(node.members)].sum() >= least
        ] or [Candidate(np.ones(self._size, dtype=np.bool_), 0.0)]

    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        inside, outside = self._discs(points, 1), self._discs(points, 0)
        inside &= ~outside
        allowed = np.ones(self._size, dtype=np.bool_) if box is None else box_mask(box, self._size)
        outside |= ~allowed
        for x, y, label in points:
            row, column = self._pixel(x, y)
            inside[row, column], outside[row, column] = label == 1, label == 0
        guess = self._guess(inside, outside) if points else self._box_guess(box)
        cut = grabcut(self._pixels, guess.mask & allowed, inside, outside)
        return Candidate(_connected(cut, inside, guess.mask), guess.confidence)

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
        """The merged region that holds all inner points, no outer one, and stands out most."""
        wanted, refused = set(self._labels[inside].tolist()), set(self._labels[outside].tolist())
        areas = np.bincount(self._labels.ravel())
        best, best_rank = tuple(sorted(wanted)), -1.0
        for node in self._tree:
            members = set(node.members)
            share = areas[list(node.members)].sum() / self._labels.size
            if not wanted <= members or members & (refused - wanted) or share > _LARGEST_SHARE:
                continue
            rank = node.persistence * min(share / 0.02, 1.0) ** 0.5
            if rank > best_rank:
                best, best_rank = node.members, rank
        return Candidate(mask_of(self._labels, best) | inside, max(best_rank, 0.0))

    def _box_guess(self, box: Box | None) -> Candidate:
        assert box is not None
        x1, y1, x2, y2 = box
        dx, dy = (x2 - x1) // 10, (y2 - y1) // 10
        return Candidate(box_mask((x1 + dx, y1 + dy, x2 - dx, y2 - dy), self._size), 0.5)


def _connected(cut: BoolMask, inside: BoolMask, guess: BoolMask) -> BoolMask:
    """The parts of a cut that hold inner points; without points, its largest part."""
    if not cut.any():
        return guess
    count, labels, stats, _centres = cv2.connectedComponentsWithStats(
        cut.astype(np.uint8), connectivity=4
    )
    if inside.any():
        return np.isin(labels, np.setdiff1d(labels[inside], [0])) | inside
    return np.asarray(labels == 1 + int(np.argmax(stats[1:count, cv2.CC_STAT_AREA])))
