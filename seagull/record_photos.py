"""The photo of a record: a file beside the record's file, a row of a table, a part of a shard."""

from __future__ import annotations

from pathlib import Path

from seagull.photo_files import PhotoError
from seagull.photos import Photo, read_photo
from seagull.row_tables import TABLES, RowTableError, open_table
from seagull.tar_shards import TAR, TarShardError, shard_photo
from seagull.upright import open_upright


def record_photo(image: str, folder: Path) -> Photo:
    """The photo that a record names.

    Args:
        image: ``InstructionRecord.image``.
        folder: where the record's file lies.

    Raises:
        PhotoError: if it cannot be read.
    """
    return read_photo(_source(image, folder))


def record_photo_size(image: str, folder: Path) -> tuple[int, int]:
    """Height and width of the photo as it will be read, from its header alone.

    Raises:
        PhotoError: if it cannot be opened.
    """
    with open_upright(_source(image, folder)) as picture:
        return picture.size


def _source(image: str, folder: Path) -> Path | bytes:
    name, mark, row = image.rpartition("#")
    if not mark or not name.endswith((*TABLES, TAR)):
        return folder / image
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
        found = open_table(file).row(row, ("image",))["image"]
    except RowTableError as error:
        raise PhotoError(str(error)) from error
    if isinstance(found, dict):
        found = found.get("bytes") or found.get("path")
    if isinstance(found, bytes):
        return found
    if isinstance(found, str) and found:
        return folder / found
    raise PhotoError(f"{file}, row {row}: there are no image bytes")
