"""Looking at one source photo: what it is, whether it can be used, and its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.state import digest
from seagull.photos import PhotoError, read_photo
from seagull.photos.upright import open_upright


@dataclass(frozen=True)
class Inspection:
    """What was found out about one file.

    Args:
        path: below the input folder, with forward slashes.
        size: bytes. ``mtime_ns``: last change; both serve to skip files already looked at.
        digest: BLAKE2b-128 of the bytes.
        pixels: BLAKE2b-128 of the decoded pixels (of the bytes for RAW), None if unreadable.
        width: of the photo, 0 if unreadable; ``height`` likewise.
        kind: ``rgb`` or ``raw``.
        reason: why the photo cannot be used, None if it can.
    """

    path: str
    size: int
    mtime_ns: int
    digest: str
    pixels: str | None
    width: int
    height: int
    kind: str
    reason: str | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return asdict(self)


def pixel_digest(pixels: NDArray[Any]) -> str:
    """BLAKE2b-128 of an array's shape, type and values."""
    head = f"{pixels.dtype.str}{pixels.shape}".encode()
    return digest(head + np.ascontiguousarray(pixels).tobytes())


def inspect(root: Path, relative: str, min_side: int) -> Inspection:
    """Reads, decodes and measures one file; what is wrong becomes a reason, not an error."""
    path = root / relative
    try:
        status = path.stat()
        data = path.read_bytes()
    except OSError as error:
        wrong = f"cannot be read: {error.strerror}"
        return Inspection(relative, 0, 0, "", None, 0, 0, "rgb", wrong)
    kind, (pixels, width, height, reason) = _look(path, data)
    if reason is None and min(width, height) < min_side:
        reason = f"too small: {width}x{height}, the shorter side must be at least {min_side}"
    return Inspection(
        relative,
        status.st_size,
        status.st_mtime_ns,
        digest(data),
        pixels,
        width,
        height,
        kind,
        reason,
    )


_Look = tuple[str | None, int, int, str | None]


def _look(path: Path, data: bytes) -> tuple[str, _Look]:
    """Kind, digest of the pixels, width, height, and what is wrong; the path is for messages."""
    try:
        with open_upright(path) as picture:
            height, width = picture.size
            if picture.raw:
                return "raw", (digest(data), width, height, None)
        pixels = read_photo(path).pixels
    except PhotoError as error:
        return "rgb", (None, 0, 0, f"unreadable: {str(error).removeprefix(f'{path}: ')}")
    return "rgb", (pixel_digest(pixels), pixels.shape[1], pixels.shape[0], None)
