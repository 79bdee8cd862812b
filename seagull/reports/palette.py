"""Colours of scores: a colour-blind-safe ramp from vermilion (low) to blue (high)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
"""sRGB, each in 0..255."""

# Warm to cool instead of red to green: the blue-yellow axis survives red-green blindness, and the
# lightness rises to the middle and falls again, so that neighbours differ in two ways.
_ANCHORS: tuple[Colour, ...] = (
    (189, 30, 36),
    (240, 128, 60),
    (250, 222, 120),
    (120, 186, 222),
    (38, 92, 168),
)
NEUTRAL: Colour = (150, 150, 150)
"""A region without a score."""
DARK: Colour = (18, 20, 24)
LIGHT: Colour = (250, 250, 250)


def ramp(scores: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The colours of scores in [0, 1]: shape (..., ) to (..., 3), sRGB."""
    at = np.linspace(0.0, 1.0, len(_ANCHORS))
    anchors = np.asarray(_ANCHORS, dtype=np.float64)
    channels = [np.interp(scores, at, anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def colour(score: float | None) -> Colour:
    """The colour of one score in [0, 1]; ``NEUTRAL`` for None."""
    if score is None:
        return NEUTRAL
    red, green, blue = ramp(np.asarray(score, dtype=np.float64)).tolist()
    return red, green, blue


def ink(background: Colour) -> Colour:
    """Dark or light, whichever reads better on ``background`` (WCAG 2 contrast ratio)."""
    light, dark = _luminance(LIGHT), _luminance(DARK)
    ground = _luminance(background)
    on_light = (light + 0.05) / (ground + 0.05)
    on_dark = (ground + 0.05) / (dark + 0.05)
    return LIGHT if on_light > on_dark else DARK


def _luminance(rgb: Colour) -> float:
    channels = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def hex_colour(rgb: Colour) -> str:
    """``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)
