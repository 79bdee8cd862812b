"""The photo of a record: a file beside the record's file, or a row of an image table."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from PIL import Image

from seagull.photo_files import PhotoError, open_picture
from seagull.photos import Photo, read_photo

_ROW_MARK = ".parquet#"
_ROTATED = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""
_ORIENTATION = 0x0112


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
    with open_picture(_source(image, folder)) as (_, picture):
        width, height = picture.size
        return (width, height) if _orientation(picture) in _ROTATED else (height, width)


def _orientation(picture: Image.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF is common; reading the photo ignores it, too
        return 1


def _source(image: str, folder: Path) -> Path | bytes:
    if _ROW_MARK not in image:
        return folder / image
    name, _, row = image.rpartition("#")
    if not row.isdigit():
        raise PhotoError(f"{image}: a row of a table is written FILE.parquet#ROW")
    return _row_bytes(folder / name, int(row))


def _row_bytes(file: Path, row: int) -> bytes:
    start = row
    for group, count in enumerate(_group_sizes(file)):
        if start < count:
            found = _group_images(file, group)[start].as_py()
            content = found.get("bytes") if isinstance(found, dict) else found
            if not isinstance(content, bytes):
                raise PhotoError(f"{file}, row {row}: there are no image bytes")
            return content
        start -= count
    raise PhotoError(f"{file}: there is no row {row}")


@lru_cache(maxsize=256)
def _group_sizes(file: Path) -> tuple[int, ...]:
    metadata = _open(file).metadata
    return tuple(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))


@lru_cache(maxsize=8)
def _group_images(file: Path, group: int) -> Any:
    return _open(file).read_row_group(group, columns=["image"]).column("image")


@lru_cache(maxsize=32)
def _open(file: Path) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise PhotoError(
            f'{file}: image tables need pyarrow: pip install "seagull-iqa[data]"'
        ) from error
    if not file.is_file():
        raise PhotoError(f"{file}: there is no such image table")
    try:
        table = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise PhotoError(f"{file}: not a Parquet file, or damaged: {error}") from error
    if "image" not in table.schema_arrow.names:
        raise PhotoError(f"{file}: it has no column `image`")
    return table
