"""Two photos that can be compared pixel by pixel: of one size, or brought to one."""

from __future__ import annotations

import cv2
import numpy as np

from seagull.comparison.types import Resized
from seagull.photos import Photo

BEFORE, AFTER = "before", "after"
RESIZES = (BEFORE, AFTER)
"""Which photo may be resized to the other one's size."""


def same_size(
    before: Photo, after: Photo, resize: str | None = None
) -> tuple[Photo, Photo, Resized | None]:
    """Both photos at one size, and which of them was resized.

    A photo is reduced by area and enlarged by cubic interpolation.

    Args:
        before: the first photo.
        after: the second photo.
        resize: ``before`` or ``after``: which photo is brought to the other one's size; None
            refuses photos of different sizes.

    Raises:
        ValueError: if sizes differ and ``resize`` is None, or their aspects differ by more than
            rounding to whole pixels explains; if ``resize`` is another word.
    """
    check_resize(resize)
    if before.size == after.size:
        return before, after, None
    sizes = f"{before.width}x{before.height} before, {after.width}x{after.height} after"
    if not _same_aspect(before, after):
        raise ValueError(
            f"the photos show different sections: {sizes}; compare photos of one size, or of one "
            "aspect with a stated resize"
        )
    if resize is None:
        raise ValueError(
            f"the photos differ in size: {sizes}; say which one is to be resized to the other's "
            "size: --resize before, or --resize after (resize in Python and in a request)"
        )
    if resize == BEFORE:
        return _resized(before, after), after, Resized(BEFORE, before.width, before.height)
    return before, _resized(after, before), Resized(AFTER, after.width, after.height)


def check_resize(resize: str | None) -> None:
    """Passes if this says which photo is resized, or none.

    Raises:
        ValueError: naming the known words.
    """
    if resize is not None and resize not in RESIZES:
        words = " or ".join(RESIZES)
        raise ValueError(f"unknown resize {resize!r}: give {words}, the photo that is resized")


def _same_aspect(first: Photo, second: Photo) -> bool:
    """Whether one size is the other times a factor, each side rounded to a whole pixel."""
    small, large = sorted((first, second), key=lambda photo: photo.width * photo.height)
    factor = (large.width + large.height) / (small.width + small.height)
    wide, high = small.width * factor, small.height * factor
    return max(abs(wide - large.width), abs(high - large.height)) <= max(1.0, factor)


def _resized(photo: Photo, like: Photo) -> Photo:
    smaller = like.width * like.height < photo.width * photo.height
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    pixels = cv2.resize(photo.pixels, (like.width, like.height), interpolation=way)
    return Photo(np.asarray(pixels, np.uint8), photo.path)
