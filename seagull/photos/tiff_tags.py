"""The directories of tags in a TIFF file, without setting up a decoder for any of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

_SUB_IFDS = 330


def directories(image: TiffImageFile) -> Iterator[ImageFileDirectory_v2]:
    """The tags of each page in order; a file that is cut off ends there."""
    stream: IO[bytes] | None = getattr(image, "fp", None)
    if stream is None:
        yield image.tag_v2
        return
    offset, seen = ImageFileDirectory_v2(_header(stream)).next, set[int]()
    while offset and offset not in seen:
        seen.add(offset)
        tags = _read(stream, offset)
        if tags is None:
            return
        yield tags
        offset = tags.next


def sub_directories(image: TiffImageFile) -> Iterator[ImageFileDirectory_v2]:
    """The tags of the pictures below the page that the file stands at; damaged ones left out."""
    stream: IO[bytes] | None = getattr(image, "fp", None)
    if stream is None:
        return
    found = image.tag_v2.get(_SUB_IFDS, ())
    for offset in found if isinstance(found, tuple) else (found,):
        tags = _read(stream, int(offset))
        if tags is not None:
            yield tags


def _read(stream: IO[bytes], offset: int) -> ImageFileDirectory_v2 | None:
    tags = ImageFileDirectory_v2(_header(stream))
    place = stream.tell()
    try:
        stream.seek(offset)
        tags.load(stream)
    except Exception:  # directories of damaged files fail in many ways
        return None
    finally:
        stream.seek(place)
    return tags


def _header(stream: IO[bytes]) -> bytes:
    place = stream.tell()
    stream.seek(0)
    header = stream.read(16)
    stream.seek(place)
    return header if header[2:4] in (b"+\0", b"\0+") else header[:8]  # "+" is BigTIFF's mark
