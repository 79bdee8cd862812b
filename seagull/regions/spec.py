"""RegionSpec: how a region is asked for, in files and on command lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seagull.photos import Photo
from seagull.regions.everything import Candidate
from seagull.regions.geometry import BOX_FORMATS, checked_geometry, pixel_corners
from seagull.regions.mask_files import read_mask
from seagull.regions.masks import Size, box_mask, pixel_box, polygon_mask, ring_corners
from seagull.regions.rle import Rle, checked_runs, decode
from seagull.regions.segmenter import Point, Segmenter
from seagull.types import BoolMask, Box, Region

KINDS = ("box", "points", "polygon", "rle", "mask", "whole")
"""The ways to say which region; a spec uses exactly one."""


@dataclass(frozen=True)
class RegionSpec:
    """A region to be made on a photo.

    Args:
        id: name of the region, unique within one photo.
        box: ``x1, y1, x2, y2`` in pixels, end exclusive; cut to the photo.
        points: ``(x, y, label)``, label 1 inside and 0 outside; at least one inside.
        polygon: rings ``(x1, y1, x2, y2, ...)``, their union as in COCO.
        rle: COCO run lengths of the photo's size.
        mask: path of a mask image of the photo's size; ``m.png:7`` is one object of it (see
            ``seagull.regions.mask_files``).
        whole: the whole photo.
        refine: let a segmenter find the object in the box, instead of the rectangle.
        box_format: what the numbers of ``box`` are, one of ``BOX_FORMATS``; None takes them for
            ``xyxy`` and refuses those that look like something else.
        stated_size: height and width in pixels that the region's source gives for its photo, if it
            does; another photo's size is refused. No part of the JSON form.

    Raises:
        ValueError: if not exactly one way is used, or its numbers cannot be a region.
    """

    id: str = "1"
    box: tuple[float, float, float, float] | None = None
    points: tuple[Point, ...] | None = None
    polygon: tuple[tuple[float, ...], ...] | None = None
    rle: Rle | None = None
    mask: str | None = None
    whole: bool = False
    refine: bool = False
    box_format: str | None = None
    stated_size: Size | None = None

    def __post_init__(self) -> None:
        used = [kind for kind in KINDS if getattr(self, kind) not in (None, False)]
        if len(used) != 1:
            raise ValueError(
                f"region {self.id}: exactly one of {', '.join(KINDS)} is needed, "
                f"got {', '.join(used) or 'none'}"
            )
        if self.refine and self.box is None:
            raise ValueError(f"region {self.id}: refine applies to a box, not to {used[0]}")
        if self.box_format is not None and (self.box is None or self.box_format not in BOX_FORMATS):
            raise ValueError(
                f"region {self.id}: box_format says what a box's numbers are, one of "
                f"{', '.join(BOX_FORMATS)}, got {self.box_format!r:.60} for a {used[0]}"
            )
        _check_numbers(self)

    @property
    def kind(self) -> str:
        """Which of ``KINDS`` it is."""
        return next(kind for kind in KINDS if getattr(self, kind) not in (None, False))

    @property
    def needs_segmenter(self) -> bool:
        """Whether making it takes a segmenter."""
        return self.points is not None or self.refine

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without what is not used."""
        value = getattr(self, self.kind)
        plain: dict[str, Any] = {"id": self.id, self.kind: _plain(value)}
        plain |= {"refine": True} if self.refine else {}
        return plain | ({} if self.box_format is None else {"box_format": self.box_format})

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RegionSpec:
        """The spec of a JSON object; an integer id is read as text.

        Raises:
            ValueError: on unknown fields, wrong types, or numbers that cannot be a region.
        """
        if not isinstance(plain, Mapping):
            raise ValueError(f"a region is an object, got {type(plain).__name__}")
        name = plain.get("id", "1")
        if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
            raise ValueError(f"a region's id is a text, got {name!r:.60}")
        known = {"id", "refine", "box_format", *KINDS}
        if unknown := sorted(set(map(str, plain)) - known):
            raise ValueError(f"region {name}: unknown fields {unknown}; known are {sorted(known)}")
        try:
            return cls(id=str(name), **_parsed(plain))
        except (TypeError, ValueError, OverflowError) as error:
            text = str(error)
            raise ValueError(
                text if text.startswith("region ") else f"region {name}: {text}"
            ) from error

    def build(
        self,
        photo: Photo | Size,
        segmenter: Segmenter | None = None,
        *,
        folder: Path | None = None,
    ) -> Region:
        """The region on a photo.

        Args:
            photo: the photo, or its (height, width), which is enough without a segmenter.
            segmenter: for points and refined boxes; it opens the photo here (give a
                ``OncePerPhoto`` to share that among regions).
            folder: where a relative mask path starts; the current folder if None.

        Raises:
            ValueError: if the region lies outside the photo, is empty, or does not fit it.
        """
        try:
            return self._build(photo, segmenter, folder)
        except ValueError as error:
            text = str(error)
            raise ValueError(
                text if text.startswith("region ") else f"region {self.id}: {text}"
            ) from error

    def _build(
        self, photo: Photo | Size, segmenter: Segmenter | None, folder: Path | None
    ) -> Region:
        size = photo.size if isinstance(photo, Photo) else photo
        self.check_fit(size)
        if not self.needs_segmenter:
            return Region(self._plain_mask(size, folder), self.id, source=self.kind)
        box = None if self.box is None else self._pixel_box(self.box, size)
        _check_points(self.points or (), size)
        if segmenter is None or not isinstance(photo, Photo):
            raise ValueError(f"{self.kind} need the photo's pixels and a segmenter")
        found = segmenter.open(photo).segment(self.points or (), box)
        _check_found(found, segmenter.name)
        return Region(found.mask, self.id, self.kind, segmenter.name, float(found.confidence))

    def _plain_mask(self, size: Size, folder: Path | None) -> BoolMask:
        if self.box is not None:
            return box_mask(self._pixel_box(self.box, size), size)
        if self.polygon is not None:
            return polygon_mask(self.polygon, size)
        if self.rle is not None:
            return decode(self.rle, size)
        if self.mask is not None:
            return read_mask(self.mask, size, folder)
        return np.ones(size, dtype=np.bool_)

    def check_fit(self, size: Size) -> None:
        """Passes if its numbers fit a photo of this (height, width); no mask is made.

        Raises:
            ValueError: if they do not, or run lengths are none of a mask.
        """
        checked_geometry(size, stated=self.stated_size, what="the photo it was made for")
        if self.box is not None:
            pixel_corners(self.box, self.box_format, size)
        elif self.polygon is not None:
            corners = [number for ring in self.polygon for number in ring]
            checked_geometry(size, corners, what="the polygon")
        elif self.rle is not None and not checked_runs(self.rle, size)[1::2].any():
            raise ValueError(f"region {self.id} is empty: its run lengths mark no pixel")

    def _pixel_box(self, box: Sequence[float], size: Size) -> Box:
        return pixel_box(pixel_corners(box, self.box_format, size), size)


