"""Noise of a sensor in linear light: read noise, the same everywhere, and shot noise of photons."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.keys import Key
from data_tools.reference.arrays import RgbImage
from data_tools.reference.isp import code_of_linear, linear_of_code
from data_tools.reference.reference import Reference

MIDDLE_GREY = 0.18
"""Linear light at which ``sigma`` is stated."""
_WHITE = 65535.0


def sensor(reference: Reference, sigma: float, key: Key) -> RgbImage:
    """The photo with equal parts of read and shot noise: std ``sigma`` at middle grey."""
    return _add_noise(reference, sigma, key, shot_share=0.5)


def read(reference: Reference, sigma: float, key: Key) -> RgbImage:
    """The photo with read noise: std ``sigma`` of linear light everywhere."""
    return _add_noise(reference, sigma, key, shot_share=0.0)


def shot(reference: Reference, sigma: float, key: Key) -> RgbImage:
    """The photo with shot noise: variance in proportion to the light, std ``sigma`` at grey."""
    return _add_noise(reference, sigma, key, shot_share=1.0)


def _add_noise(reference: Reference, sigma: float, key: Key, shot_share: float) -> RgbImage:
    field = reference.keep(f"noise-{key}", lambda: key.gaussian(reference.srgb.shape))
    light, spread = _light_and_spread(reference, sigma * _WHITE, shot_share)
    noise = cv2.multiply(field, spread)
    # The sum is clipped to the sensor's range and rounded to 16 bits in the same pass.
    noisy = np.asarray(cv2.add(noise, light, dtype=cv2.CV_16U), dtype=np.uint16)
    return np.take(code_of_linear(), noisy)


def _light_and_spread(
    reference: Reference, sigma: float, shot_share: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Light and standard deviation of its noise in 16-bit steps, both (H, W, 3)."""
    if reference.sensor_linear is not None:
        light = np.clip(reference.linear, 0, 1)
        return light * np.float32(_WHITE), _spread(light, sigma, shot_share)
    codes = linear_of_code()
    light = reference.keep(
        "light-steps", lambda: _lookup(reference.srgb, codes * np.float32(_WHITE))
    )
    return light, _lookup(reference.srgb, _spread(codes, sigma, shot_share))


def _lookup(image: RgbImage, table: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.LUT(image, table), dtype=np.float32)


def _spread(light: NDArray[np.float32], sigma: float, shot_share: float) -> NDArray[np.float32]:
    variance = (1 - shot_share) + shot_share / MIDDLE_GREY * light
    return np.float32(sigma) * np.sqrt(variance, dtype=np.float32)
