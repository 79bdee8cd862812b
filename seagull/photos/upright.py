"""Opening any picture as a viewer shows it: told by what it holds, whatever its name says.

| what comes in | what is done |
| --- | --- |
| EXIF orientation | applied, to the size as well |
| RAW, under any name | developed by LibRaw; never its preview |
| HEIC, under any name | read with pillow-heif where that is installed |
| TIFF with reduced pages, thumbnails, transparency masks | the one full page |
| several frames (GIF, WebP, APNG, TIFF) | refused, with the number of frames |
| second pictures of a camera file (MPO, HEIC) | ignored: they are previews and depth maps |
| more than ``MAX_PIXELS`` | refused from the header, before anything is decoded |
| missing, empty, truncated, not a picture | refused |
"""

from __future__ import annotations

import io
import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import TiffImageFile

from seagull.photos.files import FORMATS, PhotoError, PhotoTooLargeError, check_size
from seagull.photos.png_chunks import may_hold_orientation
from seagull.photos.raw import holds_raw, looks_raw, open_raw
from seagull.photos.srgb import code_of_linear
from seagull.photos.tiff_pages import full_page, stored_size, tiff_pixels

PhotoFile = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO
"""A path, the bytes of a file, or a file opened for reading bytes."""

_ROTATED = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""
_ORIENTATION = 0x0112
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
_LOSSY = ("JPEG", "MPO", "WEBP", "JPEG2000", "AVIF")

logger = logging.getLogger(__name__)
_warning_filters = threading.Lock()


@dataclass(frozen=True)
class UprightPicture:
    """An opened picture that has not been decoded yet.

    Args:
        name: for messages.
        path: of its file; None if it came from memory.
        size: height and width in pixels, as ``load`` gives them.
        orientation: EXIF orientation that ``load`` applies; 1 if there is none.
        lossy: whether its format may change pixel values.
        raw: whether it is developed from a RAW file.
        load: decodes it, upright; colours are as stored.
    """

    name: str
    path: str | None
    size: tuple[int, int]
    orientation: int
    lossy: bool
    load: Callable[[], Image.Image]
    raw: bool = False


@contextmanager
def open_upright(source: PhotoFile | Image.Image) -> Iterator[UprightPicture]:
    """The opened picture; its size and format have been checked, nothing is decoded.

    Args:
        source: a path, the bytes of a file, a file opened with "rb" (read from its beginning), or
            a Pillow image.

    Raises:
        PhotoError: if there is no such file, or it is by the rules of this module refused. Damage
            that only decoding shows is raised by ``load``.
    """
    if isinstance(source, Image.Image):
        if holds_raw(source):
            raise PhotoError(
                "the picture: Pillow has opened the preview of a RAW photo; give the file's path"
            )
        check_size("the picture", source.size)
        yield _plain("the picture", None, source)
        return
    with ExitStack() as stack:
        name, path, stream = _stream(source, stack)
        head = stream.read(32)
        stream.seek(0)
        if not head:
            raise PhotoError(f"{name}: the file is empty; copy or download it again")
        yield _opened(name, path, stream, head, stack)


def _opened(
    name: str, path: str | None, stream: BinaryIO, head: bytes, stack: ExitStack
) -> UprightPicture:
    if looks_raw(name, head):
        return _raw(name, path, stream, stack)
    if _is_heic(head):
        return _heic(name, path, stream)
    image = _pillow(name, stream)
    stack.callback(image.close)
    if holds_raw(image):
        stream.seek(0)
        return _raw(name, path, stream, stack)
    check_size(name, image.size)
    return _plain(name, path, image)


def _stream(source: PhotoFile, stack: ExitStack) -> tuple[str, str | None, BinaryIO]:
    """Name, path (of a file that is there) and bytes of a photo."""
    if isinstance(source, bytes | bytearray | memoryview):
        return "the picture", None, io.BytesIO(source)
    if isinstance(source, str | os.PathLike):
        path = _existing_file(source)
        try:
            return str(path), str(path), stack.enter_context(path.open("rb"))
        except PermissionError as error:
            raise PhotoError(f"{path}: no permission to read it") from error
        except OSError as error:
            raise PhotoError(f"{path}: cannot be read ({error.strerror})") from error
    return _file_object(source)


def _file_object(source: Any) -> tuple[str, str | None, BinaryIO]:
    if not callable(getattr(source, "read", None)):
        raise PhotoError(
            "a photo is a path, the bytes of a file, a file opened with 'rb', a Pillow image, or "
            f"an array of pixels (H, W, 3), got {type(source).__name__}: {source!r:.60}"
        )
    given = getattr(source, "name", None)
    path = given if isinstance(given, str) and Path(given).is_file() else None
    name = path or "the picture"
    try:
        if getattr(source, "seekable", lambda: False)():
            source.seek(0)
        content = source.read()
    except (OSError, ValueError) as error:  # closed, or opened for writing
        raise PhotoError(f"{name}: the open file cannot be read ({error})") from error
    if not isinstance(content, bytes | bytearray):
        raise PhotoError(f"{name}: the file is opened as text; open it with 'rb'")
    return name, path, io.BytesIO(content)


