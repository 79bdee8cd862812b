"""What Pillow leaves to its caller in TIFF files: which page is the photo, odd pixel layouts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from seagull.photos.files import PhotoError
from seagull.photos.tiff_tags import directories, sub_directories

_NEW_SUBFILE, _SUBFILE, _WIDTH, _LENGTH, _BITS = 254, 255, 256, 257, 258
_COMPRESSION, _PHOTOMETRIC, _ORIENTATION, _PLANAR = 259, 262, 274, 284
_REDUCED, _MASK = 1, 4
_THUMBNAIL_SIDE = 256


def full_page(name: str, image: TiffImageFile) -> int:
    """How many pages are pictures of their own; the file is left standing at the first of them.

    Reduced copies, thumbnails and transparency masks of a page are not.

    Raises:
        PhotoError: if all pages are reduced copies of a picture that lies deeper in the file.
    """
    pages = _pages(image)
    if not pages:
        here = stored_size(image)
        if any(_size(ifd) > here for ifd in sub_directories(image)):
            raise PhotoError(
                f"{name}: its first page is a preview, the photo lies deeper in the file; save it "
                "as a plain TIFF"
            )
        return 1
    image.seek(pages[0])
    return len(pages)


def stored_size(image: Image.Image) -> tuple[int, int]:
    """Width and height as stored; Pillow's own are turned for some TIFF files before decoding."""
    return _size(image.tag_v2) if isinstance(image, TiffImageFile) else image.size


def tiff_pixels(image: TiffImageFile) -> Image.Image:
    """The decoded page; values of more than 8 bits are as they were meant.

    Pillow reads 16-bit grey whose white is 0 as a negative, 12-bit grey as very dark, and
    uncompressed planes of 16 bits as noise.
    """
    tags = image.tag_v2
    bits = tags.get(_BITS, (1,))[0]
    if bits > 8 and tags.get(_PLANAR, 1) == 2 and tags.get(_COMPRESSION, 1) == 1:
        return _planes(image)
    photometric = tags.get(_PHOTOMETRIC, 1)
    image.load()
    if not image.mode.startswith("I;16"):
        return _negative(image) if photometric == 0 and image.mode == "F" else image
    if photometric == 0 or bits < 16:
        values = np.asarray(image).astype(np.uint16)
        white = (1 << bits) - 1
        scaled = (values.astype(np.uint32) * 65535 + white // 2) // white if bits < 16 else values
        turned = 65535 - scaled if photometric == 0 else scaled
        return _with_info(turned.astype(np.uint16), image)
    return image


def _pages(image: TiffImageFile) -> list[int]:
    pages = []
    first: tuple[int, int] | None = None
    for number, tags in enumerate(directories(image)):
        if _is_part(tags) or (first is not None and _is_thumbnail(_size(tags), first)):
            continue
        first = first or _size(tags)
        pages.append(number)
    return pages


def _is_part(tags: ImageFileDirectory_v2) -> bool:
    kind = int(tags.get(_NEW_SUBFILE, 0))
    return bool(kind & (_REDUCED | _MASK)) or tags.get(_SUBFILE) == 2 or tags.get(_PHOTOMETRIC) == 4


def _is_thumbnail(size: tuple[int, int], first: tuple[int, int]) -> bool:
    """Whether a page is a small copy of the first: small, half as wide or less, of its shape."""
    long, short = max(size), min(size)
    if long > _THUMBNAIL_SIDE or 2 * long > max(first):
        return False
    return (size[0] > size[1]) == (first[0] > first[1]) and (
        abs(short - long * min(first) / max(first)) <= 1.0
    )


def _size(tags: ImageFileDirectory_v2) -> tuple[int, int]:
    return int(tags.get(_WIDTH, 0)), int(tags.get(_LENGTH, 0))


def _planes(image: TiffImageFile) -> Image.Image:
    import tifffile

    stream = image.fp
    assert stream is not None
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        values = np.moveaxis(file.pages[image.tell()].asarray(), 0, -1)
    if values.dtype != np.uint16 or values.ndim != 3 or values.shape[2] not in (3, 4):
        raise ValueError(f"{values.dtype} planes of shape {values.shape}; save it as 8-bit RGB")
    made = _with_info(((values.astype(np.uint32) + 128) // 257).astype(np.uint8), image)
    made.getexif()[_ORIENTATION] = image.tag_v2.get(_ORIENTATION, 1)
    return made


def _negative(image: Image.Image) -> Image.Image:
    return _with_info(1 - np.asarray(image), image)


def _with_info(values: NDArray[np.generic], image: Image.Image) -> Image.Image:
    made = Image.fromarray(values)
    made.info.update(image.info)
    return made
