"""RAW photos to linear light, by LibRaw (through rawpy)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from data_tools.reference.arrays import LinearImage
from data_tools.reference.reference import DEFAULT_LONG_SIDE, Reference, from_linear

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
    rawpy = _import_rawpy()
    algorithm = getattr(rawpy.DemosaicAlgorithm, demosaic, None)
    if algorithm is None or not algorithm.isSupported:
        known = sorted(item.name for item in rawpy.DemosaicAlgorithm if item.isSupported)
        raise ValueError(f"no demosaicing {demosaic!r} in this LibRaw; there are {known}")
    try:
        linear = _develop(rawpy, path, algorithm)
    except (rawpy.LibRawError, OSError) as error:
        raise ValueError(f"{path.name}: LibRaw cannot develop it ({_reason(error)})") from error
    return from_linear(image_id, linear, long_side)


def _develop(rawpy: Any, path: Path, algorithm: Any) -> LinearImage:
    with rawpy.RawPy() as raw:
        raw.open_file(str(path))
        pixels = int(raw.sizes.raw_width) * int(raw.sizes.raw_height)
        if pixels > MAX_RAW_PIXELS:
            raise ValueError(
                f"{path.name}: a sensor of {pixels:,} pixels, at most {MAX_RAW_PIXELS:,} are read; "
                "convert the photo to a smaller DNG first"
            )
        raw.unpack()
        codes = raw.postprocess(
            demosaic_algorithm=algorithm,
            use_camera_wb=True,
            no_auto_bright=True,
            gamma=(1, 1),
            output_bps=16,
            output_color=rawpy.ColorSpace.sRGB,
        )
    return (codes.astype(np.float32) / np.float32(65535)).astype(np.float32, copy=False)


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else error
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)


def _import_rawpy() -> Any:
    try:
        import rawpy
    except ImportError as error:
        raise ValueError("RAW photos need rawpy: pip install 'seagull-iqa[data]'") from error
    return rawpy
