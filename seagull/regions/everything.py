"""Automatic regions: candidates of a segmenter, ranked, without duplicates, and not too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seagull.regions.masks import box_of
from seagull.types import BoolMask, Box


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mask that a segmenter proposes.

    Args:
        mask: boolean (H, W).
        confidence: the segmenter's estimate of the mask's quality, in [0, 1].
        stability: share of the mask that stays when the threshold moves, in [0, 1].
    """

    mask: BoolMask
    confidence: float
    stability: float = 1.0


@dataclass(frozen=True)
class Selection:
    """Which candidates become regions.

    Args:
        limit: most regions kept.
        min_area: smallest share of the photo.
        max_area: largest share of the photo; a mask of nearly everything is no region.
        max_iou: two regions that overlap more are one; the better stays.

    Raises:
        ValueError: if a number is out of its range.
    """

    limit: int = 32
    min_area: float = 0.002
    max_area: float = 0.95
    max_iou: float = 0.7

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise ValueError(f"the number of automatic regions is at least 1, got {self.limit}")
        for name in ("min_area", "max_area", "max_iou"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is a share in [0, 1], got {getattr(self, name)}")


@dataclass(frozen=True, eq=False)
class _Measured:
    candidate: Candidate
    area: int
    box: Box

    @property
    def mask(self) -> BoolMask:
        return self.candidate.mask

    @property
    def rank(self) -> float:
        share = self.area / self.mask.size
        return float(self.candidate.confidence * self.candidate.stability * share**0.1)


def select(candidates: Sequence[Candidate], selection: Selection) -> list[Candidate]:
    """The candidates worth assessing, best first.

    Rank is confidence times stability times the area share to the power 0.1: of two
    equally sure masks the larger one matters more to the photo.
    """
    kept: list[_Measured] = []
    for measured in sorted(_measure(candidates, selection), key=lambda one: -one.rank):
        if all(_overlap(measured, other) <= selection.max_iou for other in kept):
            kept.append(measured)
        if len(kept) == selection.limit:
            break
    return [measured.candidate for measured in kept]


def _measure(candidates: Sequence[Candidate], selection: Selection) -> list[_Measured]:
    measured = []
    for candidate in candidates:
        area = int(np.count_nonzero(candidate.mask))
        share = area / candidate.mask.size
        if area and selection.min_area <= share <= selection.max_area:
            measured.append(_Measured(candidate, area, box_of(candidate.mask)))
    return measured


def _overlap(first: _Measured, second: _Measured) -> float:
    """IoU, computed on the common box alone."""
    x1, y1 = max(first.box[0], second.box[0]), max(first.box[1], second.box[1])
    x2, y2 = min(first.box[2], second.box[2]), min(first.box[3], second.box[3])
    if x2 <= x1 or y2 <= y1:
        return 0.0
    common = int(np.count_nonzero(first.mask[y1:y2, x1:x2] & second.mask[y1:y2, x1:x2]))
    return common / (first.area + second.area - common)
