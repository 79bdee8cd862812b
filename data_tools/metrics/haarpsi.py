"""Colour HaarPSI per region, exact at a fraction of the cost.

A crop's score comes from slices of the half-resolution planes; a composite's from the window that
its mask can influence, everything else being equal to the reference. The reference side is computed
once per photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.metrics.haar import (
    PAD_AFTER,
    PAD_BEFORE,
    PADDING,
    HaarMaps,
    Planes,
    haar_maps,
    half_mask,
    half_planes,
    padded,
    score_of,
    similarity_sums,
    weight_sum,
)
from data_tools.metrics.labeller import CostEstimate, ReferenceCache, Scores, grown_box
from data_tools.reference.arrays import FloatMap, RgbImage, check_rgb, check_same_size
from seagull.regions.masks import box_of
from seagull.types import BoolMask, Box

_SECONDS_PER_SCORE = 3e-4
_SECONDS_PER_MEGAPIXEL = 6e-3


def haarpsi(reference: RgbImage, distorted: RgbImage) -> float:
    """The HaarPSI of two uint8 (H, W, 3) images in [0, 1]; 1 means equal.

    Raises:
        ValueError: if they are not such images of one size.
    """
    labeller = HaarPsi()
    return labeller.score_image(labeller.prepare(reference), distorted)


@dataclass(frozen=True)
class HaarPsi:
    """The default labeller; needs no weights."""

    id: str = "haarpsi"
    version: str = "1"
    range: tuple[float, float] = (0.0, 1.0)
    higher_better: bool = True

    def prepare(self, reference: RgbImage) -> ReferenceCache:
        """The cache of one photo."""
        return ReferenceCache(reference)

    def score_image(self, reference: ReferenceCache, distorted: RgbImage) -> float:
        """The HaarPSI of the whole image."""
        _check(reference, distorted)
        return score_of(
            *similarity_sums(_maps(reference), haar_maps(padded(half_planes(distorted))))
        )

    def score_crops(
        self, reference: ReferenceCache, distorted: RgbImage, boxes: Sequence[Box]
    ) -> Scores:
        """The HaarPSI of each box (grown by ``grown_box``) cut out of both images, shape (R,)."""
        _check(reference, distorted)
        return _crop_scores(reference, distorted, boxes, [None] * len(boxes))

    def score_regions(
        self, reference: ReferenceCache, distorted: RgbImage, masks: Sequence[BoolMask]
    ) -> Scores:
        """The HaarPSI of each mask's box, in which only places under the mask count, shape (R,)."""
        _check(reference, distorted)
        for mask in masks:
            check_same_size(reference.srgb, mask)
        return _crop_scores(reference, distorted, [box_of(mask) for mask in masks], masks)

    def score_composites(
        self, reference: ReferenceCache, distorted: RgbImage, masks: Sequence[BoolMask]
    ) -> Scores:
        """The HaarPSI of the reference with one mask's pixels replaced, for each mask, (R,)."""
        _check(reference, distorted)
        scores = [_composite_score(reference, distorted, mask) for mask in masks]
        return np.asarray(scores, dtype=np.float32)

    def cost(self, images: int, regions: int, size: tuple[int, int]) -> CostEstimate:
        """The cost on one processor core (measured by benchmarks/data_ops.py)."""
        scores = 2 * images * regions
        megapixels = images * size[0] * size[1] / 1e6
        seconds = scores * _SECONDS_PER_SCORE + megapixels * _SECONDS_PER_MEGAPIXEL
        return CostEstimate(scores, seconds, "core", "measured at 512x384")


_Span = tuple[int, int, int, int]
"""Top, left, bottom, right at half resolution."""


def _half_span(box: Box) -> _Span:
    x1, y1, x2, y2 = box
    return y1 // 2, x1 // 2, (y2 + 1) // 2, (x2 + 1) // 2


def _check(reference: ReferenceCache, distorted: RgbImage) -> None:
    check_same_size(reference.srgb, check_rgb(distorted, "distorted image"))


def _planes(reference: ReferenceCache) -> Planes:
    return reference.keep("planes", lambda: padded(half_planes(reference.srgb)))


