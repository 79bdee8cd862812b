"""What a mask's pixels mean: one region, or several object ids or colours.

A palette counts by its colours, not by its indices. Bright pixels are inside: those brighter than
half of the brightest one (so that 0/1, 0/255 and 16-bit masks mean the same, and anti-aliasing and
JPEG noise mean nothing); where an image has transparency, the pixels at least half opaque. A mask
of more than one object's tone, or of two of which neither is dark (ids 1 and 2), is no single
region and is refused, never cut at a threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from seagull.types import BoolMask

_LEVELS = 15
_LEAST = 0.005
"""Share of the pixels that a tone of an anti-aliased or lossy mask has at least."""
_SMOOTH = 0.05
_SOLID = 0.25
"""Share of a value's pixels that lie in flat areas if it is painted, not left by noise or blur."""
_FEW = 32
"""Painted values, where most are painted, up to which they are ids; a broad gradient has more."""
_DARK = 0.25
"""Share of the brightest tone below which a tone is a background's."""
_MOST_IDS = 1000


class MaskValuesError(ValueError):
    """A mask whose pixels do not mean one region; the message says what they are."""


class SeveralObjectsError(MaskValuesError):
    """A mask of several object ids or colours where one region is meant."""


@dataclass(frozen=True, eq=False)
class MaskPixels:
    """A decoded mask.

    Args:
        codes: shape (H, W); equal for equal values: grey values, palette indices or 0xRRGGBB.
        tones: shape (H, W) or (H, W, 3); how bright they are, not negative.
        opaque: shape (H, W); None without transparency.
        coloured: whether ``codes`` are colours.
        lossy: whether the file's format may have changed values.
    """

    codes: NDArray[np.integer]
    tones: NDArray[Any]
    opaque: BoolMask | None = None
    coloured: bool = False
    lossy: bool = False


def mask_values(pixels: MaskPixels) -> BoolMask:
    """The region that a mask marks, boolean (H, W); empty if it marks none.

    Raises:
        SeveralObjectsError: if it holds several object ids or colours.
    """
    bright = pixels.tones.max(axis=2) if pixels.tones.ndim == 3 else pixels.tones
    if pixels.opaque is None:
        inside = np.asarray(bright > bright.max() / 2, dtype=np.bool_)
    else:
        inside = pixels.opaque
    _check_one_region(pixels, inside)
    return inside


def object_ids(pixels: MaskPixels) -> list[int]:
    """The codes of the objects in a mask, ascending; black and transparent pixels are none.

    Raises:
        MaskValuesError: if the values are no ids: a lossy format, or more than a thousand.
    """
    if pixels.lossy:
        raise MaskValuesError(
            "a lossy format does not keep object ids or colours; save the mask as PNG"
        )
    bright = pixels.tones.max(axis=2) if pixels.tones.ndim == 3 else pixels.tones
    objects = bright > 0
    if pixels.opaque is not None:
        objects &= pixels.opaque
    found = _distinct(pixels.codes[objects])
    if found.size > _MOST_IDS:
        raise MaskValuesError(f"{found.size} different values are no object ids")
    return [int(code) for code in found]


def object_mask(pixels: MaskPixels, code: int) -> BoolMask:
    """The pixels of one object id or colour."""
    mask = np.asarray(pixels.codes == code, dtype=np.bool_)
    return mask if pixels.opaque is None else mask & pixels.opaque


def image_values(image: Image.Image, *, lossy: bool = False) -> MaskPixels:
    """The values of a decoded mask image of any mode."""
    opaque = None
    if image.has_transparency_data:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        opaque = alpha >= 128 if alpha.min() < 128 else None
    if image.mode == "P":
        tones = np.asarray(image.convert("RGBA"))[..., :3]
        if (tones == tones[0, 0]).all():  # colours that say nothing
            return array_values(np.asarray(image), opaque, lossy=lossy)
        return MaskPixels(np.asarray(image), tones, opaque, lossy=lossy)
    if image.mode not in ("1", "L", "I", "F", "RGB") and not image.mode.startswith("I;16"):
        image = image.convert("L" if image.mode in ("LA", "La") else "RGB")
    return array_values(np.asarray(image), opaque, lossy=lossy)


def array_values(
    values: NDArray[Any], opaque: BoolMask | None = None, *, lossy: bool = False
) -> MaskPixels:
    """The values of a mask as an array.

    Args:
        values: shape (H, W) or (H, W, 3); boolean, whole numbers, or floats.
        opaque: shape (H, W), if there is transparency.
        lossy: whether its format may have changed values.

    Raises:
        MaskValuesError: if values are negative or not finite, as those of a network's logits.
    """
    if values.dtype == np.bool_:
        values = values.astype(np.uint8)
    if not np.isfinite(values).all() or values.min(initial=0) < 0:
        raise MaskValuesError(
            "its values are negative or not finite; make it true inside first (logits: mask > 0)"
        )
    if values.ndim == 3:
        red, green, blue = np.moveaxis(values.astype(np.int32), -1, 0)
        if np.array_equal(red, green) and np.array_equal(green, blue):
            return MaskPixels(red, values[..., 0], opaque, lossy=lossy)
        return MaskPixels(red << 16 | green << 8 | blue, values, opaque, True, lossy)
    if not np.issubdtype(values.dtype, np.integer):
        levels = np.unique(values, return_inverse=True)[1].reshape(values.shape)
        return MaskPixels(levels, values, opaque, lossy=lossy)
    return MaskPixels(values, values, opaque, lossy=lossy)


