"""Where labels go: inside the picture, near their regions, not on top of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw, ImageFont

from seagull.regions.masks import largest_inner_point
from seagull.reports.palette import DARK, Colour, ink
from seagull.types import BoolMask

Rectangle = tuple[int, int, int, int]
"""``(x1, y1, x2, y2)`` in canvas pixels, end exclusive."""


@dataclass(frozen=True)
class Label:
    """What to write about a region: the same in ever fewer words, and where the region is."""

    texts: tuple[str, ...]
    colour: Colour
    mask: BoolMask


@dataclass(frozen=True)
class PlacedLabel:
    """A text with its pill's rectangle."""

    text: str
    colour: Colour
    rectangle: Rectangle


def place_labels(
    labels: Sequence[Label], size: tuple[int, int], font: ImageFont.FreeTypeFont, padding: int
) -> list[PlacedLabel]:
    """Positions inside a canvas of ``size`` (height, width), in the order of ``labels``.

    Each label takes the longest of its texts that finds a free place; where nothing is free, the
    shortest goes where it covers least. Small regions choose first: they have fewer places.
    """
    placed: dict[int, PlacedLabel] = {}
    order = sorted(range(len(labels)), key=lambda i: int(np.count_nonzero(labels[i].mask)))
    for index in order:
        taken = [other.rectangle for other in placed.values()]
        placed[index] = _place(labels[index], taken, size, font, padding)
    return [placed[index] for index in range(len(labels))]


def draw_labels(
    draw: ImageDraw.ImageDraw,
    labels: Sequence[PlacedLabel],
    font: ImageFont.FreeTypeFont,
    padding: int,
) -> None:
    """Draws each label as a pill in its colour with a dark rim."""
    rim = max(1, padding // 4)
    for label in labels:
        x1, y1, x2, y2 = label.rectangle
        shape = (x1, y1, x2 - 1, y2 - 1)
        draw.rounded_rectangle(shape, radius=padding, fill=label.colour, outline=DARK, width=rim)
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        draw.text(middle, label.text, font=font, fill=ink(label.colour), anchor="mm")


def _place(
    label: Label,
    taken: Sequence[Rectangle],
    size: tuple[int, int],
    font: ImageFont.FreeTypeFont,
    padding: int,
) -> PlacedLabel:
    best: tuple[float, PlacedLabel] | None = None
    for text in label.texts:
        width = round(font.getlength(text)) + 2 * padding
        height = sum(font.getmetrics()) + padding
        for x, y in _anchors(label.mask, width, height, padding):
            rectangle = _inside((x, y, x + width, y + height), size)
            overlap = sum(_overlap(rectangle, other) for other in taken)
            candidate = PlacedLabel(text, label.colour, rectangle)
            if overlap == 0 and _fits(rectangle, size):
                return candidate
            if best is None or overlap < best[0] or text != best[1].text:
                best = (overlap, candidate)
    if best is None:
        raise ValueError("a label needs at least one text")
    return best[1]


def _anchors(mask: BoolMask, width: int, height: int, gap: int) -> list[tuple[int, int]]:
    """Top-left corners to try: at the region's corners, its heart, then around it."""
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    x1, y1 = int(columns[0]), int(rows[0])
    x2, y2 = int(columns[-1]) + 1, int(rows[-1]) + 1
    heart_x, heart_y = largest_inner_point(mask)
    centred = heart_x - width // 2
    middle = heart_y - height // 2
    anchors = [(centred, middle)]
    if width + 2 * gap < x2 - x1 and height + 2 * gap < y2 - y1:
        inner = [(x1 + gap, y1 + gap), (x2 - gap - width, y1 + gap)]
        inner += [(x1 + gap, y2 - gap - height), (x2 - gap - width, y2 - gap - height)]
        filled = [(x, y) for x, y in inner if mask[y : y + height, x : x + width].all()]
        anchors = filled + anchors
    else:
        anchors = [(centred, y1 - height - gap), (centred, y2 + gap), *anchors]
    anchors += [(x1, y1 - height - gap), (x1, y2 + gap)]
    anchors += [(x2 + gap, middle), (x1 - width - gap, middle)]
    step = height + gap
    return anchors + [(centred, middle + turn * step) for turn in (-1, 1, -2, 2)]


def _inside(rectangle: Rectangle, size: tuple[int, int]) -> Rectangle:
    x1, y1, x2, y2 = rectangle
    left = max(0, min(x1, size[1] - (x2 - x1)))
    top = max(0, min(y1, size[0] - (y2 - y1)))
    return left, top, left + x2 - x1, top + y2 - y1


def _fits(rectangle: Rectangle, size: tuple[int, int]) -> bool:
    return rectangle[2] <= size[1] and rectangle[3] <= size[0]


def _overlap(one: Rectangle, other: Rectangle) -> int:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0) * max(height, 0)
