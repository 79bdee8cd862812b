"""The strip below a picture that says what its colours mean."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from seagull.levels import LevelScale
from seagull.reports.canvas import Canvas, wrapped
from seagull.reports.palette import DARK, LIGHT, ramp

NOTE = (214, 164, 60)


def add_legend(
    picture: Image.Image, canvas: Canvas, scale: LevelScale | None, notes: tuple[str, ...] = ()
) -> Image.Image:
    """The picture with a dark strip under it: the ramp with the level words, and notes.

    A very narrow picture is set in the middle of a sheet wide enough for the legend.

    Args:
        picture: drawn on ``canvas``.
        canvas: gives font and unit.
        scale: what the colours grade; None draws no ramp.
        notes: short remarks, a line each.
    """
    gap = max(round(6 * canvas.unit), 8)
    width = max(picture.width, round(22 * canvas.font.size))
    line = sum(canvas.font.getmetrics())
    ramp_height = 0 if scale is None else 2 * line + gap
    lines = [part for note in notes for part in wrapped(note, canvas.font, width - 2 * gap)]
    height = ramp_height + len(lines) * line + 2 * gap
    if height == 2 * gap:
        return picture
    strip = Image.new("RGB", (width, height), DARK)
    if scale is not None:
        _draw_ramp(strip, canvas, scale, gap, line)
    draw = ImageDraw.Draw(strip)
    for row, text in enumerate(lines):
        draw.text((gap, gap + ramp_height + row * line), text, font=canvas.font, fill=NOTE)
    sheet = Image.new("RGB", (width, picture.height + height), DARK)
    sheet.paste(picture, ((width - picture.width) // 2, 0))
    sheet.paste(strip, (0, picture.height))
    return sheet


def _draw_ramp(strip: Image.Image, canvas: Canvas, scale: LevelScale, gap: int, line: int) -> None:
    draw = ImageDraw.Draw(strip)
    font = canvas.font
    title = scale.name.capitalize()
    start = gap
    title_width = round(font.getlength(title))
    if title_width + 2 * gap < 0.25 * strip.width:
        draw.text((gap, gap + line / 2), title, font=font, fill=LIGHT, anchor="lm")
        start = 2 * gap + title_width
    end = strip.width - gap
    bar = ramp(np.linspace(0.0, 1.0, max(end - start, 1)))
    image = Image.fromarray(np.repeat(bar[None], round(line * 0.8), axis=0))
    strip.paste(image, (start, gap + round(line * 0.1)))
    words = scale.words
    room = (end - start) / (len(words) - 1) - gap
    shown = words if max(map(font.getlength, words)) < room else (words[0], words[-1])
    for index, word in enumerate(shown):
        share = index / (len(shown) - 1)
        anchor = "la" if index == 0 else "ra" if index == len(shown) - 1 else "ma"
        at = (start + share * (end - start), gap + line)
        draw.text(at, word, font=font, fill=LIGHT, anchor=anchor)
