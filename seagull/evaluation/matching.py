"""Checks that a report's region and a set's region of one id are the same part of the photo."""

from __future__ import annotations

from seagull.evaluation.items import EvaluationItem
from seagull.evaluation.predictions import Row
from seagull.regions.geometry import GeometryError
from seagull.regions.masks import iou
from seagull.regions.rle import decode

LEAST_OVERLAP = 0.5
"""Intersection over union; outlines of one thing by two hands agree better than that."""


def check_same_region(row: Row, item: EvaluationItem) -> None:
    """Passes a prediction whose mask covers the item's region of its id; without a mask, any.

    Args:
        row: the prediction, whose mask has the size of the photo it was made on.
        item: of the evaluation set.

    Raises:
        ValueError: if the item's region does not fit that photo.
        GeometryError: if the two overlap too little.
    """
    spec = next((spec for spec in item.regions if spec.id == row.region), None)
    if row.mask is None or spec is None or spec.needs_segmenter:
        return
    region = spec.build(row.mask.size, folder=item.folder)
    overlap = iou(region.mask, decode(row.mask))
    if overlap < LEAST_OVERLAP:
        raise GeometryError(
            f"region {row.region}: the report's lies elsewhere in the photo (overlap "
            f"{overlap:.0%}); regions are matched by id: assess the set's own regions, or give "
            "them the set's ids"
        )
