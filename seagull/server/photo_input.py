"""Photos as clients send them: sizes are checked before anything is decoded."""

from __future__ import annotations

import base64
import binascii
import weakref

import numpy as np

from seagull.photos import Photo, PhotoError, read_photo
from seagull.photos.files import PhotoTooLargeError
from seagull.photos.upright import open_upright
from seagull.regions.mask_values import MaskValuesError, image_values, mask_values
from seagull.server.budget import Budget
from seagull.server.errors import ApiError
from seagull.types import BoolMask, Region


def data_bytes(uri: str, what: str = "the image") -> bytes:
    """The bytes in a data URI.

    Raises:
        ApiError: 422, if it is not one in base64.
    """
    head, comma, text = uri.partition(",")
    if not head.startswith("data:") or not comma or not head.endswith(";base64"):
        raise ApiError(
            422,
            f"{what}: a data URI is data:image/png;base64,..., got {uri[:40]!r}",
            "invalid_image",
        )
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ApiError(422, f"{what}: its data URI is not valid base64", "invalid_image") from error


def decode_photo(content: bytes, most_pixels: int, memory: Budget) -> Photo:
    """The photo in the bytes of a file.

    Args:
        content: the file.
        most_pixels: most pixels; the file's header tells how many there are.
        memory: bytes of pixels; taken for as long as the photo is held anywhere.

    Raises:
        ApiError: 413 with too many pixels, 429 without memory; 422, if it is not a photo that can
            be used.
    """
    try:
        with open_upright(content) as picture:
            check_pixels(picture.size, most_pixels)
            amount = 3 * picture.size[0] * picture.size[1]
        memory.take(amount)
        try:
            photo = read_photo(content)
            weakref.finalize(photo, memory.give, amount)
        except BaseException:
            memory.give(amount)
            raise
    except PhotoTooLargeError as error:
        raise ApiError(413, str(error), "image_too_large") from error
    except PhotoError as error:
        raise ApiError(422, str(error), "invalid_image") from error
    assert photo.sha256  # computed here, in a thread that may take its time
    return photo


def decode_mask(content: bytes, size: tuple[int, int], id: str) -> BoolMask:
    """The mask in the bytes of an image of the photo's size (height, width).

    Raises:
        ApiError: 422, if it is not one.
    """
    try:
        with open_upright(content) as picture:
            if picture.size != size:
                raise MaskValuesError(
                    f"the mask has {picture.size[1]} x {picture.size[0]} pixels, the photo "
                    f"{size[1]} x {size[0]}"
                )
            mask = mask_values(image_values(picture.load(), lossy=picture.lossy))
    except (PhotoError, MaskValuesError) as error:
        raise ApiError(422, f"region {id}: {error}", "invalid_region") from error
    if not mask.any():
        raise ApiError(
            422, f"region {id}: the mask marks no pixel; paint the region white", "invalid_region"
        )
    return mask


def alpha_region(content: bytes, id: str = "1") -> Region:
    """The region that a picture's transparency marks: its pixels that are at least half opaque.

    Raises:
        ApiError: 422, if it has no transparency, or is transparent everywhere.
    """
    try:
        with open_upright(content) as picture:
            opaque = image_values(picture.load(), lossy=False).opaque
    except (PhotoError, MaskValuesError) as error:
        raise ApiError(422, str(error), "invalid_image") from error
    if opaque is None or not np.any(opaque):
        raise ApiError(
            422,
            "alpha_as_mask: the image has no transparency that marks a region; send a PNG with an "
            "alpha channel, or regions",
            "invalid_region",
        )
    return Region(np.asarray(opaque, dtype=np.bool_), id)


def check_pixels(size: tuple[int, int], most: int) -> None:
    """Passes a photo of (height, width) that is not too large.

    Raises:
        ApiError: 413, if it is.
    """
    if size[0] * size[1] > most:
        raise ApiError(
            413,
            f"the photo has {size[1]} x {size[0]} pixels, more than {most / 1e6:g} million; make "
            "it smaller",
            "image_too_large",
        )
