"""Labeller: what every full-reference metric offers to the label stage.

A label is comparable with another only if id and version of their labellers agree; both stand in
every row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from data_tools.reference.arrays import RgbImage, check_rgb
from seagull.types import BoolMask, Box

Scores = NDArray[np.float32]
"""One score per region, shape (R,)."""

MIN_SIDE = 32
"""A region's crop has at least this many pixels a side, where the photo allows it."""

T = TypeVar("T")


class ReferenceCache:
    """The reference side of a metric, computed once per photo and used for all its cells.

    Args:
        srgb: the reference, uint8 (H, W, 3).

    Raises:
        ValueError: if it is not such an image.
    """

    def __init__(self, srgb: RgbImage) -> None:
        self.srgb = check_rgb(srgb, "reference")
        self._kept: dict[Any, Any] = {}

    def keep(self, name: Any, make: Callable[[], T]) -> T:
        """What ``make`` returns, computed once per name."""
        if name not in self._kept:
            self._kept[name] = make()
        return cast(T, self._kept[name])


@dataclass(frozen=True)
class CostEstimate:
    """What labelling will take.

    Args:
        scores: how many.
        seconds: of one worker on ``device``.
        device: what the estimate is for.
        basis: where the time per score comes from.
    """

    scores: int
    seconds: float
    device: str
    basis: str

    def __str__(self) -> str:
        if self.seconds < 2 * 86400:
            span = f"{self.seconds / 3600:.1f} hours"
        else:
            span = f"{self.seconds / 86400:.0f} days"
        return f"{self.scores:,} scores: about {span} of one {self.device} ({self.basis})"


class Labeller(Protocol):
    """A full-reference metric for regions."""

    @property
    def id(self) -> str:
        """Name of the metric, e.g. ``haarpsi``."""
        ...

    @property
    def version(self) -> str:
        """Changes whenever a score may change."""
        ...

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest score."""
        ...

    @property
    def higher_better(self) -> bool:
        """Whether a higher score means better quality."""
        ...

    def prepare(self, reference: RgbImage) -> ReferenceCache:
        """The cache for one photo, for all distorted versions of it."""
        ...

    def score_crops(
        self, reference: ReferenceCache, distorted: RgbImage, boxes: Sequence[Box]
    ) -> Scores:
        """The metric of each box cut out of both images, shape (R,)."""
        ...

    def score_regions(
        self, reference: ReferenceCache, distorted: RgbImage, masks: Sequence[BoolMask]
    ) -> Scores:
        """The metric of what each mask cuts out of both images, shape (R,).

        What lies beyond a mask counts for nothing, or for as good as in the reference. No mask may
        be empty.
        """
        ...

    def score_composites(
        self, reference: ReferenceCache, distorted: RgbImage, masks: Sequence[BoolMask]
    ) -> Scores:
        """The metric of the reference with one mask's pixels distorted, for each mask, (R,)."""
        ...

    def score_image(self, reference: ReferenceCache, distorted: RgbImage) -> float:
        """The metric of the whole distorted image."""
        ...

    def cost(self, images: int, regions: int, size: tuple[int, int]) -> CostEstimate:
        """The cost of both scores for ``regions`` regions in each of ``images`` images."""
        ...


def grown_box(box: Box, size: tuple[int, int], min_side: int = MIN_SIDE) -> Box:
    """The box grown about its middle to ``min_side`` and out to even coordinates.

    Even, so that a metric at half resolution sees the same pixel pairs in the crop as in the photo.

    Args:
        box: (x1, y1, x2, y2), end exclusive.
        size: height and width of the photo; the result lies within.
        min_side: in pixels.

    Raises:
        ValueError: if the box is empty or not inside the photo.
    """
    height, width = size
    x1, y1, x2, y2 = box
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        raise ValueError(
            f"box {box} is empty or leaves the photo of {width}x{height} pixels; "
            "expected 0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height"
        )
    left, right = _grown_span(x1, x2, width, min_side)
    top, bottom = _grown_span(y1, y2, height, min_side)
    return left, top, right, bottom


def _grown_span(start: int, end: int, limit: int, min_side: int) -> tuple[int, int]:
    missing = max(0, min(min_side, limit) - (end - start))
    start = max(0, min(start - missing // 2, limit - max(end - start, min(min_side, limit))))
    end = max(end, min(limit, start + min_side))
    return start - start % 2, min(limit, end + end % 2)
