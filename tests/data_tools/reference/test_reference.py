"""References from 8-bit photos and from linear light."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.reference.isp import decode
from data_tools.reference.reference import Reference, from_linear, from_rgb


def _noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((300, 400), (75, 100)),
        ((400, 300), (100, 75)),
        ((60, 100), (60, 100)),
        ((2, 900), (1, 100)),
    ],
)
def test_the_long_side_is_limited(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert from_rgb("photo", _noise(*size), long_side=100).size == expected


def test_reduction_is_by_area() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[::2] = 200
    assert np.unique(from_rgb("photo", image, long_side=32).srgb).tolist() == [100]


def test_linear_light_is_decoded_or_the_sensors() -> None:
    photo = from_rgb("photo", _noise(20, 30))
    assert np.array_equal(photo.linear, decode(photo.srgb))
    assert photo.linear is photo.linear
    light = np.full((20, 30, 3), 1.5, np.float32)
    assert from_linear("raw", light).linear.max() == 1.5


def test_what_is_kept_is_made_once() -> None:
    photo, made = from_rgb("photo", _noise(20, 30)), []
    for _ in range(2):
        photo.keep("name", lambda: made.append(1))
    assert len(made) == 1


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)],
)
def test_other_arrays_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="convert the photo to 8-bit RGB"):
        from_rgb("photo", image)


def test_linear_light_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="expected float32"):
        Reference("photo", _noise(4, 4), np.zeros((2, 2, 3), np.float32))


def test_a_tiny_long_side_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16"):
        from_rgb("photo", _noise(4, 4), long_side=8)