def _parsed(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Constructor arguments of a JSON object, of the right types."""
    given = {key: value for key, value in plain.items() if key != "id" and value is not None}
    for flag in {"whole", "refine"} & set(given):
        if not isinstance(given[flag], bool):
            raise ValueError(f"{flag} is true or false, got {given[flag]!r:.60}")
    if "box_format" in given and not isinstance(given["box_format"], str):
        raise ValueError(f"box_format is a text, got {given['box_format']!r:.60}")
    if "mask" in given and not isinstance(given["mask"], str):
        raise ValueError(f"mask is the path of an image, got {given['mask']!r:.60}")
    if "box" in given:
        given["box"] = _floats(given["box"], "box")
    if "points" in given:
        given["points"] = tuple(_point(point) for point in _listed(given["points"], "points"))
    if "polygon" in given:
        rings = _listed(given["polygon"], "polygon")
        given["polygon"] = tuple(_floats(ring, "a polygon's ring") for ring in rings)
    if "rle" in given:
        given["rle"] = Rle.from_dict(given["rle"])
    return given


def _listed(value: Any, what: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{what}: a list is expected, got {value!r:.60}")
    return value


def _floats(value: Any, what: str) -> tuple[float, ...]:
    numbers = _listed(value, what)
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise ValueError(f"{what}: a list of numbers is expected, got {value!r:.60}")
    return tuple(float(n) for n in numbers)


def _point(value: Any) -> Point:
    numbers = _floats(value, "a point")
    if len(numbers) not in (2, 3) or (len(numbers) == 3 and numbers[2] not in (0, 1)):
        raise ValueError(f"a point is [x, y] or [x, y, label] with label 0 or 1, got {value!r:.60}")
    return numbers[0], numbers[1], int(numbers[2]) if len(numbers) == 3 else 1


def _plain(value: Any) -> Any:
    if isinstance(value, Rle):
        return value.to_dict()
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _check_numbers(spec: RegionSpec) -> None:
    """What can be told without the photo: finite numbers, corners in order, a point inside."""
    coordinates = [*(spec.box or ()), *(n for ring in spec.polygon or () for n in ring)]
    coordinates += [n for x, y, _label in spec.points or () for n in (x, y)]
    if not all(math.isfinite(n) for n in coordinates):
        raise ValueError(f"region {spec.id}: coordinates must be finite, got NaN or infinity")
    if spec.box is not None and len(spec.box) != 4:
        raise ValueError(f"region {spec.id}: a box is x1,y1,x2,y2, got {len(spec.box)} numbers")
    if spec.box is not None:
        _check_extent(spec.id, spec.box, spec.box_format)
    for ring in spec.polygon or ():
        try:
            ring_corners(ring)
        except ValueError as error:
            raise ValueError(f"region {spec.id}: {error}") from error
    if spec.points is not None and not any(label == 1 for _x, _y, label in spec.points):
        raise ValueError(f"region {spec.id}: at least one point must lie inside the region")


def _check_extent(id: str, box: Sequence[float], form: str | None) -> None:
    numbers = ",".join(f"{n:g}" for n in box)
    if form == "xywh":
        if box[2] <= 0 or box[3] <= 0:
            raise ValueError(f"region {id}: box {numbers}: width and height must be above 0")
        return
    if box[2] <= box[0] or box[3] <= box[1]:
        raise ValueError(
            f"region {id}: box {numbers}: the end must lie right of and below the start "
            "(x1,y1,x2,y2; for x,y,width,height say --box-format xywh, box_format='xywh')"
        )


def _check_points(points: Sequence[Point], size: Size) -> None:
    height, width = size
    numbers = [number for x, y, _label in points for number in (x, y)]
    if any(number % 1 for number in numbers) and max(numbers) <= 1:
        checked_geometry(size, numbers, what="the points")
    for x, y, _label in points:
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError(
                f"point {x:g},{y:g} lies outside the photo, which is {width} x {height} pixels"
            )


def _check_found(found: Candidate, name: str) -> None:
    if not found.mask.any():
        raise ValueError(f"{name} found nothing there; move the points or give a box")


def box_spec(box: Box | Sequence[float], id: str = "1", *, refine: bool = False) -> RegionSpec:
    """The spec of a box."""
    x1, y1, x2, y2 = box
    return RegionSpec(id, box=(x1, y1, x2, y2), refine=refine)