def _check_one_region(pixels: MaskPixels, inside: BoolMask) -> None:
    codes = pixels.codes
    distinct = _distinct(codes).size
    if distinct < 2:
        return
    # Of two values there is nothing between that would have to be told from a tone.
    flat = _flat(codes) if distinct > 2 else np.ones(codes.shape, np.bool_)
    if pixels.lossy or _is_smooth(pixels, flat, distinct):
        # A cut-out photo has any colours; what is inside is told by its transparency.
        several = pixels.opaque is None and _has_several_tones(pixels.tones, inside)
    else:
        parts = (inside,) if pixels.opaque is not None else (inside, ~inside)
        several = any(_distinct(codes[flat & part]).size > 1 for part in parts)
        several |= pixels.opaque is None and not _is_dark(pixels.tones, flat & ~inside)
    if several:
        raise SeveralObjectsError(
            f"it holds {_described(pixels, flat)}, which is more than one region; several object "
            "ids or colours: FILE:ids takes each as a region, FILE:VALUE one of them; else paint "
            "one region white on black"
        )


def _is_smooth(pixels: MaskPixels, flat: BoolMask, distinct: int) -> bool:
    """Whether values between two tones come from anti-aliasing, blur or noise, not from ids."""
    if distinct == 2:
        return False
    if 2 * _distinct(pixels.codes[flat]).size <= distinct:
        return True
    if pixels.coloured or pixels.tones.ndim == 3:
        return False
    solid = _solid(pixels.codes, flat)
    if 2 < solid <= _FEW and 2 * solid > distinct:
        return False
    steps = np.abs(np.diff(pixels.tones.astype(np.float64), axis=1))
    steps = steps[steps > 0]
    return bool(steps.size and np.median(steps) <= _SMOOTH * float(pixels.tones.max()))


def _solid(codes: NDArray[np.integer], flat: BoolMask) -> int:
    """How many values cover areas; a value of noise or blur has hardly a flat neighbourhood."""
    values, counts = _counted(codes)
    areas, sizes = _counted(codes[flat])
    return int(np.count_nonzero(sizes >= _SOLID * counts[np.searchsorted(values, areas)]))


def _is_dark(tones: NDArray[Any], part: BoolMask) -> bool:
    """Whether a part of the mask, if it is not empty, is a background beside the brightest tone."""
    return bool((tones[part] < _DARK * float(tones.max())).all())


def _has_several_tones(tones: NDArray[Any], inside: BoolMask) -> bool:
    """Whether there are more large areas of unlike tones than an inside and an outside.

    Neighbouring tones are one group: noise around a tone, or a gradient from black to white.
    """
    values = tones if tones.ndim == 3 else tones[..., None]
    coarse = np.rint(values * (_LEVELS / max(float(values.max()), 1e-9))).astype(np.int32)
    codes = np.zeros(inside.shape, np.int32)
    for channel in np.moveaxis(coarse, -1, 0):
        codes = codes * (_LEVELS + 1) + channel
    found, counts = np.unique(codes[_flat(codes)], return_counts=True)
    groups: list[set[int]] = []
    for code in found[counts >= _LEAST * codes.size].tolist():
        near = [group for group in groups if any(_adjacent(code, other) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append({code}.union(*near))
    within = [bool(inside[np.isin(codes, list(group))].all()) for group in groups]
    outside = [group for group, is_inside in zip(groups, within, strict=True) if not is_inside]
    bright = [group for group in outside if not any(_is_dark_code(code) for code in group)]
    return len(groups) > 2 or sum(within) > 1 or bool(bright)


def _is_dark_code(code: int) -> bool:
    while code:
        if code % (_LEVELS + 1) >= _DARK * _LEVELS:
            return False
        code //= _LEVELS + 1
    return True


def _adjacent(first: int, second: int) -> bool:
    while first or second:
        if abs(first % (_LEVELS + 1) - second % (_LEVELS + 1)) > 1:
            return False
        first, second = first // (_LEVELS + 1), second // (_LEVELS + 1)
    return True


def _flat(codes: NDArray[np.integer]) -> BoolMask:
    """Where a pixel and its eight neighbours in the picture have one value."""
    same = np.zeros(codes.shape, np.bool_)
    if min(codes.shape) < 3:
        return same
    centre = codes[1:-1, 1:-1]
    inner = np.ones(centre.shape, np.bool_)
    height, width = centre.shape
    for down in range(3):
        for right in range(3):
            inner &= codes[down : down + height, right : right + width] == centre
    same[1:-1, 1:-1] = inner
    return same


def _distinct(codes: NDArray[np.integer]) -> NDArray[np.integer]:
    return _counted(codes)[0]


def _counted(codes: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """The values, ascending, and how many pixels have each."""
    if codes.size and codes.min() >= 0 and codes.max() < 1 << 16:
        counts = np.bincount(codes.ravel())
        values = np.flatnonzero(counts)
        return values, counts[values]
    return np.unique(codes, return_counts=True)


def _described(pixels: MaskPixels, flat: BoolMask) -> str:
    codes = _distinct(pixels.codes[flat])
    if pixels.lossy or codes.size > 100:
        return "areas of several tones"
    shown = [f"#{code:06x}" if pixels.coloured else str(code) for code in codes[:4].tolist()]
    kind = "colours" if pixels.coloured else "values"
    return f"areas of {codes.size} {kind} ({', '.join(shown)}{', ...' if codes.size > 4 else ''})"
