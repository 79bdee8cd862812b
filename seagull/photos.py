"""Photos in: any common picture becomes 8-bit sRGB pixels by one written rule, or is refused.

| what comes in | what is done |
| --- | --- |
| EXIF orientation | applied: the pixels stand as a viewer shows them |
| embedded ICC profile | converted to sRGB (CMYK, RGB, grey and Lab alike) |
| CMYK, YCbCr, Lab, palette, grey, 1 bit | converted to RGB |
| alpha, transparent colour | laid over white |
| 16-bit grey or RGB | scaled to 8 bits, never clipped |
| float | read as [0, 1]; anything outside is refused |
| several frames (GIF, WebP, APNG, TIFF) | refused, with the number of frames |
| second pictures of a camera file (MPO) | ignored: they are previews and depth maps |
| more than ``MAX_PIXELS`` | refused from the header, before anything is decoded |
| missing, empty, truncated, not a picture | refused |

Nothing of Pillow's process-wide settings is changed.
"""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from seagull.photo_files import MAX_PIXELS, PhotoError, check_size, find_photos, open_picture
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

logger = logging.getLogger(__name__)

Pixels = NDArray[np.uint8]
PhotoSource = str | Path | Image.Image | NDArray[np.generic] | bytes


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
    """The photo in a file, a Pillow image, an array, or the bytes of a file.

    Args:
        source: arrays are (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), as uint8, uint16, or float
            in [0, 1].

    Raises:
        PhotoError: by the rules of this module.
    """
    if isinstance(source, np.ndarray):
        return Photo(_from_array(source))
    if isinstance(source, Image.Image):
        check_size("the picture", source.size)
        return Photo(_from_image("the picture", source))
    with open_picture(source) as (name, image):
        path = None if isinstance(source, bytes) else name
        return Photo(_from_image(name, image), path)


def _from_image(name: str, image: Image.Image) -> Pixels:
    frames = _frame_count(image)
    if frames > 1:
        raise PhotoError(f"{name}: it has {frames} frames; save the one to assess as a photo")
    try:
        image.load()
    except Exception as error:  # decoders raise OSError, SyntaxError, struct.error, and more
        raise PhotoError(
            f"{name}: the file is damaged or cut off ({error}); copy or download it again"
        ) from error
    try:
        return np.array(_to_rgb(name, _upright(image)), dtype=np.uint8)
    except PhotoError:
        raise
    except (ValueError, OSError, KeyError) as error:
        raise PhotoError(
            f"{name}: {image.mode} pixels cannot be converted ({error}); save it as RGB"
        ) from error


def _frame_count(image: Image.Image) -> int:
    if image.format == "MPO":
        return 1
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:  # a file that ends inside a later frame; decoding reports what is wrong
        return 1


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception as error:  # broken EXIF is common and says nothing about the pixels
        logger.warning("EXIF data ignored, it cannot be read: %s", error)
        return image


def _to_rgb(name: str, image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return Image.fromarray(_from_array(_deep_grey(name, image)))
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        return _over_white(image.convert("RGBA"), profile)
    if profile:
        converted = _through_profile(image, profile)
        if converted is not None:
            return converted
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None
        return converted
    return image.convert("RGB")


def _over_white(image: Image.Image, profile: bytes | None) -> Image.Image:
    colour = image.convert("RGB")
    if profile:
        colour = _through_profile(colour, profile) or colour
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(colour, mask=image.getchannel("A"))
    return white


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image in sRGB; None if the profile is sRGB already or cannot be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        target = ImageCms.createProfile("sRGB")
        plain = image if image.mode in ("RGB", "CMYK", "L", "LAB") else image.convert("RGB")
        return ImageCms.profileToProfile(plain, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        logger.warning("colour profile ignored, it cannot be applied: %s", error)
        return None


def _deep_grey(name: str, image: Image.Image) -> NDArray[np.generic]:
    values = np.asarray(image)
    if image.mode == "F":
        return values
    if values.min() < 0 or values.max() > 65535:
        raise PhotoError(
            f"{name}: 32-bit grey values from {values.min()} to {values.max()}; save it with "
            "8 or 16 bits"
        )
    return values.astype(np.uint16)


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
        return np.array(_over_white(Image.fromarray(pixels), None), dtype=np.uint8)
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
