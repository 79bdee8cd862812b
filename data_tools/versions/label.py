"""Raw scores of regions in a scene and its versions, and which a distortion covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from data_tools.distort.registry import apply_all
from data_tools.distort.setting import DistortionSetting
from data_tools.metrics.labeller import Labeller, ReferenceCache
from data_tools.reference.arrays import FloatMap, RgbImage
from data_tools.versions.draw import Rendered
from data_tools.versions.scenes import PHOTO, Scene
from seagull.regions.masks import box_of
from seagull.types import BoolMask

CLEAN, DISTORTED, PARTLY = "clean", "distorted", "partly"
MOSTLY_COVERED = 0.95
"""From this share of its pixels on a region counts as distorted all over."""
HARDLY_COVERED = 0.02
"""Up to this share it counts as clean."""
SOFT_TRACE = 0.05
"""No pixel of a clean region holds a greater share of the distorted picture."""


@dataclass(frozen=True)
class RawLabel:
    """The scores of one region in one version.

    Args:
        id: of the region.
        state: ``clean``, ``distorted`` (all over) or ``partly``.
        quality: of the region's crop, or of what its mask cuts out of the crop; in [0, 1].
    """

    id: str
    state: str
    quality: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def state_of(mask: BoolMask, area: BoolMask, share: FloatMap | None) -> str:
    """Whether distortions in ``area`` leave a region clean, cover it, or cover a part of it.

    Args:
        mask: of the region, bool (H, W).
        area: where the distortions are.
        share: of the distorted picture in each pixel, if edges are soft.
    """
    coverage = np.count_nonzero(mask & area) / np.count_nonzero(mask)
    if coverage >= MOSTLY_COVERED:
        return DISTORTED
    traces = share is not None and float(share[mask].max()) > SOFT_TRACE
    return CLEAN if coverage <= HARDLY_COVERED and not traces else PARTLY


def label_version(
    scene: Scene,
    rendered: Rendered,
    states: dict[str, str],
    labeller: Labeller,
    cache: ReferenceCache,
) -> list[RawLabel]:
    """The labels of regions in one version.

    What its neighbours in its box are like is nothing to a region's quality. If it is distorted all
    over, it is scored in the picture that is distorted everywhere; if in part, in the version,
    where only what lies under its mask counts.

    Args:
        scene: the undistorted scene.
        rendered: the version.
        states: by id of the regions wanted.
        labeller: the metric. ``cache``: of the scene, from ``labeller.prepare``.
    """
    scores: dict[str, float] = {}
    for state, picture in ((DISTORTED, rendered.foreground), (PARTLY, rendered.pixels)):
        masks = {name: scene.masks[name] for name, found in states.items() if found == state}
        if masks:
            scores |= _scores(masks, state, picture, labeller, cache)
    return [RawLabel(name, state, scores.get(name, 1.0)) for name, state in states.items()]


def _scores(
    named: Mapping[str, BoolMask],
    state: str,
    picture: RgbImage,
    labeller: Labeller,
    cache: ReferenceCache,
) -> dict[str, float]:
    masks = list(named.values())
    if state == DISTORTED:
        qualities = labeller.score_crops(cache, picture, [box_of(mask) for mask in masks])
    else:
        qualities = labeller.score_regions(cache, picture, masks)
    return {name: _unit(quality) for name, quality in zip(named, qualities, strict=True)}


def importance_scores(
    scene: Scene,
    settings: Sequence[DistortionSetting],
    labeller: Labeller,
    cache: ReferenceCache,
    seed: int,
) -> dict[str, float]:
    """What is left of the photo where a region alone is distorted, by region; in [0, 1].

    The mean of the metric over the settings, each of which distorts that region with a hard edge.
    It says how much the region matters to the photo, whatever is done to it in a version; the whole
    photo has none.

    Args:
        scene: the undistorted scene.
        settings: one for each distortion type.
        labeller: the metric. ``cache``: of the scene, from ``labeller.prepare``.
        seed: of the distortions.
    """
    masks = {name: mask for name, mask in scene.masks.items() if name != PHOTO}
    if not masks:
        return {}
    scores = [
        labeller.score_composites(
            cache, apply_all([setting], scene.reference, seed), list(masks.values())
        )
        for setting in settings
    ]
    means = np.mean(scores, axis=0)
    return {name: _unit(mean) for name, mean in zip(masks, means, strict=True)}


def sharpness_of(scene: Scene, name: str) -> float:
    """Mean luminance gradient under a region's mask, in shares of the range a pixel; 0 is flat."""
    grey = cv2.cvtColor(scene.reference.srgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    down, across = np.gradient(grey)
    return round(float(np.hypot(down, across)[scene.masks[name]].mean()), 6)


def _unit(score: np.floating) -> float:
    return round(min(max(float(score), 0.0), 1.0), 6)
