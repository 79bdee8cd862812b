"""Labels of regions: quality, importance, and whether anything is visible at all.

Quality is the metric of the distorted region against the same region of the reference. Importance
follows from the metric of the reference with only this region distorted: the lower it is, the more
the region matters to the photo (SEAGULL, section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data_tools.metrics.labeller import Labeller, ReferenceCache, Scores
from data_tools.reference.arrays import RgbImage
from seagull.types import Region

VISIBLE_BELOW = 0.995
"""From this score on nothing is visible, and a region is never called distorted."""


@dataclass(frozen=True, eq=False)
class RoiLabels:
    """Raw scores of the regions of one distorted image.

    Args:
        quality: metric of each region's crop, float32 (R,).
        importance_raw: metric of the photo with only that region distorted, float32 (R,).
        metric: id of the labeller.
        version: of the labeller.
    """

    quality: Scores
    importance_raw: Scores
    metric: str
    version: str


def label_rois(
    reference: ReferenceCache, distorted: RgbImage, rois: Sequence[Region], labeller: Labeller
) -> RoiLabels:
    """The labels of all regions of one distorted image.

    Args:
        reference: from ``labeller.prepare``; keep it for all distorted versions of the photo.
        distorted: uint8 (H, W, 3).
        rois: regions of that photo.
        labeller: the metric.
    """
    return RoiLabels(
        quality=labeller.score_crops(reference, distorted, [roi.box for roi in rois]),
        importance_raw=labeller.score_composites(reference, distorted, [roi.mask for roi in rois]),
        metric=labeller.id,
        version=labeller.version,
    )


def visible(score: float, threshold: float = VISIBLE_BELOW) -> bool:
    """Whether a quality score in [0, 1] (higher is better) says that the distortion shows."""
    return score < threshold
