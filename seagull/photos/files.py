"""Files of photos: sizes and formats accepted."""

from __future__ import annotations

MAX_PIXELS = 160_000_000
"""Largest photo accepted, in pixels (0.5 GB once decoded); medium-format cameras stay below."""

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000", "TGA")
"""Pillow's decoders that are used; those that start other programs (EPS) are not among them.
Its JPEG decoder also reads MPO."""

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_OTHER = (".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm", ".avif", ".jp2", ".tga")
EXTENSIONS = frozenset((*_JPEG, *_OTHER))
"""Endings of what Pillow reads, in lower case; ``photo_lists.PHOTO_ENDINGS`` has all."""


class PhotoError(ValueError):
    """A photo that cannot be used; the message says which, why, and what to do."""


class PhotoTooLargeError(PhotoError):
    """A picture of more than ``MAX_PIXELS``.

    Args:
        what: the picture, and perhaps its size.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what} more than {MAX_PIXELS / 1e6:.0f} million pixels; make it smaller first"
        )


def check_size(name: str, size: tuple[int, int]) -> None:
    """Refuses a picture of (width, height) that has no pixel or more than ``MAX_PIXELS``.

    Raises:
        PhotoError: if so; ``PhotoTooLargeError`` in the second case.
    """
    width, height = size
    if width < 1 or height < 1:
        raise PhotoError(f"{name}: it has no pixels ({width} x {height})")
    if width * height > MAX_PIXELS:
        raise PhotoTooLargeError(f"{name}: {width} x {height} is")
