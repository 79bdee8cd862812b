"""A request that means no good, and PNG files that say what is not so."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

JSON = "application/json"


@dataclass(frozen=True)
class Hostile:
    """A request, the statuses that are right for it, and how it is sent.

    Attributes:
        name: for messages.
        path: of the route.
        body: as it is sent.
        statuses: right answers.
        kind: content type.
        method: of HTTP.
        headers: further ones.
        pause: seconds between the body's pieces of ``step`` bytes.
        claimed: length that the header says; None: the body's own.
        step: bytes sent at once.
    """

    name: str
    path: str
    body: bytes
    statuses: tuple[int, ...]
    kind: str = JSON
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    claimed: int | None = None
    step: int = 1 << 16


def chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png_of(width: int, height: int, data: bytes, extra: bytes = b"") -> bytes:
    """A PNG file that says it has this size, whatever its data."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")
