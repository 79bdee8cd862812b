"""Photos in: any common picture becomes 8-bit sRGB pixels by one written rule, or is refused.

| what comes in | what is done |
| --- | --- |
| embedded ICC profile | converted to sRGB by its curves, whatever its name |
| profile of another colour space (a grey picture fits RGB, too) | ignored with a warning |
| CMYK, YCbCr, Lab, palette, grey, 1 bit | converted to RGB |
| alpha, transparent colour | laid over white |
| 16-bit grey or RGB | scaled to 8 bits, never clipped |
| 32-bit whole numbers | up to 255 taken as 8 bits, up to 65535 as 16; others are refused |
| float | read as [0, 1]; anything outside is refused |

Which file is what, RAW and HEIC photos, frames and orientation: ``seagull.photos.upright``.
Nothing of Pillow's process-wide settings is changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seagull.arrays import as_array
from seagull.photos.colours import deep_grey, is_deep_grey, over_white, to_srgb
from seagull.photos.files import MAX_PIXELS, PhotoError, check_size
from seagull.photos.lists import find_photos
from seagull.photos.upright import PhotoFile, open_upright
from seagull.types import ImageInfo

__all__ = [
    "MAX_PIXELS",
    "Photo",
    "PhotoError",
    "PhotoSource",
    "Pixels",
    "find_photos",
    "read_photo",
]

Pixels = NDArray[np.uint8]
PhotoSource = PhotoFile | Image.Image | NDArray[np.generic]
"""A path, the bytes of a file, a file opened with "rb", a Pillow image, or an array (a torch tensor
counts as one)."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as the rest of Seagull sees it.

    Args:
        pixels: shape (H, W, 3), uint8, sRGB.
        path: where it came from; None if from memory.

    Raises:
        PhotoError: if the array has another shape or type, or no pixel.
    """

    pixels: Pixels
    path: str | None = None

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise PhotoError(
                f"a photo is a uint8 array of shape (H, W, 3), got {self.pixels.dtype} of shape "
                f"{shape}; read_photo converts other arrays"
            )

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels, the order of array axes."""
        return self.height, self.width

    @cached_property
    def sha256(self) -> str:
        """Digest of the shape and the pixels: equal for equal pixels, whatever the file."""
        digest = hashlib.sha256(f"{self.height}x{self.width}x3:".encode())
        digest.update(np.ascontiguousarray(self.pixels).data)
        return digest.hexdigest()

    @property
    def info(self) -> ImageInfo:
        """The entry of a report that says which photo it is about."""
        return ImageInfo(self.path, self.width, self.height, self.sha256)


def read_photo(source: PhotoSource) -> Photo:
    """The photo in a file, an opened file, the bytes of one, a Pillow image, or an array.

    Args:
        source: arrays are (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), as uint8, uint16, or float
            in [0, 1]; a torch tensor counts as an array.

    Raises:
        PhotoError: by the rules of this module.
    """
    array = as_array(source)
    if array is not None:
        return Photo(_from_array(array))
    assert not isinstance(source, np.ndarray)
    with open_upright(source) as picture:
        return Photo(_from_image(picture.name, picture.load()), picture.path)


def _from_image(name: str, image: Image.Image) -> Pixels:
    try:
        if is_deep_grey(image):
            return _from_array(deep_grey(name, image))
        return np.array(to_srgb(image), dtype=np.uint8)
    except PhotoError:
        raise
    except (ValueError, OSError, KeyError) as error:
        raise PhotoError(
            f"{name}: {image.mode} pixels cannot be converted ({error}); save it as RGB"
        ) from error


def _from_array(array: NDArray[np.generic]) -> Pixels:
    shape = array.shape
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in (1, 3, 4):
        hint = "; move the channels to the last axis" if shape[:1] in ((1,), (3,), (4,)) else ""
        raise PhotoError(
            f"an array photo has the shape (H, W), (H, W, 3) or (H, W, 4), got {shape}{hint}"
        )
    if 0 in shape:
        raise PhotoError(f"an array photo needs at least one pixel, got shape {shape}")
    check_size("the array", (shape[1], shape[0]))
    pixels = _to_8_bits(array).reshape(*shape[:2], channels)
    if channels == 4:
        return np.array(over_white(Image.fromarray(pixels), None), dtype=np.uint8)
    return np.repeat(pixels, 3, axis=2) if channels == 1 else pixels.copy()


def _to_8_bits(array: NDArray[np.generic]) -> Pixels:
    if array.dtype == np.uint8:
        return np.asarray(array, dtype=np.uint8)
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if not np.issubdtype(array.dtype, np.floating):
        raise PhotoError(
            f"an array photo is uint8, uint16 or float in [0, 1], got {array.dtype}; convert it"
        )
    values = np.asarray(array, dtype=np.float32)
    low, high = float(values.min()), float(values.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise PhotoError("an array photo has NaN or infinite values; replace them first")
    if low < 0.0 or high > 1.0:
        raise PhotoError(
            f"a float photo lies in [0, 1], got {low:g} to {high:g}; divide by its largest value"
        )
    return np.rint(values * 255.0).astype(np.uint8)
