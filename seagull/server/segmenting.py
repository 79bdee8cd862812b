"""The segmenter's one thread: what it computed of a photo is kept for the next click on it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from seagull.photos import Photo
from seagull.regions.everything import Candidate, Selection
from seagull.regions.rle import Rle, decode, encode
from seagull.regions.segmenter import PhotoSegmenter, Point, Segmenter
from seagull.server.threads import run_in
from seagull.types import Box

T = TypeVar("T")

KEPT_PHOTOS = 8
KEPT_SELECTIONS = 4

_Found = list[tuple[Rle, tuple[float, float]]]
"""Masks with their confidence and stability."""


@dataclass
class _KeptPhoto:
    """A photo's segmenter; the automatic regions it found are kept as run lengths."""

    opened: PhotoSegmenter
    found: OrderedDict[Selection, _Found] = field(default_factory=OrderedDict)

    def segment(self, points: Sequence[Point], box: Box | None = None) -> Candidate:
        """See ``PhotoSegmenter``."""
        return self.opened.segment(points, box)

    def everything(self, selection: Selection) -> list[Candidate]:
        """See ``PhotoSegmenter``; computed once for each selection."""
        known = self.found.get(selection)
        if known is not None:
            return [Candidate(decode(rle), *numbers) for rle, numbers in known]
        candidates = self.opened.everything(selection)
        self.found[selection] = [
            (encode(candidate.mask), (candidate.confidence, candidate.stability))
            for candidate in candidates
        ]
        while len(self.found) > KEPT_SELECTIONS:
            self.found.popitem(last=False)
        return candidates


class KeptSegmenter:
    """A segmenter that keeps the photos used last; used in one thread.

    Args:
        load: makes the segmenter when it is first needed.
    """

    def __init__(self, load: Callable[[], Segmenter]) -> None:
        self._load = load
        self._photos: OrderedDict[str, _KeptPhoto] = OrderedDict()
        self.opened = 0
        """How many photos were opened, each of which costs an encoding."""

    @property
    def name(self) -> str:
        """See ``Segmenter``."""
        return self._load().name

    @property
    def notice(self) -> str | None:
        """See ``Segmenter``."""
        return self._load().notice

    def open(self, photo: Photo) -> PhotoSegmenter:
        """See ``Segmenter``."""
        kept = self._photos.get(photo.sha256)
        if kept is None:
            kept = self._photos[photo.sha256] = _KeptPhoto(self._load().open(photo))
            self.opened += 1
        self._photos.move_to_end(photo.sha256)
        while len(self._photos) > KEPT_PHOTOS:
            self._photos.popitem(last=False)
        return kept


class Segmenting:
    """Runs functions that use the segmenter, one after the other, in a thread of its own."""

    def __init__(self, load: Callable[[], Segmenter]) -> None:
        self.segmenter = KeptSegmenter(load)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="seagull-segmenter")

    async def run(self, function: Callable[[Segmenter], T]) -> T:
        """What the function makes with the segmenter; see ``run_in``."""
        return await run_in(self._thread, lambda: function(self.segmenter))

    def close(self) -> None:
        """Ends the thread once what waits is done."""
        self._thread.shutdown()
