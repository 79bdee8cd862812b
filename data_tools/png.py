"""PNG in and out: lossless and fast (a million of these are written)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.png_writer import encode_png

__all__ = ["decode_png", "encode_png", "read_png"]


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
