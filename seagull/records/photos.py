"""The photo of a record: a file beside the record's file, a row of a table, a part of a shard."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seagull.photos import Photo, read_photo
from seagull.photos.files import PhotoError
from seagull.photos.identity import photo_file
from seagull.photos.upright import open_upright
from seagull.records.shards import TAR, TarShardError, shard_photo
from seagull.tables.columnar import TABLES, RowTableError, open_table

_TAIL = 1 << 12
"""Bytes at a file's end that are looked at; some programs fill up with zeros."""


def record_photo(image: str, folder: Path) -> Photo:
    """The photo that a record names.

    Args:
        image: ``InstructionRecord.image``.
        folder: where the record's file lies.

    Raises:
        PhotoError: if it cannot be read.
    """
    with _opened(image, folder) as source:
        return read_photo(source)


def record_place(image: str, folder: Path) -> str:
    """Where the photo's bytes lie: a file's absolute path, or a table's or shard's with ``#ROW``.

    Args:
        image: ``InstructionRecord.image``.
        folder: where the record's file lies.
    """
    name, mark, row = image.rpartition("#")
    if mark and name.endswith((*TABLES, TAR)):
        return f"{os.path.realpath(folder / name)}#{row}"
    return os.path.realpath(photo_file(folder, image))


def file_of_place(place: str) -> str:
    """The file of a place that ``record_place`` gives: that of the photo, a table or a shard."""
    name, mark, _ = place.rpartition("#")
    return name if mark and name.endswith((*TABLES, TAR)) else place


def record_photo_size(image: str, folder: Path) -> tuple[int, int]:
    """Height and width of the photo as it will be read, from its header alone.

    Raises:
        PhotoError: if it cannot be opened.
    """
    with _opened(image, folder) as source, open_upright(source) as picture:
        return picture.size


def check_whole(image: str, folder: Path) -> None:
    """Passes if a photo's file is not cut off: its end is looked at, or else the whole is decoded.

    Raises:
        PhotoError: if it is.
    """
    with _opened(image, folder) as source:
        if not _ends_whole(source):
            read_photo(source)


def _ends_whole(source: Path | bytes) -> bool:
    """Whether a JPEG, PNG, GIF or WebP file ends as it should; True for other files."""
    if isinstance(source, bytes):
        head, tail, size = source[:12], source[-_TAIL:], len(source)
    else:
        with source.open("rb") as stream:
            head, size = stream.read(12), stream.seek(0, 2)
            stream.seek(max(0, size - _TAIL))
            tail = stream.read()
    if head.startswith(b"\xff\xd8"):
        return tail.rstrip(b"\0").endswith(b"\xff\xd9")
    if head.startswith(b"\x89PNG"):
        return b"IEND" in tail
    if head.startswith(b"GIF8"):
        return tail.rstrip(b"\0").endswith(b";")
    if head.startswith(b"RIFF") and head.endswith(b"WEBP"):
        return size >= int.from_bytes(head[4:8], "little") + 8
    return True


@contextmanager
def _opened(image: str, folder: Path) -> Iterator[Path | bytes]:
    """The photo's file or bytes; an error in bytes names the photo as the record does."""
    source = _source(image, folder)
    try:
        yield source
    except PhotoError as error:
        if isinstance(source, Path):
            raise
        raise PhotoError(f"{image}: {error}") from error


def _source(image: str, folder: Path) -> Path | bytes:
    name, mark, row = image.rpartition("#")
    if not mark or not name.endswith((*TABLES, TAR)):
        return photo_file(folder, image)
    if not row.isdecimal():
        raise PhotoError(
            f"{image}: a row of a table is written FILE.parquet#ROW, a photo in a shard "
            "FILE.tar#BYTE"
        )
    if not name.endswith(TAR):
        return _cell(folder, name, int(row))
    try:
        return shard_photo(folder / name, int(row))
    except TarShardError as error:
        raise PhotoError(str(error)) from error


def _cell(folder: Path, name: str, row: int) -> Path | bytes:
    """The bytes in a cell of the column ``image``, or the path that stands there instead."""
    file = folder / name
    try:
        cell = open_table(file).row(row, ("image",))["image"]
    except RowTableError as error:
        raise PhotoError(str(error)) from error
    if isinstance(cell, dict):
        cell = cell.get("bytes") or cell.get("path")
    if isinstance(cell, bytes):
        return cell
    if isinstance(cell, str) and cell:
        return photo_file(folder, cell)
    raise PhotoError(f"{file}, row {row}: there are no image bytes")
