"""Raw scores of regions in a version, and which of them the distortion covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from data_tools.metrics.labeller import Labeller, ReferenceCache
from data_tools.reference.arrays import FloatMap, RgbImage
from data_tools.versions.draw import Rendered
from data_tools.versions.scenes import Scene
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
        importance_raw: of the scene in which only this region is distorted, in [0, 1].
    """

    id: str
    state: str
    quality: float = 1.0
    importance_raw: float = 1.0

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
    scores: dict[str, tuple[float, float]] = {}
    for state, picture in ((DISTORTED, rendered.foreground), (PARTLY, rendered.pixels)):
        masks = {name: scene.masks[name] for name, found in states.items() if found == state}
        if masks:
            scores |= _scores(masks, state, picture, labeller, cache)
    return [RawLabel(name, state, *scores.get(name, (1.0, 1.0))) for name, state in states.items()]


def _scores(
    named: Mapping[str, BoolMask],
    state: str,
    picture: RgbImage,
    labeller: Labeller,
    cache: ReferenceCache,
) -> dict[str, tuple[float, float]]:
    masks = list(named.values())
    if state == DISTORTED:
        qualities = labeller.score_crops(cache, picture, [box_of(mask) for mask in masks])
    else:
        qualities = labeller.score_regions(cache, picture, masks)
    composites = labeller.score_composites(cache, picture, masks)
    return {
        name: (_unit(quality), _unit(composite))
        for name, quality, composite in zip(named, qualities, composites, strict=True)
    }


def _unit(score: np.float32) -> float:
    return round(min(max(float(score), 0.0), 1.0), 6)
