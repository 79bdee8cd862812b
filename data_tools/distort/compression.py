"""Compression: the photo written by a lossy codec and read back.

JPEG is the default. WebP and JPEG 2000 move bits between regions as quality falls, so their ladders
are uneven within a region; they are there on request.
"""

from __future__ import annotations

import cv2
import numpy as np

from data_tools.keys import Key
from data_tools.reference.arrays import RgbImage
from data_tools.reference.reference import Reference

_JPEG2000_SIDE = 64


def jpeg(reference: Reference, quality: float, key: Key) -> RgbImage:
    """The photo after JPEG of ``quality`` 1..100 (4:2:0 chroma); ``key`` is unused."""
    del key
    return _recode(reference.srgb, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, round(quality)])


def webp(reference: Reference, quality: float, key: Key) -> RgbImage:
    """The photo after lossy WebP of ``quality`` 1..100; ``key`` is unused."""
    del key
    return _recode(reference.srgb, ".webp", [cv2.IMWRITE_WEBP_QUALITY, round(quality)])


def jpeg2000(reference: Reference, rate: float, key: Key) -> RgbImage:
    """The photo after JPEG 2000 at ``rate`` thousandths of its raw size; ``key`` is unused."""
    del key
    height, width = reference.size
    # The codec halves the picture several times and refuses what gets too small for that.
    bottom, right = max(0, _JPEG2000_SIDE - height), max(0, _JPEG2000_SIDE - width)
    framed = cv2.copyMakeBorder(reference.srgb, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    options = [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, round(rate)]
    return _recode(np.asarray(framed, dtype=np.uint8), ".jp2", options)[:height, :width].copy()


def _recode(image: RgbImage, suffix: str, options: list[int]) -> RgbImage:
    done, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR) if done else None
    if decoded is None:
        raise ValueError(f"OpenCV could not write and read back {suffix}; choose another codec")
    return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), dtype=np.uint8)