def _existing_file(source: str | os.PathLike[str]) -> Path:
    if str(source).startswith(("http://", "https://")):
        raise PhotoError(f"{source}: web addresses are not read; save the photo as a file first")
    path = Path(source)
    try:
        if path.is_file():
            return path
        if path.is_dir():
            raise PhotoError(f"{path}: this is a folder; name a photo in it")
        found = path.exists()
    except OSError as error:
        raise PhotoError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except ValueError as error:
        raise PhotoError(f"{str(source)!r} is not a path: {error}") from error
    problem = "not a regular file" if found else "there is no such file"
    raise PhotoError(f"{path}: {problem}; check the path")


def _pillow(name: str, stream: BinaryIO) -> Image.Image:
    try:
        # Pillow warns about sizes that are legal here; the limit that counts is ours.
        with _warning_filters, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(stream, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise PhotoTooLargeError(f"{name}:") from error
    except Exception as error:  # headers of broken files fail in many ways, by design of decoders
        raise PhotoError(
            f"{name}: not a picture that can be read; use one of {', '.join(FORMATS)}"
        ) from error


def _is_heic(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _HEIC and b"avif" not in head[8:32]


def _heic(name: str, path: str | None, stream: BinaryIO) -> UprightPicture:
    try:
        import pillow_heif
    except ImportError as error:
        raise PhotoError(
            f"{name}: a HEIC photo; reading it needs pillow-heif: pip install 'seagull-iqa[heic]', "
            "or save it as JPEG"
        ) from error
    try:
        opened = pillow_heif.open_heif(stream)
        width, height = opened.size
    except Exception as error:  # libheif's errors are ValueError, RuntimeError, EOFError, and more
        raise PhotoError(f"{name}: not a HEIC photo that can be read ({error})") from error
    check_size(name, (width, height))
    # libheif turns the picture itself and says so in the EXIF data.
    return UprightPicture(
        name, path, (height, width), 1, lossy=True, load=lambda: _decoded(name, opened.to_pillow)
    )


def _raw(name: str, path: str | None, stream: BinaryIO, stack: ExitStack) -> UprightPicture:
    raw = stack.enter_context(open_raw(name, stream))
    height, width = raw.size
    check_size(name, (width, height))

    def load() -> Image.Image:
        return Image.fromarray(np.take(code_of_linear(), raw.linear_codes()))

    return UprightPicture(name, path, raw.size, 1, lossy=False, load=load, raw=True)


def _plain(name: str, path: str | None, image: Image.Image) -> UprightPicture:
    frames = _seek_frame(name, image)
    if frames > 1:
        raise PhotoError(f"{name}: it has {frames} frames; save the one to assess as a photo")
    orientation = _orientation(image)
    width, height = stored_size(image)
    size = (width, height) if orientation in _ROTATED else (height, width)
    lossy = image.format in _LOSSY

    def load() -> Image.Image:
        return _decoded(name, lambda: _loaded(image))

    return UprightPicture(name, path, size, orientation, lossy, load)


def _seek_frame(name: str, image: Image.Image) -> int:
    """How many frames there are; the picture is left standing at the one that is the photo."""
    if image.format == "MPO":
        return 1
    if isinstance(image, TiffImageFile):
        return full_page(name, image)
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # a file that ends inside a later frame; decoding reports what is wrong
        return 1


def _decoded(name: str, decode: Callable[[], Image.Image]) -> Image.Image:
    try:
        image = decode()
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, and more
        raise PhotoError(
            f"{name}: the file is damaged or cut off ({error}); copy or download it again"
        ) from error
    return _transposed(image)


def _loaded(image: Image.Image) -> Image.Image:
    if isinstance(image, TiffImageFile):
        return tiff_pixels(image)
    image.load()
    # Pillow widens 16-bit grey of a PGM to 32 bits, where small values would be taken for 8 bits.
    return image.convert("I;16") if image.format == "PPM" and image.mode == "I" else image


def _transposed(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception as error:  # broken EXIF is common and says nothing about the pixels
        logger.warning("EXIF data ignored, it cannot be read: %s", error)
        return image


def _orientation(picture: Image.Image) -> int:
    if isinstance(picture, TiffImageFile):
        found = picture.tag_v2.get(_ORIENTATION, 1)
        return found if isinstance(found, int) else 1
    if picture.format == "PNG" and not may_hold_orientation(picture):
        return 1
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # broken EXIF is common; reading the photo ignores it, too
        return 1
