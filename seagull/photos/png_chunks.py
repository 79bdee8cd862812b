"""What a PNG file may hold, told from the names of its chunks."""

from __future__ import annotations

import struct
from typing import IO

from PIL import Image


def may_hold_orientation(picture: Image.Image) -> bool:
    """Whether an opened PNG file has a chunk that could hold an EXIF orientation.

    Pillow decodes the pixels to find out, because such chunks may follow them.
    """
    stream: IO[bytes] | None = getattr(picture, "fp", None)
    if stream is None:
        return True
    before = stream.tell()
    stream.seek(8)
    try:
        while len(head := stream.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind in (b"eXIf", b"tEXt", b"zTXt", b"iTXt"):
                return True
            stream.seek(length + 4, 1)
        return False
    finally:
        stream.seek(before)
