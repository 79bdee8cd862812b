"""RAW photos to references in linear light."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from data_tools.reference.reference import DEFAULT_LONG_SIDE, Reference, from_linear
from seagull.photos.raw import open_raw

MAX_RAW_PIXELS = 256_000_000
"""Larger sensors are refused before their pixels are unpacked."""


def develop_raw(
    image_id: str,
    path: Path,
    long_side: int = DEFAULT_LONG_SIDE,
    demosaic: str = "AHD",
) -> Reference:
    """The reference of a RAW photo, with its linear light in finer steps than 8 bits.

    White balance as the camera shot it, colours by LibRaw's matrix of the camera to sRGB primaries,
    no automatic brightness, upright, 16 bits linear; then reduced by area in linear light.

    Args:
        image_id: of the photo.
        path: any file that LibRaw reads.
        long_side: of the reference in pixels.
        demosaic: name of a LibRaw algorithm; ``AHD`` is thorough, ``PPG`` takes half the time.

    Raises:
        ValueError: if rawpy is missing, the algorithm is unknown, or the file is no RAW photo, is
            damaged, or has more than ``MAX_RAW_PIXELS``.
    """
    with open_raw(path.name, path) as raw:
        if raw.sensor_pixels > MAX_RAW_PIXELS:
            raise ValueError(
                f"{path.name}: a sensor of {raw.sensor_pixels:,} pixels, at most "
                f"{MAX_RAW_PIXELS:,} are read; convert the photo to a smaller DNG first"
            )
        codes = raw.linear_codes(demosaic)
    linear = codes.astype(np.float32) / np.float32(65535)
    return from_linear(image_id, linear.astype(np.float32, copy=False), long_side)
