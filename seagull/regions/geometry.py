"""Whether a region's numbers and the photo's belong together: one rule for every reader.

Sizes are those of the upright photo (EXIF orientation applied). What does not fit is refused with
a hint at the likely cause; nothing is converted unless the user says what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seagull.types import BoolMask

Size = tuple[int, int]
"""Height and width in pixels."""

BOX_FORMATS = ("xyxy", "xywh", "unit", "1000")
"""What a box's four numbers are: corners in pixels, end exclusive; start, width and height in
pixels; corners as shares of the sides in [0, 1]; corners from 0 to 1000."""

_OVER = 0.1
"""Share of a side by which a region may leave the photo and is still only cut off."""
_SAME_SHAPE = 0.01
_FULL = {"unit": 1.0, "1000": 1000.0}

_TURNED: dict[int, Callable[[BoolMask], BoolMask]] = {
    2: np.fliplr,
    3: lambda mask: mask[::-1, ::-1],
    4: np.flipud,
    5: lambda mask: mask.T,
    6: lambda mask: np.rot90(mask, -1),
    7: lambda mask: mask[::-1, ::-1].T,
    8: np.rot90,
}


class GeometryError(ValueError):
    """An annotation that does not fit its photo; the message says how, and what to do."""


def checked_geometry(
    size: Size,
    corners: Sequence[float] = (),
    *,
    stated: Size | None = None,
    what: str = "the region",
) -> None:
    """Passes what fits the photo.

    Args:
        size: height and width of the upright photo in pixels.
        corners: ``x1, y1, x2, y2, ...`` of a box, a polygon or points, taken for pixels.
        stated: height and width that the annotation says its photo has, if it does.
        what: names it in the message.

    Raises:
        GeometryError: if the stated size is another one, the corners look like shares of the sides,
            or they leave the photo by more than a tenth of a side.
    """
    if stated is not None and tuple(stated) != tuple(size):
        raise GeometryError(
            f"{what} is {stated[1]} x {stated[0]} pixels, the photo {size[1]} x {size[0]}; "
            f"{_size_hint(stated, size)}"
        )
    if len(corners):
        _check_corners(np.asarray(corners, dtype=np.float64), size, what)


def pixel_corners(
    box: Sequence[float], form: str | None, size: Size
) -> tuple[float, float, float, float]:
    """The corners ``x1, y1, x2, y2`` in pixels of a box, compared with the photo.

    Args:
        box: four numbers.
        form: one of ``BOX_FORMATS``; None takes them for ``xyxy`` unless they look like something
            else, and ``xyxy`` takes them for that in any case.
        size: height and width of the photo.

    Raises:
        GeometryError: if the numbers do not fit the form or the photo.
    """
    height, width = size
    first, second, third, fourth = (float(number) for number in box)
    if form in _FULL:
        full = _FULL[form]
        if min(box) < -_OVER * full or max(box) > (1 + _OVER) * full:
            raise GeometryError(
                f"box {_listed(box)}: a box of the format {form} has numbers from 0 to {full:g}"
            )
        x, y = width / full, height / full
        return first * x, second * y, third * x, fourth * y
    if form == "xywh":
        third, fourth = first + third, second + fourth
    if form != "xyxy":
        checked_geometry(size, (first, second, third, fourth), what=f"box {_listed(box)}")
    return first, second, third, fourth


def turned(mask: BoolMask, orientation: int) -> BoolMask:
    """A mask of the photo as stored, as a mask of the upright photo.

    Args:
        mask: shape (H, W) before the turn.
        orientation: EXIF orientation of the photo; 1 changes nothing.
    """
    turn = _TURNED.get(orientation)
    return mask if turn is None else np.ascontiguousarray(turn(mask))


def _check_corners(corners: NDArray[np.float64], size: Size, what: str) -> None:
    height, width = size
    if max(size) > 1 and corners.min() >= -_OVER and corners.max() <= 1 + _OVER:
        raise GeometryError(
            f"{what}: its numbers lie between 0 and 1; if they are shares of the sides, say so "
            "(--box-format unit, in Python and records box_format='unit') or multiply them by the "
            f"photo's {width} x {height} pixels"
        )
    sides = np.tile((width, height), len(corners) // 2)
    if (corners < -_OVER * sides).any() or (corners > (1 + _OVER) * sides).any():
        raise GeometryError(
            f"{what} reaches outside the photo, which is {width} x {height} pixels; "
            f"{_outside_hint(corners, size)}"
        )


def _outside_hint(corners: NDArray[np.float64], size: Size) -> str:
    if len(corners) == 4:
        x1, y1, x2, y2 = corners
        if x2 - x1 > 0 and x1 >= 0 and y1 >= 0 and x2 - x1 <= size[1] and y2 - y1 <= size[0]:
            return (
                "is it x1,y1,x2,y2 in pixels of this photo? (other forms: --box-format "
                f"{'|'.join(BOX_FORMATS[1:])}, box_format=...)"
            )
        if corners.min() >= 0 and corners.max() <= 1000:
            return (
                "if its numbers run from 0 to 1000, say so (--box-format 1000, box_format='1000'); "
                "for x,y,width,height: xywh; to cut it to the photo: xyxy"
            )
        return (
            "it may belong to a larger copy of the photo; to cut it to the photo, say "
            "--box-format xyxy (box_format='xyxy')"
        )
    if max(corners[::2]) <= 1.1 * size[0] and max(corners[1::2]) <= 1.1 * size[1]:
        return "it would fit with the sides swapped: was the EXIF orientation ignored?"
    return "it may belong to a larger copy of the photo"


def _size_hint(stated: Size, size: Size) -> str:
    if (stated[1], stated[0]) == tuple(size):
        return (
            "the sides are swapped: it was made without the photo's EXIF orientation; make it for "
            "the upright photo, or save the photo upright"
        )
    scale = size[0] / stated[0] if stated[0] else 0.0
    if abs(size[1] - stated[1] * scale) <= max(1.0, _SAME_SHAPE * size[1]):
        return "it belongs to a copy of another size; a mask needs the photo's own size"
    return "a mask needs the photo's own size"


def _listed(values: Sequence[float]) -> str:
    return ",".join(f"{value:g}" for value in values)
