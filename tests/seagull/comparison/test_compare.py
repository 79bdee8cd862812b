"""seagull.compare: photos in any form, one model, the regions that are found without any."""

from __future__ import annotations

import numpy as np
import pytest

import seagull
from seagull.photos import Photo
from seagull.regions.classical import ClassicalSegmenter
from seagull.regions.everything import Selection
from tests.seagull.cli.conftest import FakeAssessor


@pytest.fixture
def pixels():
    return np.random.default_rng(3).integers(60, 200, (40, 60, 3), dtype=np.uint8)


def test_a_photo_with_itself_is_the_same_everywhere(pixels):
    made = seagull.compare(pixels, pixels.copy(), [(0, 0, 9, 9), (20, 5, 50, 30)],
                           model=FakeAssessor())  # fmt: skip
    assert [(one.identical, one.change.quality) for one in made.regions] == [(True, 0.0)] * 2
    assert made.change.verdict == "same"


def test_a_region_that_was_darkened_is_worse_and_the_other_one_the_same(pixels):
    after = pixels.copy()
    after[0:20, 0:20] = after[0:20, 0:20] // 8
    made = seagull.compare(pixels, after, [(0, 0, 20, 20), (30, 20, 60, 40)], model=FakeAssessor())
    assert [one.change.verdict.is_worse for one in made.regions] == [True, False]


def test_without_regions_those_that_are_found_in_the_photo_before_are_compared(pixels, monkeypatch):
    monkeypatch.setattr("seagull.regions.load.load_segmenter", ClassicalSegmenter)
    pixels[5:35, 10:30] = 250
    made = seagull.compare(pixels, 255 - pixels, model=FakeAssessor())
    found = ClassicalSegmenter().open(Photo(pixels)).everything(Selection())
    assert len(made.regions) == len(found) > 1
    assert {one.region.source for one in made.regions} == {"everything"}


def test_a_photo_in_which_no_region_is_found_is_compared_as_a_whole(pixels, monkeypatch):
    monkeypatch.setattr("seagull.regions.load.load_segmenter", ClassicalSegmenter)
    made = seagull.compare(np.full_like(pixels, 128), pixels, model=FakeAssessor())
    assert [one.region.source for one in made.regions] == ["whole"]


def test_regions_are_of_the_common_size(pixels):
    large = np.kron(pixels, np.ones((2, 2, 1), np.uint8))
    made = seagull.compare(pixels, large, [(0, 0, 60, 40)], resize="after", model=FakeAssessor())
    assert made.regions[0].region.size == (40, 60)
    assert made.resized is not None
    with pytest.raises(ValueError, match="differ in size"):
        seagull.compare(pixels, large, model=FakeAssessor())
