"""GrabCut with colour models of our own making, so that equal input gives equal output.

OpenCV starts GrabCut's colour mixtures with k-means on a process-wide random generator. Given
models, it only evaluates (``GC_EVAL``), and no randomness is left (Rother et al., SIGGRAPH 2004).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from seagull.photos import Pixels
from seagull.types import BoolMask

_COMPONENTS = 5
_ITERATIONS = 3
_LEAST_VARIANCE = 4.0


def grabcut(pixels: Pixels, likely: BoolMask, inside: BoolMask, outside: BoolMask) -> BoolMask:
    """The foreground of GrabCut, boolean (H, W).

    Args:
        pixels: shape (H, W, 3).
        likely: a first guess.
        inside: pixels that stay in the foreground.
        outside: pixels that stay in the background.
    """
    labels = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[outside] = cv2.GC_BGD
    labels[inside] = cv2.GC_FGD
    front = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if front.all() or not front.any():
        return front
    back, fore = _mixture(pixels[~front]), _mixture(pixels[front])
    unused = (0, 0, 1, 1)  # the rectangle; labels take its place
    cv2.grabCut(np.ascontiguousarray(pixels), labels, unused, back, fore, _ITERATIONS, cv2.GC_EVAL)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), dtype=np.bool_)


def _mixture(colours: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Five Gaussians in OpenCV's layout (weights, means, covariances), shape (1, 65).

    The colours are split in equal parts along their principal axis.
    """
    values = colours.reshape(-1, 3).astype(np.float64)
    centred = values - values.mean(axis=0)
    _eigenvalues, axes = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(centred @ axes[:, -1], kind="stable")
    parts = [part for part in np.array_split(order, _COMPONENTS) if part.size]
    weights, means = np.zeros(_COMPONENTS), np.zeros((_COMPONENTS, 3))
    covariances = np.tile(np.eye(3) * _LEAST_VARIANCE, (_COMPONENTS, 1, 1))
    for k, part in enumerate(parts):
        chosen = values[part]
        weights[k], means[k] = part.size / len(values), chosen.mean(axis=0)
        offset = chosen - means[k]
        covariances[k] += offset.T @ offset / part.size
    return np.concatenate([weights, means.ravel(), covariances.ravel()])[None]
