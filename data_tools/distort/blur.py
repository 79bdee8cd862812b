"""Blur: Gaussian, disc (defocus) and motion, on the developed picture.

Parameters are in pixels of the reference: sigma, radius and path length.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.keys import Key
from data_tools.reference.arrays import FloatMap, RgbImage
from data_tools.reference.reference import Reference

_PADS = (16, 32, 64, 128, 256)


def gaussian(reference: Reference, sigma: float, key: Key) -> RgbImage:
    """The photo blurred by a Gaussian of ``sigma`` px; ``key`` is not used."""
    del key
    return np.asarray(cv2.GaussianBlur(reference.srgb, (0, 0), sigma), dtype=np.uint8)


def disc(reference: Reference, radius: float, key: Key) -> RgbImage:
    """The photo out of focus: each point becomes a disc of ``radius`` px; ``key`` is not used."""
    del key
    return _convolve(reference, disc_kernel(radius))


def motion(reference: Reference, length: float, key: Key) -> RgbImage:
    """The photo moved along a straight line of ``length`` px; the key chooses the angle."""
    return _convolve(reference, motion_kernel(length, math.pi * key.unit()))


def disc_kernel(radius: float) -> FloatMap:
    """A disc that sums to 1, shape (2r+1, 2r+1); its edge fades over one pixel."""
    y, x = _grid(math.ceil(radius + 0.5))
    return _normalised(np.clip(radius + 0.5 - np.hypot(x, y), 0, 1))


def motion_kernel(length: float, angle: float) -> FloatMap:
    """A line that sums to 1, ``length`` px long and 1 px wide, ``angle`` in radians."""
    y, x = _grid(math.ceil(length / 2 + 1))
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    return _normalised(
        np.clip(length / 2 + 0.5 - np.abs(along), 0, 1) * np.clip(1 - np.abs(across), 0, 1)
    )


def _grid(reach: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    return y, x


def _normalised(weights: NDArray[np.float64]) -> FloatMap:
    return (weights / weights.sum()).astype(np.float32)


def _convolve(reference: Reference, kernel: FloatMap) -> RgbImage:
    """The photo convolved with a symmetric kernel, mirrored at its borders.

    The photo's spectra are computed once; one more setting costs a product and an inverse
    transform per channel, whatever the size of its kernel.
    """
    reach = kernel.shape[0] // 2
    pad = next((size for size in _PADS if size >= reach), None)
    if pad is None:
        raise ValueError(f"a blur may reach {_PADS[-1]} px, this one reaches {reach}; reduce it")
    spectra = reference.keep(f"spectra-{pad}", lambda: _spectra(reference.srgb, pad))
    frame = np.zeros_like(spectra[0])
    frame[: kernel.shape[0], : kernel.shape[1]] = kernel
    transfer = cv2.dft(np.roll(frame, (-reach, -reach), axis=(0, 1)))
    height, width = reference.size
    planes = [
        cv2.dft(cv2.mulSpectrums(plane, transfer, 0), flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)
        for plane in spectra
    ]
    inner = [plane[pad : pad + height, pad : pad + width] for plane in planes]
    return _to_codes(np.asarray(cv2.merge(inner), dtype=np.float32))


def _spectra(image: RgbImage, pad: int) -> list[FloatMap]:
    height, width = image.shape[:2]
    bottom = cv2.getOptimalDFTSize(height + 2 * pad) - height - pad
    right = cv2.getOptimalDFTSize(width + 2 * pad) - width - pad
    framed = cv2.copyMakeBorder(image, pad, bottom, pad, right, cv2.BORDER_REFLECT)
    planes = cv2.split(framed.astype(np.float32))
    return [np.asarray(cv2.dft(plane), dtype=np.float32) for plane in planes]


def _to_codes(values: NDArray[np.float32]) -> RgbImage:
    """Nearest 8-bit codes, clipped; OpenCV rounds and saturates in one pass."""
    return np.asarray(
        cv2.addWeighted(values, 1.0, values, 0.0, 0.0, dtype=cv2.CV_8U), dtype=np.uint8
    )
