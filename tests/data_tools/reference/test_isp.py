"""The ISP steps and their inverses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.reference.isp import (
    colour_matrix,
    decode,
    encode,
    expose,
    linear_to_srgb,
    mosaic,
    srgb_to_linear,
    white_balance,
)


def test_every_code_survives_the_way_to_linear_light_and_back() -> None:
    codes = np.arange(256, dtype=np.uint8)
    image = np.stack([codes, codes[::-1], codes], axis=1)[None]
    assert np.array_equal(encode(decode(image)), image)


@given(st.floats(0, 1))
def test_the_srgb_curve_is_inverted(value: float) -> None:
    assert float(linear_to_srgb(srgb_to_linear(value))) == pytest.approx(value, abs=1e-7)


def test_the_curve_has_its_known_values() -> None:
    assert float(srgb_to_linear(0.5)) == pytest.approx(0.21404, abs=1e-5)
    assert linear_to_srgb([-1.0, 0.0, 1.0, 7.0]).tolist() == pytest.approx([0, 0, 1, 1])


def test_light_beyond_the_display_is_clipped() -> None:
    light = np.array([[[-0.5, 0.5, 3.0]]], np.float32)
    assert encode(light).tolist() == [[[0, 188, 255]]]


def test_steps_are_undone_by_their_inverses_and_change_nothing_in_place() -> None:
    light = np.random.default_rng(0).random((8, 10, 3)).astype(np.float32)
    before = light.copy()
    matrix = np.array([[1.6, -0.4, -0.2], [-0.3, 1.5, -0.2], [0.0, -0.5, 1.5]])
    gains = (2.0, 1.0, 1.7)
    back = colour_matrix(colour_matrix(light, matrix), np.linalg.inv(matrix))
    assert np.allclose(back, light, atol=1e-5)
    undone = white_balance(white_balance(light, gains), (1 / 2.0, 1.0, 1 / 1.7))
    assert np.allclose(undone, light, atol=1e-6)
    assert np.allclose(expose(expose(light, 1.5), -1.5), light, atol=1e-6)
    assert np.array_equal(light, before)


def test_a_mosaic_keeps_one_channel_a_pixel() -> None:
    light = np.zeros((4, 6, 3), np.float32)
    light[...] = (1, 2, 3)
    assert mosaic(light)[:2, :2].tolist() == [[1, 2], [2, 3]]
