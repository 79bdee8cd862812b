"""Scenes: windows of a reference at one size, with their regions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from data_tools.config import DataConfig, MasksConfig
from data_tools.keys import Key
from data_tools.masks import Roi
from data_tools.reference.reference import Reference
from data_tools.versions.config import VersionsConfig
from seagull.regions.masks import Size, box_mask, box_of
from seagull.types import BoolMask, Box

PHOTO = "photo"
"""Id of the region that is the whole photo."""
BOX_SHARES = (0.03, 0.35)
"""Least and greatest share of a scene that a random box covers."""
_MAX_IOU = 0.75
_TRIES = 8
_NO_SECOND = 0.9


@dataclass(frozen=True, eq=False)
class Scene:
    """A window of a reference.

    Args:
        reference: its pixels under its own id, ``<photo>.<number>``.
        masks: by region id: ROIs, boxes (``b1`` ...) and ``photo``; bool (H, W).
    """

    reference: Reference
    masks: dict[str, BoolMask]

    @property
    def id(self) -> str:
        """The id of the scene."""
        return self.reference.image_id

    def share(self, region: str) -> float:
        """The share of the scene that a region covers, in (0, 1]."""
        mask = self.masks[region]
        return int(np.count_nonzero(mask)) / mask.size


def make_scenes(reference: Reference, rois: Sequence[Roi], config: DataConfig) -> list[Scene]:
    """The scenes of one reference; at least one."""
    windows = windows_of(reference.image_id, reference.size, config.seed, config.versions)
    return [
        _scene(f"{reference.image_id}.{number}", reference, rois, window, config)
        for number, window in enumerate(windows)
    ]


def windows_of(image_id: str, size: Size, seed: int, config: VersionsConfig) -> list[Box]:
    """The windows of a reference of ``size`` (height, width), none much like another.

    No window is smaller than a scene, so that none is ever enlarged, unless the reference itself
    is smaller.
    """
    height, width = size
    if config.whole:
        return [(0, 0, width, height)]
    wide, high = _scene_sides(size, config)
    largest = min(width / wide, height / high)
    least = max(config.min_scale, 1 / largest)
    if least > _NO_SECOND:
        return [_window(Key(seed, "versions", image_id, "window", "0"), size, config, 1.0)]
    found: list[Box] = []
    for number in range(config.scenes):
        for attempt in range(_TRIES):
            key = Key(seed, "versions", image_id, "window", f"{number}/{attempt}")
            scale = least + (1 - least) * key.with_variant(f"{key.variant}/scale").unit()
            window = _window(key, size, config, scale)
            if all(_box_iou(window, other) <= _MAX_IOU for other in found):
                found.append(window)
                break
    return found


def _scene_sides(size: Size, config: VersionsConfig) -> tuple[int, int]:
    """Width and height of a scene, lying as the photo does."""
    long, short = config.window
    return (long, short) if size[1] >= size[0] else (short, long)


def _window(key: Key, size: Size, config: VersionsConfig, scale: float) -> Box:
    height, width = size
    sides = _scene_sides(size, config)
    factor = min(width / sides[0], height / sides[1]) * scale
    wide = min(width, round(sides[0] * factor))
    high = min(height, round(sides[1] * factor))
    left = key.with_variant(f"{key.variant}/x").index(width - wide + 1)
    top = key.with_variant(f"{key.variant}/y").index(height - high + 1)
    return left, top, left + wide, top + high


def _box_iou(first: Box, second: Box) -> float:
    wide = min(first[2], second[2]) - max(first[0], second[0])
    high = min(first[3], second[3]) - max(first[1], second[1])
    inner = max(0, wide) * max(0, high)
    both = sum((x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (first, second))
    return inner / (both - inner)


def _scene(
    scene_id: str, reference: Reference, rois: Sequence[Roi], window: Box, config: DataConfig
) -> Scene:
    x1, y1, x2, y2 = window
    pixels = np.ascontiguousarray(reference.srgb[y1:y2, x1:x2])
    wide, high = x2 - x1, y2 - y1
    if not config.versions.whole:
        sides = _scene_sides(reference.size, config.versions)
        wide, high = min(wide, sides[0]), min(high, sides[1])
        if pixels.shape[:2] != (high, wide):
            pixels = np.asarray(cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA))
    masks = {}
    for roi in rois:
        mask = _cut(roi.mask, window, (high, wide), config.masks)
        if mask is not None:
            masks[roi.id] = mask
    for number in range(1, config.versions.boxes + 1):
        key = Key(config.seed, "versions", scene_id, "box", str(number))
        masks[f"b{number}"] = box_mask(_random_box(key, (high, wide)), (high, wide))
    masks[PHOTO] = np.ones((high, wide), dtype=np.bool_)
    return Scene(Reference(scene_id, pixels), masks)


def _cut(mask: BoolMask, window: Box, size: Size, config: MasksConfig) -> BoolMask | None:
    """The part of a region inside the window, None if too little of it is left."""
    x1, y1, x2, y2 = window
    part = mask[y1:y2, x1:x2]
    if 2 * np.count_nonzero(part) < np.count_nonzero(mask):
        return None
    resized = cv2.resize(
        part.astype(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_NEAREST
    ).astype(np.bool_)
    area = np.count_nonzero(resized)
    if area == 0 or area < config.min_area * resized.size:
        return None
    left, top, right, bottom = box_of(resized)
    return resized if min(right - left, bottom - top) >= config.min_side else None


def _random_box(key: Key, size: Size) -> Box:
    """A rectangle whose area and shape are uniform on a logarithmic scale."""
    height, width = size
    area, shape, x, y = (key.with_variant(f"{key.variant}/{name}").unit() for name in "asxy")
    share = BOX_SHARES[0] * (BOX_SHARES[1] / BOX_SHARES[0]) ** area
    ratio = 2.0 ** (2 * shape - 1)
    wide = min(width, max(1, round(math.sqrt(share * height * width * ratio))))
    high = min(height, max(1, round(share * height * width / wide)))
    left, top = int(x * (width - wide + 1)), int(y * (height - high + 1))
    return left, top, left + wide, top + high
