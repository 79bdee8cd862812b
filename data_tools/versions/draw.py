"""Which distortions a version gets, where, and with which edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from data_tools.config import DataConfig
from data_tools.distort.config import DistortConfig
from data_tools.distort.regional import paste_region, soft_share
from data_tools.distort.registry import apply_all
from data_tools.distort.setting import DistortionSetting
from data_tools.keys import Key
from data_tools.reference.arrays import FloatMap, RgbImage
from data_tools.versions.scenes import PHOTO, Scene
from seagull.types import BoolMask, DistortionType

CLEAN = "clean"
"""Kind of version 0."""
TARGET_SHARES = (0.02, 0.4)
"""Least and greatest share of the scene of a region that is distorted, or spared, alone."""
TWIN_GAP = 4
"""Levels between twins: one severity word. A smaller step may be below what can be seen."""
FEATHERS = (4.0, 24.0)
"""Narrowest and widest soft edge in pixels."""


@dataclass(frozen=True)
class Draft:
    """What is to be done to a scene.

    Args:
        number: of the version; 0 is clean.
        kind: ``clean`` or a name of ``versions.kinds``.
        target: the region that is distorted (or spared) alone; None if there is none.
        feather: width in pixels of the soft edge, 0 for a hard one.
        settings: distortions, all of different types, in the order of the types.
    """

    number: int
    kind: str
    target: str | None = None
    feather: float = 0.0
    settings: tuple[DistortionSetting, ...] = ()


@dataclass(frozen=True, eq=False)
class Rendered:
    """A version's pixels.

    Args:
        pixels: the version, uint8 (H, W, 3).
        foreground: the scene with the distortions everywhere.
        area: true where the distortions are, bool (H, W).
        share: of the foreground in each pixel where edges are soft; None with hard edges.
    """

    pixels: RgbImage
    foreground: RgbImage
    area: BoolMask
    share: FloatMap | None


def draw_version(scene: Scene, number: int, config: DataConfig, ladders: DistortConfig) -> Draft:
    """The version of that number; follows from seed, scene and number alone.

    Versions 1 and 2, 3 and 4 ... are twins: the same distortions of the same place, at levels that
    are ``TWIN_GAP`` apart at least where that many levels are in use. Which of the two is the worse
    one is known whatever the scene shows.
    """
    if number == 0:
        return Draft(0, CLEAN)
    twin = (number - 1) // 2
    key = Key(config.seed, "versions", scene.id, "kind", f"twin {twin}")
    kind = key.choose(config.versions.kinds)
    low, high = TARGET_SHARES
    targets = [name for name in scene.masks if name != PHOTO and low <= scene.share(name) <= high]
    if not targets and not kind.startswith("whole"):
        kind = "whole_mixed" if kind.endswith("_mixed") else "whole"
    settings = _settings(scene.id, number, kind.endswith("_mixed"), config, ladders)
    if kind.startswith("whole"):
        return Draft(number, kind, settings=settings)
    target = targets[_key(key, "target").index(len(targets))]
    feather = 0.0
    if _key(key, "soft").index(2):
        # Within the slope the distortion is weaker: most of the region has to lie deeper.
        widest = min(FEATHERS[1], max(FEATHERS[0], _depth(scene.masks[target])))
        feather = round(FEATHERS[0] + (widest - FEATHERS[0]) * _key(key, "width").unit(), 2)
    return Draft(number, kind, target, feather, settings)


def _depth(mask: BoolMask) -> float:
    """The greatest distance of a mask's pixel from its edge, in pixels."""
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(inside.max())


def _settings(
    scene_id: str, number: int, mixed: bool, config: DataConfig, ladders: DistortConfig
) -> tuple[DistortionSetting, ...]:
    key = Key(config.seed, "versions", scene_id, "types", f"twin {(number - 1) // 2}")
    left = [DistortionType(name) for name in config.distort.types]
    count = min(len(left), 2 + _key(key, "count").index(2)) if mixed else 1
    kinds = [left.pop(_key(key, str(turn)).index(len(left))) for turn in range(count)]
    found = []
    for kind in sorted(kinds, key=list(DistortionType).index):
        own = _key(key, kind.value)
        variant = _key(own, "variant").choose(ladders.weights[kind])
        level = _twin_levels(_key(own, "level"), config.distort.levels)[(number - 1) % 2]
        found.append(ladders.ladder(kind, variant).setting(level))
    return tuple(found)


def _twin_levels(key: Key, levels: Sequence[int]) -> tuple[int, int]:
    """A level for each of two twins, the worse one first in half of the cases."""
    first = levels[_key(key, "first").index(len(levels))]
    apart = [level for level in levels if abs(level - first) >= TWIN_GAP] or [*levels]
    return first, apart[_key(key, "second").index(len(apart))]


def _key(key: Key, name: str) -> Key:
    return key.with_variant(f"{key.variant}/{name}")


def render_version(scene: Scene, draft: Draft, seed: int) -> Rendered:
    """The pixels of a version."""
    before = scene.reference.srgb
    if not draft.settings:
        return Rendered(before, before, ~scene.masks[PHOTO], None)
    foreground = apply_all(draft.settings, scene.reference, seed)
    if draft.target is None:
        return Rendered(foreground, foreground, scene.masks[PHOTO], None)
    mask = scene.masks[draft.target]
    area = np.logical_not(mask) if draft.kind == "outside" else mask
    share = soft_share(area, draft.feather) if draft.feather else None
    return Rendered(paste_region(before, foreground, area, draft.feather), foreground, area, share)


def choose_regions(
    scene: Scene, draft: Draft, disjoint: Sequence[str], config: DataConfig
) -> list[str]:
    """The regions that are labelled: the target, the photo, some of ``disjoint``, then any.

    Twins have the same ones, and the undistorted version has all: what a region is below itself
    untouched can be told of each.
    """
    if draft.kind == CLEAN:
        return [*scene.masks]
    first = [PHOTO] if draft.target is None else [draft.target, PHOTO]

    def order(name: str) -> bytes:
        twin = f"twin {(draft.number - 1) // 2}"
        return Key(config.seed, "versions", scene.id, f"region {name}", twin).digest()

    others = sorted((name for name in scene.masks if name not in first), key=order)
    room = config.versions.regions - len(first)
    preferred = [name for name in others if name in disjoint][: (room + 1) // 2]
    rest = [name for name in others if name not in preferred]
    return [*first, *preferred, *rest][: config.versions.regions]
