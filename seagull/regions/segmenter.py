"""What every segmenter offers, whatever stands behind it: SAM, SAM 2, or no weights at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from seagull.photos import Photo, Pixels
from seagull.regions.everything import Candidate, Selection, select
from seagull.regions.masks import resize_mask
from seagull.types import Box

Point = tuple[float, float, int]
"""``(x, y, label)``: pixel coordinates, label 1 inside the region, 0 outside it."""


class PhotoSegmenter(Protocol):
    """A segmenter with one photo set: that was the expensive part, prompts are cheap."""

    def segment(self, points: Sequence[Point], box: Box | None = None) -> Candidate:
        """The region meant by points, a box, or both; its mask has the photo's size."""
        ...

    def everything(self, selection: Selection) -> list[Candidate]:
        """The selected automatic regions, best first; masks have the photo's size."""
        ...


class Segmenter(Protocol):
    """Something that finds regions in photos."""

    @property
    def notice(self) -> str | None:
        """A line for the user about this choice of segmenter, if there is one to say."""
        ...

    @property
    def name(self) -> str:
        """Named in reports as the maker of a mask."""
        ...

    def open(self, photo: Photo) -> PhotoSegmenter:
        """The segmenter with this photo set (encoded once, when there is an encoder)."""
        ...


class Engine(Protocol):
    """What a particular segmenter implements, at its own working size."""

    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        """The region meant by prompts in working coordinates."""
        ...

    def candidates(self) -> list[Candidate]:
        """All automatic regions, in no order, duplicates allowed."""
        ...


class ScaledSegmenter:
    """An engine that sees the photo at a working size, spoken to in the photo's coordinates.

    SAM looks at 1,024 pixels a side and answers with 256; upscaling a thousand of its answers to
    a 24-megapixel photo would take gigabytes and show nothing more. Selection happens before
    masks are brought to the photo's size.

    Args:
        photo: the photo.
        engine: made for ``working_pixels(photo, ...)``.
        working: height and width that the engine sees.
    """

    def __init__(self, photo: Photo, engine: Engine, working: tuple[int, int]) -> None:
        self._size = photo.size
        self._engine = engine
        self._scale = (working[1] / photo.width, working[0] / photo.height)
        self._working = working

    def segment(self, points: Sequence[Point], box: Box | None = None) -> Candidate:
        """See ``PhotoSegmenter``."""
        if not points and box is None:
            raise ValueError("a prompt needs a point or a box")
        sx, sy = self._scale
        scaled = [((x + 0.5) * sx - 0.5, (y + 0.5) * sy - 0.5, label) for x, y, label in points]
        return self._full_size(self._engine.segment(scaled, box and self._scaled_box(box)))

    def everything(self, selection: Selection) -> list[Candidate]:
        """See ``PhotoSegmenter``."""
        return [self._full_size(kept) for kept in select(self._engine.candidates(), selection)]

    def _scaled_box(self, box: Box) -> Box:
        sx, sy = self._scale
        x1, y1 = int(box[0] * sx), int(box[1] * sy)
        x2, y2 = int(np.ceil(box[2] * sx)), int(np.ceil(box[3] * sy))
        return (
            x1,
            y1,
            min(max(x2, x1 + 1), self._working[1]),
            min(max(y2, y1 + 1), self._working[0]),
        )

    def _full_size(self, candidate: Candidate) -> Candidate:
        return replace(candidate, mask=resize_mask(candidate.mask, self._size))


def working_pixels(photo: Photo, longest_side: int) -> Pixels:
    """The photo's pixels with the longer side at most ``longest_side``; never enlarged."""
    scale = longest_side / max(photo.size)
    if scale >= 1.0:
        return photo.pixels
    size = (max(round(photo.width * scale), 1), max(round(photo.height * scale), 1))
    return np.asarray(cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


@dataclass(frozen=True)
class GridSettings:
    """How a network searches the whole photo: segment-anything's defaults, in smaller batches.

    Args:
        points_per_side: prompts along each side of the photo.
        points_per_batch: prompts decoded together; 32 keep peak memory near 0.5 GB.
        pred_iou: least quality that the network expects of a mask.
        stability: least stability of a mask when its threshold moves.
    """

    points_per_side: int = 32
    points_per_batch: int = 32
    pred_iou: float = 0.88
    stability: float = 0.95


@dataclass
class OncePerPhoto:
    """A segmenter that keeps the photo opened last, so that many regions cost one encoding."""

    segmenter: Segmenter
    _photo: Photo | None = None
    _opened: PhotoSegmenter | None = None

    @property
    def name(self) -> str:
        """The name of the segmenter behind it."""
        return self.segmenter.name

    @property
    def notice(self) -> str | None:
        """The notice of the segmenter behind it."""
        return self.segmenter.notice

    def open(self, photo: Photo) -> PhotoSegmenter:
        """See ``Segmenter``."""
        if self._opened is None or self._photo is not photo:
            self._photo, self._opened = photo, self.segmenter.open(photo)
        return self._opened
