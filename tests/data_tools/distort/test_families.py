"""What each family means physically."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_tools.distort import blur, colorfulness, compression, contrast, exposure, noise
from data_tools.keys import Key
from data_tools.reference.isp import decode
from data_tools.reference.reference import Reference, from_linear, from_rgb

KEY = Key(1, "distort", "photo", "test")


def flat(*color: int) -> Reference:
    """A photo of one colour, 96 px square."""
    return from_rgb("flat", np.full((96, 96, 3), color, np.uint8))


def random_photo(seed: int = 0) -> Reference:
    """Smoothed random pixels, 70 by 91."""
    pixels = np.random.default_rng(seed).integers(0, 256, (70, 91, 3), dtype=np.uint8)
    return from_rgb("random", np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.0)))


@pytest.mark.parametrize("operation", [blur.gaussian, blur.disc, blur.motion])
def test_blur_keeps_a_flat_photo(operation: object) -> None:
    out = operation(flat(200, 30, 90), 6.3, KEY)  # type: ignore[operator]
    assert np.array_equal(out, flat(200, 30, 90).srgb)


@given(st.floats(0.5, 20), st.floats(0, math.pi))
def test_blur_kernels_sum_to_one_and_are_symmetric(extent: float, angle: float) -> None:
    for kernel in (blur.disc_kernel(extent), blur.motion_kernel(extent, angle)):
        assert kernel.sum() == pytest.approx(1, abs=1e-5)
        assert np.allclose(kernel, kernel[::-1, ::-1], atol=1e-6)
        assert kernel.min() >= 0


@pytest.mark.parametrize("kernel", [blur.disc_kernel(4.2), blur.motion_kernel(9.0, 0.7)])
def test_the_spectral_blur_is_a_convolution(kernel: np.ndarray) -> None:
    photo = random_photo()
    expected = cv2.filter2D(
        photo.srgb.astype(np.float64), -1, kernel, borderType=cv2.BORDER_REFLECT
    )
    got = blur._convolve(photo, kernel)
    assert np.abs(got - expected).max() <= 0.501


def test_motion_smears_along_its_angle_only() -> None:
    kernel = blur.motion_kernel(9.0, 0.0)
    assert np.count_nonzero(kernel.sum(axis=1) > 1e-6) == 1
    assert np.count_nonzero(kernel.sum(axis=0) > 1e-6) >= 9


def test_a_blur_that_is_too_wide_is_refused() -> None:
    with pytest.raises(ValueError, match="256"):
        blur.disc(flat(1, 2, 3), 300.0, KEY)


@pytest.mark.parametrize(
    ("operation", "grey_spread", "dark_spread"),
    [(noise.read, 0.02, 0.02), (noise.shot, 0.02, 0.02 * math.sqrt(0.0497 / 0.18))],
)
def test_noise_has_its_spread_in_linear_light(
    operation: object, grey_spread: float, dark_spread: float
) -> None:
    # sRGB code 118 is linear 0.181, code 63 is linear 0.0497.
    for code, spread in ((118, grey_spread), (63, dark_spread)):
        light = decode(operation(flat(code, code, code), 0.02, KEY))  # type: ignore[operator]
        assert light.std() == pytest.approx(spread, rel=0.06)
        assert light.mean() == pytest.approx(decode(flat(code, code, code).srgb).mean(), abs=1e-3)


def test_one_stop_doubles_the_light() -> None:
    out = exposure.gain(flat(100, 60, 20), 1.0, KEY)
    assert decode(out)[0, 0] == pytest.approx(2 * decode(flat(100, 60, 20).srgb)[0, 0], rel=0.03)


def test_underexposed_raw_shows_what_the_reference_clips() -> None:
    linear = np.full((32, 32, 3), 1.6, np.float32)
    linear[:, :16] = 1.1
    photo = from_linear("raw", linear)
    assert photo.srgb.min() == 255
    out = exposure.gain(photo, -1.0, KEY)
    assert np.all(out[:, :16] < out[:, 16:])


def test_contrast_turns_about_the_mean_luma() -> None:
    photo = random_photo()
    grey = contrast.slope(photo, 0.0, KEY)
    assert np.unique(grey).tolist() == [round(photo.mean_luma)]
    assert np.array_equal(contrast.slope(photo, 1.0, KEY), photo.srgb)


def test_no_saturation_is_grey_of_the_same_luma() -> None:
    photo = random_photo()
    grey = colorfulness.saturation(photo, 0.0, KEY)
    assert np.array_equal(grey[..., 0], grey[..., 1])
    luma = photo.srgb @ np.array([0.299, 0.587, 0.114])
    assert np.abs(grey[..., 0] - luma).max() <= 1
    assert np.array_equal(colorfulness.saturation(photo, 1.0, KEY), photo.srgb)


@pytest.mark.parametrize("codec", [compression.jpeg, compression.webp])
def test_codecs_keep_channels_in_order(codec: object) -> None:
    out = codec(flat(250, 120, 10), 90, KEY)  # type: ignore[operator]
    assert np.abs(out.astype(int) - [250, 120, 10]).max() <= 6
