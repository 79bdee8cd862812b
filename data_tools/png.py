"""PNG in and out: lossless and fast (a million of these are written)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_SETTINGS = (
    cv2.IMWRITE_PNG_COMPRESSION,
    1,
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_SUB,
)
"""Level 1 with the SUB filter and run lengths: half the time of level 1 alone, 5 % more bytes."""


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """The PNG of an RGB image (H, W, 3) or grey image (H, W), uint8."""
    turned = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    good, data = cv2.imencode(".png", turned, list(_SETTINGS))
    if not good:
        raise ValueError(f"OpenCV cannot encode an image of shape {pixels.shape} as PNG")
    return bytes(data)


def decode_png(data: bytes, name: str = "image") -> NDArray[np.uint8]:
    """The RGB pixels (H, W, 3) of a PNG this pipeline wrote.

    Raises:
        ValueError: if the bytes are no whole image.
    """
    turned: Any = None
    if data:
        turned = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if turned is None:
        raise ValueError(f"{name}: not a whole PNG; `validate --deep` lists all such files")
    return np.asarray(cv2.cvtColor(turned, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_png(path: Path) -> NDArray[np.uint8]:
    """The RGB pixels of a PNG file.

    Raises:
        ValueError: if the file is no whole image.
    """
    return decode_png(path.read_bytes(), path.name)
