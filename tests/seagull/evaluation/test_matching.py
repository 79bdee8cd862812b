"""Regions of a report and of a set that have one id are compared by their masks."""

import numpy as np
import pytest

from seagull.evaluation.items import EvaluationItem
from seagull.evaluation.matching import check_same_region
from seagull.evaluation.predictions import Prediction, Row
from seagull.photos import Photo
from seagull.records import RegionLabels
from seagull.regions.masks import box_mask
from seagull.regions.rle import Rle, encode
from seagull.regions.spec import RegionSpec
from seagull.types import Box

SIZE = (60, 80)
SPECS = (
    RegionSpec("1", box=(10, 10, 40, 40)),
    RegionSpec("2", box=(45, 10, 75, 40)),
    RegionSpec("3", points=((3, 3, 1),)),
)


def item() -> EvaluationItem:
    photo = Photo(np.zeros((*SIZE, 3), dtype=np.uint8))
    labels = {spec.id: RegionLabels(quality=0.5) for spec in SPECS}
    return EvaluationItem("a", "a.jpg", "a.jpg", lambda: photo, SPECS, labels)


def row(region: str, mask: Rle | None) -> Row:
    return Row("a", region, "a.jpg", "a.jpg", RegionLabels(), Prediction(quality=0.4), mask)


def at(box: Box, size: tuple[int, int] = SIZE) -> Rle:
    return encode(box_mask(box, size))


def test_the_same_region_a_similar_one_and_one_without_a_mask_pass() -> None:
    check_same_region(row("1", at((10, 10, 40, 40))), item())
    check_same_region(row("1", at((12, 9, 43, 40))), item())
    check_same_region(row("1", None), item())
    check_same_region(row("3", at((40, 40, 50, 50))), item())


def test_regions_numbered_in_another_order_are_refused() -> None:
    with pytest.raises(ValueError, match=r"region 2: .*overlap 0%.*matched by id"):
        check_same_region(row("2", at((10, 10, 40, 40))), item())


def test_a_report_on_a_smaller_copy_of_the_photo_is_refused() -> None:
    with pytest.raises(ValueError, match=r"region 2: .*outside the photo"):
        check_same_region(row("2", at((5, 5, 20, 20), (30, 40))), item())
