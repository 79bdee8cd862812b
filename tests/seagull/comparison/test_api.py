"""compare_json: two photos and an object in, comparison/1 out, faults named."""

from __future__ import annotations

import numpy as np
import pytest

from seagull.comparison.api import compare_json
from seagull.comparison.json import check_comparison
from seagull.photos import Photo
from seagull.regions.classical import ClassicalSegmenter
from tests.seagull.cli.conftest import FakeAssessor


@pytest.fixture
def photos():
    pixels = np.random.default_rng(1).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    pixels[10:30, 20:40] = 240
    return Photo(pixels), Photo(255 - pixels)


def test_regions_are_specs_numbered_by_their_place(photos):
    asked = {"regions": [{"box": [0, 0, 9, 9]}, {"id": "face", "polygon": [[1, 1, 9, 1, 9, 9]]}]}
    plain = compare_json(FakeAssessor(), *photos, asked)
    check_comparison(plain)
    assert [one["id"] for one in plain["regions"]] == ["1", "face"]


def test_nothing_asked_is_the_whole_photo(photos):
    plain = compare_json(FakeAssessor(), *photos, {})
    assert [one["source"] for one in plain["regions"]] == ["whole"]


def test_everything_is_found_in_the_photo_before(photos):
    segmenter = ClassicalSegmenter()
    plain = compare_json(FakeAssessor(), *photos, {"everything": True, "max_regions": 2}, segmenter)
    assert {one["source"] for one in plain["regions"]} == {"everything"}
    assert plain["segmenter"] == segmenter.name


@pytest.mark.parametrize(
    ("asked", "named"),
    [({"region": []}, "unknown fields"), ({"regions": 3}, "regions is a list"),
     ({"regions": ["x"]}, "a region is an object"), ({"everything": 1}, "true or false"),
     ({"max_regions": 0}, "1 to 1000"), ({"resize": 2}, "'before' or 'after'"),
     ({"regions": [{"mask": "/etc/passwd"}]}, "run lengths"), ([], "is an object")],
)  # fmt: skip
def test_faults_are_named(photos, asked, named):
    with pytest.raises(ValueError, match=named):
        compare_json(FakeAssessor(), *photos, asked)
