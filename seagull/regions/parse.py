"""Boxes and points as people type them on a command line."""

from __future__ import annotations

import math

from seagull.regions.segmenter import Point

_LABELS = {"+": 1, "1": 1, "-": 0, "0": 0}


def parse_box(text: str, form: str | None = None) -> tuple[float, float, float, float]:
    """The four numbers of ``x1,y1,x2,y2`` (pixels, end exclusive), or of another format.

    Args:
        text: as typed.
        form: one of ``BOX_FORMATS``; only ``xywh`` has no end to compare.

    Raises:
        ValueError: if the text has another form, or the end is not right of and below the start.
    """
    numbers = _numbers(text.split(","), text, "box", "40,60,220,300 (x1,y1,x2,y2 in pixels)")
    if len(numbers) != 4:
        raise ValueError(f"box {text!r}: four numbers are expected, as in 40,60,220,300")
    x1, y1, x2, y2 = numbers
    if form != "xywh" and (x2 <= x1 or y2 <= y1):
        raise ValueError(
            f"box {text!r}: the end must lie right of and below the start (x1,y1,x2,y2, "
            "not x,y,width,height; for that, --box-format xywh)"
        )
    return x1, y1, x2, y2


def parse_point(text: str) -> Point:
    """The point of ``x,y`` or ``x,y,+`` (inside the region) or ``x,y,-`` (outside it).

    Raises:
        ValueError: if the text has another form.
    """
    parts = text.split(",")
    example = "120,80 or 120,80,- for a point outside the region"
    label = 1
    if len(parts) == 3:
        mark = parts.pop().strip()
        if mark not in _LABELS:
            raise ValueError(f"point {text!r}: the third part is + or -, as in {example}")
        label = _LABELS[mark]
    numbers = _numbers(parts, text, "point", example)
    if len(numbers) != 2:
        raise ValueError(f"point {text!r}: two numbers are expected, as in {example}")
    return numbers[0], numbers[1], label


def _numbers(parts: list[str], text: str, what: str, example: str) -> list[float]:
    try:
        numbers = [float(part) for part in parts]
    except ValueError as error:
        raise ValueError(f"{what} {text!r}: write it as {example}") from error
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{what} {text!r}: every number must be finite, as in {example}")
    return numbers
