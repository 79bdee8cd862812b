"""What a person has drawn with smart tools in Label Studio: prompts for a segmenter, and shapes.

Label Studio counts in percent of the photo's sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seagull.regions.geometry import Size
from seagull.regions.rle import encode
from seagull.regions.segmenter import Point
from seagull.regions.spec import RegionSpec
from seagull.server.label_studio.brush import decode_brush
from seagull.server.label_studio.config import SHAPES

FloatBox = tuple[float, float, float, float]


@dataclass(frozen=True)
class Context:
    """What was drawn.

    Attributes:
        points: ``(x, y, label)`` in pixels, which mean one region together (and with ``box``).
        box: of these points, if there is one.
        specs: other shapes, each a region as it is drawn; ids are ``drawn-1``, ``drawn-2``, ...
        labels: that the regions were given: by the id of a spec, or ``prompt`` for the points.
    """

    points: tuple[Point, ...]
    box: FloatBox | None
    specs: tuple[RegionSpec, ...]
    labels: Mapping[str, str | None]


PROMPT = "prompt"
"""Id of the region that the points mean."""


def read_context(
    results: Sequence[Mapping[str, Any]], size: Size, *, boxes_are_prompts: bool
) -> Context:
    """The prompts and shapes in a request.

    Args:
        results: items with ``type``, ``value`` and, for points, ``is_positive``.
        size: height and width of the photo.
        boxes_are_prompts: whether a box means the object in it rather than the rectangle.

    Raises:
        ValueError: naming the item that cannot be read.
    """
    points: list[Point] = []
    boxes: list[FloatBox] = []
    specs: list[RegionSpec] = []
    labels: dict[str, str | None] = {}
    for number, item in enumerate(results, start=1):
        kind, value = SHAPES.get(str(item.get("type", "")).lower()), item.get("value")
        if kind is None or not isinstance(value, Mapping):
            continue
        id = PROMPT if kind == "keypoint" else f"drawn-{number}"
        labels.setdefault(id, _label(str(item["type"]), value))
        try:
            if kind == "keypoint":
                points.append(_point(item, value, size))
            elif kind == "rectangle" and not _turn(value):
                boxes.append(_box(value, size))
                refine = boxes_are_prompts
                specs.append(RegionSpec(id, box=boxes[-1], refine=refine, box_format="xyxy"))
            else:
                specs.append(_shape(kind, id, value, size))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"item {number} of the context: {error!s:.200}") from error
    if not points:
        return Context((), None, tuple(specs), labels)
    return _about_points(points, boxes, specs, labels)


def _about_points(
    points: Sequence[Point],
    boxes: Sequence[FloatBox],
    specs: Sequence[RegionSpec],
    labels: Mapping[str, str | None],
) -> Context:
    """Points and a box are one prompt together."""
    if not any(inside for _x, _y, inside in points):
        raise ValueError("the context has points outside a region, but none inside it")
    if len(boxes) > 1:
        raise ValueError("the context has points and several boxes; give one box with points")
    rest = tuple(spec for spec in specs if spec.box is None)
    return Context(tuple(points), boxes[0] if boxes else None, rest, labels)


def _shape(kind: str, id: str, value: Mapping[str, Any], size: Size) -> RegionSpec:
    if kind == "brush":
        if value.get("format") != "rle":
            raise ValueError("a brush's format is rle")
        return RegionSpec(id, rle=encode(decode_brush(value["rle"], size)))
    if kind == "polygon":
        ring = [number for x, y in value["points"] for number in _pixels(x, y, size)]
        return RegionSpec(id, polygon=(tuple(ring),))
    return RegionSpec(id, polygon=(_turned(value, size),))


def _label(kind: str, value: Mapping[str, Any]) -> str | None:
    labels = value.get(kind)
    return str(labels[0]) if isinstance(labels, list) and labels else None


def _point(item: Mapping[str, Any], value: Mapping[str, Any], size: Size) -> Point:
    x, y = _pixels(value["x"], value["y"], size)
    height, width = size
    inside = int(bool(int(item.get("is_positive", 1))))
    # 100 % is the far edge, one pixel behind the last.
    return min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0), inside


def _turn(value: Mapping[str, Any]) -> float:
    """Degrees by which a rectangle is turned, in [0, 360)."""
    return float(value.get("rotation") or 0) % 360


def _box(value: Mapping[str, Any], size: Size) -> FloatBox:
    left, top = _pixels(value["x"], value["y"], size)
    wide, high = _pixels(value["width"], value["height"], size)
    return left, top, left + wide, top + high


def _turned(value: Mapping[str, Any], size: Size) -> tuple[float, ...]:
    """The corners of a rectangle that is turned about its first corner, clockwise."""
    left, top, right, bottom = _box(value, size)
    wide, high, angle = right - left, bottom - top, math.radians(_turn(value))
    across, down = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))
    corners = [(0.0, 0.0), (wide, 0.0), (wide, high), (0.0, high)]
    return tuple(
        number
        for x, y in corners
        for number in (left + x * across[0] + y * down[0], top + x * across[1] + y * down[1])
    )


def _pixels(x: Any, y: Any, size: Size) -> tuple[float, float]:
    """Percent of the sides as pixels."""
    height, width = size
    numbers = float(x) * width / 100, float(y) * height / 100
    if not all(map(math.isfinite, numbers)):
        raise ValueError("coordinates must be finite")
    return numbers
