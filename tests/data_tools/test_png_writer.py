"""PNG files that every reader gives back pixel by pixel."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data_tools.png_writer import encode_png


@settings(max_examples=40)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]), st.integers(0, 9))
def test_two_readers_get_the_pixels_back(height: int, width: int, channels: int, seed: int) -> None:
    shape = (height, width) if channels == 1 else (height, width, channels)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    data = encode_png(pixels)
    opened = Image.open(io.BytesIO(data))
    opened.verify()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)
    flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR_RGB
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), flag), pixels)


def test_views_in_another_order_are_written_as_they_look() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    turned = pixels.transpose(1, 0, 2)[::-1]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(turned)))), turned)


def test_smooth_photos_get_small() -> None:
    slope = np.linspace(0, 255, 512).astype(np.uint8)
    pixels = np.repeat(np.tile(slope, (384, 1))[..., None], 3, axis=2)
    assert len(encode_png(pixels)) < pixels.size / 50


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)],
)
def test_other_arrays_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"uint8|no pixels"):
        encode_png(pixels)
