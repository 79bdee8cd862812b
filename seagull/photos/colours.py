"""Colours of any decoded picture as 8-bit sRGB."""

from __future__ import annotations

import io
import logging

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from seagull.photos.files import PhotoError

logger = logging.getLogger(__name__)

_MODES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK", "Lab": "LAB"}
"""Pillow's mode for each colour space that a profile may start from."""
_GREYS = ("1", "L", "LA", "La")
_EIGHT_BITS, _SIXTEEN_BITS = 255, 65535
_SAME = 2
"""Codes of 255 that a profile may move a colour and still be sRGB."""


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture in mode RGB and sRGB colours, transparent parts over white.

    The embedded profile decides by what it does to colours, not by its name.
    """
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        return over_white(_shallow_transparency(image), profile)
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


def over_white(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A picture with transparency over white, its colours through the profile if there is one."""
    layer = image if image.mode == "RGBA" else image.convert("RGBA")
    colour = layer.convert("L" if image.mode in _GREYS else "RGB")
    if profile:
        colour = _through_profile(colour, profile) or colour
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(colour.convert("RGB"), mask=layer.getchannel("A"))
    return white


def _shallow_transparency(image: Image.Image) -> Image.Image:
    """The picture; the transparent colour of a 16-bit PNG as its pixels are: of 8 bits.

    Pillow keeps the upper half of each colour value, and all of the transparent one.
    """
    clear = image.info.get("transparency")
    if not isinstance(clear, tuple) or max(clear) <= _EIGHT_BITS:
        return image
    image = image.copy()
    image.info["transparency"] = tuple(value >> 8 for value in clear)
    return image


def is_deep_grey(image: Image.Image) -> bool:
    """Whether it has one channel of more than 8 bits."""
    return image.mode.startswith("I;16") or image.mode in ("I", "F")


def deep_grey(name: str, image: Image.Image) -> NDArray[np.generic]:
    """Grey values of more than 8 bits, (H, W): uint16, or float as stored; transparent is white.

    Raises:
        PhotoError: if 32-bit values leave 16 bits.
    """
    values = np.asarray(image)
    if image.mode == "F":
        return values
    if values.min() < 0 or values.max() > _SIXTEEN_BITS:
        raise PhotoError(
            f"{name}: 32-bit grey values from {values.min()} to {values.max()}; save it with "
            "8 or 16 bits"
        )
    clear = image.info.get("transparency")
    transparent = values == clear if isinstance(clear, int) else None
    if image.mode == "I" and values.max() <= _EIGHT_BITS:  # 8 bits that were stored in 32
        values = values * 257
    profile = image.info.get("icc_profile")
    curve = _grey_curve(profile) if profile else None
    grey = values.astype(np.uint16) if curve is None else np.take(curve, values)
    if transparent is not None:
        grey[transparent] = _SIXTEEN_BITS
    return grey


def _grey_curve(profile: bytes) -> NDArray[np.uint16] | None:
    """sRGB-encoded grey of each 16-bit value, (65536,); None if the profile changes nothing."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    turned = _through_profile(ramp, profile)
    if turned is None:
        return None
    codes = np.asarray(turned)[0].mean(axis=1) * 257
    curve = np.interp(np.arange(65536) / 257, np.arange(256), codes)
    return np.rint(curve).astype(np.uint16)


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image in sRGB; None if the profile is sRGB already or cannot be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if space not in _spaces(image.mode):
            raise ValueError(f"it is for colours of {space}, the picture's are {image.mode}")
        mode = _MODES[space]
        plain = image if image.mode == mode else image.convert(mode)
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, plain.mode, "RGB")
        if _keeps_colours(transform, plain.mode):
            return None
        return ImageCms.applyTransform(plain, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        logger.warning("colour profile ignored, it cannot be applied: %s", error)
        return None


def _spaces(mode: str) -> tuple[str, ...]:
    """Colour spaces of the profiles that fit a picture of a mode."""
    if mode in _GREYS:
        return ("GRAY", "RGB")
    return {"CMYK": ("CMYK",), "LAB": ("Lab",)}.get(mode, ("RGB",))


def _keeps_colours(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform leaves colours where they are, tried on a grid of them."""
    if mode not in ("RGB", "L"):
        return False
    ramp = np.arange(256, dtype=np.uint8)
    tried = np.repeat(ramp[:, None], 3, axis=1)
    if mode == "RGB":
        steps = np.linspace(0, 255, 9).astype(np.uint8)
        tried = np.concatenate(
            [tried, np.stack(np.meshgrid(steps, steps, steps), -1).reshape(-1, 3)]
        )
    probe = Image.fromarray(tried[None] if mode == "RGB" else ramp[None])
    turned = ImageCms.applyTransform(probe, transform)
    assert turned is not None
    return bool(np.abs(np.asarray(turned)[0].astype(int) - tried).max() <= _SAME)
