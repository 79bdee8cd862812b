"""Which photos can be compared: those of one size, or of one aspect with a stated resize."""

from __future__ import annotations

import numpy as np
import pytest

from seagull.comparison.photos import same_size
from seagull.comparison.types import Resized
from seagull.photos import Photo


def photo(height: int, width: int) -> Photo:
    return Photo(np.full((height, width, 3), 90, np.uint8), f"{width}.png")


def test_photos_of_one_size_stay_as_they_are():
    one, other = photo(40, 60), photo(40, 60)
    assert same_size(one, other) == (one, other, None)
    assert same_size(one, other, "after") == (one, other, None)


def test_another_size_is_refused_with_both_sizes_and_what_to_do():
    with pytest.raises(ValueError, match=r"60x40 before, 120x80 after.*--resize before"):
        same_size(photo(40, 60), photo(80, 120))


@pytest.mark.parametrize("size", [(60, 40), (40, 64), (80, 110)])
def test_another_aspect_is_refused_whatever_resize_says(size):
    with pytest.raises(ValueError, match="different sections"):
        same_size(photo(40, 60), photo(*size), "after")


def test_a_stated_resize_brings_one_photo_to_the_other_ones_size():
    first, second, resized = same_size(photo(40, 60), photo(80, 120), "after")
    assert (first.size, second.size) == ((40, 60), (40, 60))
    assert (resized, second.path) == (Resized("after", 120, 80), "120.png")
    first, second, resized = same_size(photo(40, 60), photo(80, 120), "before")
    assert (first.size, second.size, resized) == ((80, 120), (80, 120), Resized("before", 60, 40))


def test_rounding_to_whole_pixels_is_no_other_aspect():
    assert same_size(photo(321, 481), photo(160, 240), "after")[1].size == (321, 481)


def test_an_unknown_resize_names_the_known_ones():
    with pytest.raises(ValueError, match=r"unknown resize 'aftr'.*after"):
        same_size(photo(4, 6), photo(4, 6), "aftr")
