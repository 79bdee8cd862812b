"""Mask images: any picture that marks a region, or several by object ids or colours.

``m.png`` is one region; ``m.png:7`` and ``m.png:#ff0000`` are the object of that grey value,
palette index or colour; ``m.png:ids`` stands for all of them (see ``object_selectors``).
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from seagull.photos.upright import open_upright
from seagull.regions.geometry import checked_geometry
from seagull.regions.mask_values import (
    MaskPixels,
    MaskValuesError,
    image_values,
    mask_values,
    object_ids,
    object_mask,
)
from seagull.types import BoolMask

ALL_IDS = "ids"
_SELECTOR = re.compile(r"(.+):(ids|[0-9]{1,10}|#[0-9a-fA-F]{6})", re.DOTALL)


def split_selector(text: str, folder: Path | None = None) -> tuple[str, str | None]:
    """The path of a mask, and which object of it is meant (``ids``, a value, a colour), if any.

    A file that exists under the whole name is that file.
    """
    match = _SELECTOR.fullmatch(text)
    if match is None or ((folder or Path()) / text).is_file():
        return text, None
    return match[1], match[2]


def check_mask_size(path: str | Path, size: tuple[int, int], folder: Path | None = None) -> None:
    """Passes if a mask can be opened and has the photo's size; its pixels are not decoded.

    Args:
        path, size, folder: see ``read_mask``.

    Raises:
        ValueError: if it cannot be opened, or has another size.
    """
    name, _ = split_selector(str(path), folder)
    file = (folder or Path()) / name
    with open_upright(file) as picture:
        checked_geometry(size, stated=picture.size, what=f"{file}: the mask")


def read_mask(path: str | Path, size: tuple[int, int], folder: Path | None = None) -> BoolMask:
    """The mask in an image file, boolean (H, W).

    Args:
        path: the image, possibly with an object behind it, as in ``m.png:7``.
        size: the photo's height and width; compared before the mask is decoded.
        folder: where a relative path starts; the current folder if None.

    Raises:
        ValueError: if the file cannot be read, has another size, marks nothing, or holds several
            objects where one is meant.
    """
    check_mask_size(path, size, folder)
    name, selector = split_selector(str(path), folder)
    file = (folder or Path()) / name
    try:
        pixels = _pixels(file)
        if selector is None:
            mask = mask_values(pixels)
        elif selector == ALL_IDS:
            found = ", ".join(_selector(pixels, code) for code in object_ids(pixels)[:9])
            raise MaskValuesError(
                f"{name}:{ALL_IDS} stands for several regions; one is meant here, such as "
                f"{name}:VALUE with one of {found or 'no values'}"
            )
        else:
            mask = object_mask(pixels, _code(pixels, selector))
    except MaskValuesError as error:
        raise ValueError(f"{file}: {error}") from error
    if not mask.any():
        lacks = "marks no pixel; paint the region white on black"
        raise ValueError(
            f"{file}: the mask {lacks if selector is None else f'has no object {selector}'}"
        )
    return mask


def object_selectors(text: str, folder: Path | None = None) -> dict[str, str]:
    """The masks that ``m.png:ids`` stands for, by the name of their object (``7``, ``ff0000``).

    Raises:
        ValueError: if the file cannot be read, or holds no object ids.
    """
    name, _ = split_selector(text, folder)
    file = (folder or Path()) / name
    try:
        pixels = _pixels(file)
        codes = object_ids(pixels)
    except MaskValuesError as error:
        raise ValueError(f"{file}: {error}") from error
    if not codes:
        raise ValueError(f"{file}: there is no object in the mask; all of it is black")
    selectors = [_selector(pixels, code) for code in codes]
    return {selector.lstrip("#"): f"{name}:{selector}" for selector in selectors}


def _selector(pixels: MaskPixels, code: int) -> str:
    return f"#{code:06x}" if pixels.coloured else str(code)


def _code(pixels: MaskPixels, selector: str) -> int:
    if selector.startswith("#") == pixels.coloured:
        return int(selector.lstrip("#"), 16 if pixels.coloured else 10)
    kinds = ("values", "colours") if pixels.coloured else ("colours", "values")
    raise MaskValuesError(f"objects are told by {kinds[1]} here, not by {kinds[0]}: {selector}")


def _pixels(file: Path) -> MaskPixels:
    try:
        status = file.stat()
    except (OSError, ValueError):
        return _decoded(file, 0, 0)  # says what is wrong with the path
    return _decoded(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _decoded(file: Path, _changed: int, _length: int) -> MaskPixels:
    """The file's pixels; kept, because each object of a mask is a region of its own."""
    with open_upright(file) as picture:
        return image_values(picture.load(), lossy=picture.lossy)
