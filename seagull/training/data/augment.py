"""Variations of a photo and its regions that leave their quality as it is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seagull.types import Region

Pixels = NDArray[np.uint8]


def flipped(pixels: Pixels, regions: Sequence[Region]) -> tuple[Pixels, list[Region]]:
    """The photo (H, W, 3) and its regions, left and right exchanged."""
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    return mirrored, [_like(region, region.mask[:, ::-1]) for region in regions]


def random_window(
    pixels: Pixels, regions: Sequence[Region], side: int, rng: np.random.Generator
) -> tuple[Pixels, list[Region]]:
    """A square window of the photo at its own resolution, at most ``side`` pixels a side.

    Meant for photos judged as a whole: an opinion of a photo holds, about, for a large part of it.

    Raises:
        ValueError: if a region is not the whole photo: it would lose what it was judged by.
    """
    for region in regions:
        if not region.mask.all():
            raise ValueError(
                f"region {region.id} is a part of its photo; `crop` is for sources of photos that "
                "are judged as a whole"
            )
    height, width = pixels.shape[:2]
    top = int(rng.integers(0, max(0, height - side) + 1))
    left = int(rng.integers(0, max(0, width - side) + 1))
    part = (slice(top, top + side), slice(left, left + side))
    return np.ascontiguousarray(pixels[part]), [_like(r, r.mask[part]) for r in regions]


def _like(region: Region, mask: NDArray[np.bool_]) -> Region:
    return Region(np.ascontiguousarray(mask), region.id, region.source)
