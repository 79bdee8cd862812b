"""Files of photos: which are meant by a path, folder or pattern; sizes and formats accepted."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

MAX_PIXELS = 160_000_000
"""Largest photo accepted, in pixels (0.5 GB once decoded); medium-format cameras stay below."""

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000", "TGA")
"""Pillow's decoders that are used; those that start other programs (EPS) are not among them.
Its JPEG decoder also reads MPO."""

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_OTHER = (".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".avif", ".jp2", ".tga")
EXTENSIONS = frozenset((*_JPEG, *_OTHER))
"""Endings, in lower case, by which photos are found in folders and patterns."""


class PhotoError(ValueError):
    """A photo that cannot be used; the message says which, why, and what to do."""


def too_large() -> str:
    """What is wrong with a picture of more than ``MAX_PIXELS``, and what to do."""
    return f"more than {MAX_PIXELS / 1e6:.0f} million pixels; make it smaller first"


def check_size(name: str, size: tuple[int, int]) -> None:
    """Refuses a picture of (width, height) that has no pixel or more than ``MAX_PIXELS``.

    Raises:
        PhotoError: if so.
    """
    width, height = size
    if width < 1 or height < 1:
        raise PhotoError(f"{name}: it has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise PhotoError(f"{name}: {width} x {height} is {too_large()}")


def find_photos(patterns: Sequence[str | Path]) -> list[Path]:
    """The photos meant by files, folders (with all below them) and glob patterns.

    A file named as such is taken whatever its ending. Within a folder or pattern, only files with
    a photo's ending count, hidden ones (``.name``) do not, and the order is natural: ``a2`` before
    ``a10``. A photo meant twice is listed once.

    Raises:
        PhotoError: if one of the patterns means no photo.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        found.update(dict.fromkeys(_matches(str(pattern))))
    return list(found)


def _matches(pattern: str) -> list[Path]:
    path = Path(pattern)
    if path.is_file():
        return [path]
    if path.is_dir():
        photos = _photos_among(path.rglob("*"), path)
        if not photos:
            raise PhotoError(f"{pattern}: no photo in this folder or below it")
        return photos
    if not glob.has_magic(pattern):
        raise PhotoError(f"{pattern}: there is no such file or folder; check the path")
    photos = _photos_among((Path(match) for match in glob.iglob(pattern, recursive=True)), None)  # noqa: PTH207
    if not photos:
        raise PhotoError(f"{pattern}: no photo matches this pattern")
    return photos


def _photos_among(paths: Iterable[Path], folder: Path | None) -> list[Path]:
    def is_photo(path: Path) -> bool:
        shown = path.relative_to(folder) if folder else Path(path.name)
        hidden = any(part.startswith(".") for part in shown.parts)
        return path.suffix.lower() in EXTENSIONS and not hidden and path.is_file()

    return sorted((path for path in paths if is_photo(path)), key=_natural_key)


def _natural_key(path: Path) -> tuple[tuple[tuple[bool, int, str], ...], ...]:
    def split(part: str) -> tuple[tuple[bool, int, str], ...]:
        pieces = re.split(r"([0-9]+)", part.casefold())
        return tuple(
            (p[0] in "0123456789", int(p) if p[0] in "0123456789" else 0, p) for p in pieces if p
        )

    return tuple(split(part) for part in path.parts)