def _maps(reference: ReferenceCache) -> HaarMaps:
    return reference.keep("maps", lambda: haar_maps(_planes(reference)))


def _crop_scores(
    reference: ReferenceCache,
    distorted: RgbImage,
    boxes: Sequence[Box],
    masks: Sequence[BoolMask | None],
) -> Scores:
    """The score of each box, in which only places under its mask count if there is one."""
    size = (distorted.shape[0], distorted.shape[1])
    planes = half_planes(distorted) if boxes else []
    scores = []
    for box, mask in zip(boxes, masks, strict=True):
        top, left, bottom, right = span = _half_span(grown_box(box, size))
        shares = None if mask is None else half_mask(mask)[top:bottom, left:right]
        sides = _crop_side(reference, span), _crop_maps(planes, span)
        scores.append(score_of(*similarity_sums(*sides, shares)))
    return np.asarray(scores, dtype=np.float32)


def _crop_side(reference: ReferenceCache, span: _Span) -> HaarMaps:
    def make() -> HaarMaps:
        inner = _planes(reference)[:, PAD_BEFORE:-PAD_AFTER, PAD_BEFORE:-PAD_AFTER]
        return _crop_maps(list(inner), span)

    return reference.keep(("crop", span), make)


def _crop_maps(planes: list[FloatMap], span: _Span) -> HaarMaps:
    """The maps of a crop as an image of its own, that is, with zeros beyond its edges."""
    top, left, bottom, right = span
    return haar_maps(padded([plane[top:bottom, left:right] for plane in planes]))


def _composite_score(reference: ReferenceCache, distorted: RgbImage, mask: BoolMask) -> float:
    check_same_size(reference.srgb, mask)
    # The mask is kept with its box, so that its id cannot pass to another mask.
    box, inside, _ = reference.keep(("mask", id(mask)), lambda: _boxed(mask))
    if inside.size == 0:
        return 1.0
    changed = _half_span(box)
    pasted = half_planes(_pasted(reference.srgb, distorted, inside, box))
    full = _maps(reference)
    window = _influenced(changed, (full.weights.shape[1], full.weights.shape[2]))
    top, left, bottom, right = window
    planes = _planes(reference)[:, top : bottom + PADDING, left : right + PADDING].copy()
    row, column = changed[0] - top + PAD_BEFORE, changed[1] - left + PAD_BEFORE
    high, wide = pasted[0].shape
    planes[:, row : row + high, column : column + wide] = pasted
    before = full.window(*window)
    loss, weights = similarity_sums(before, haar_maps(planes))
    kept = reference.keep(("weights", window), lambda: weight_sum(before))
    everywhere = reference.keep("weights", lambda: weight_sum(full))
    return score_of(loss, everywhere - kept + weights)


def _boxed(mask: BoolMask) -> tuple[Box, NDArray[np.uint8], BoolMask]:
    """The mask's box on even coordinates (within the photo), the mask in it, and the mask."""
    x, y, width, height = cv2.boundingRect(np.ascontiguousarray(mask, dtype=np.uint8))
    x1, y1, x2, y2 = x - x % 2, y - y % 2, x + width, y + height
    x2, y2 = min(mask.shape[1], x2 + x2 % 2), min(mask.shape[0], y2 + y2 % 2)
    if width == 0:
        x1, y1, x2, y2 = 0, 0, 0, 0
    return (x1, y1, x2, y2), np.ascontiguousarray(mask[y1:y2, x1:x2], dtype=np.uint8), mask


def _pasted(srgb: RgbImage, distorted: RgbImage, inside: NDArray[np.uint8], box: Box) -> RgbImage:
    """The box of the reference with the pixels inside distorted."""
    x1, y1, x2, y2 = box
    out = srgb[y1:y2, x1:x2].copy()
    return np.asarray(cv2.copyTo(distorted[y1:y2, x1:x2], inside, out), dtype=np.uint8)


def _influenced(changed: _Span, size: tuple[int, int]) -> _Span:
    """The outputs that read any changed pixel."""
    top, left, bottom, right = changed
    return (
        max(0, top - PAD_AFTER),
        max(0, left - PAD_AFTER),
        min(size[0], bottom + PAD_BEFORE),
        min(size[1], right + PAD_BEFORE),
    )
