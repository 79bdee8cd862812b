"""Pictures of a comparison: the map of change, before and after beside it, and crops of regions.

Red is worse, blue is better, whatever is the same stays grey.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from seagull.comparison.types import Comparison, RegionChange, Verdict
from seagull.comparison.words import headline, unmeasured_text
from seagull.photos import Pixels
from seagull.reports.canvas import Canvas, make_canvas, on_top
from seagull.reports.labels import Label, draw_labels, place_labels
from seagull.reports.overlay import UNTRAINED_NOTE
from seagull.reports.palette import DARK, LIGHT, Colour
from seagull.reports.text import printable
from seagull.types import BoolMask, Region

WORSE: Colour = (200, 30, 36)
SAME: Colour = (170, 170, 170)
BETTER: Colour = (30, 92, 190)
FULL = 0.3
"""From this change on, a region has the full colour: one and a half level words."""
COVER = 0.75
"""Share of the full colour laid over the greyed photo."""
PANEL = 1200
"""Most pixels on the long side of a panel."""
CROP = 288
"""Side of a region's crop in pixels of the photo, about which the eye sees each of them."""


def change_colour(change: float) -> Colour:
    """The colour of a change of quality: from red (worse) over grey to blue (better)."""
    share = min(abs(change) / FULL, 1.0)
    end = WORSE if change < 0 else BETTER
    red, green, blue = (
        round((1 - share) * neutral + share * full) for neutral, full in zip(SAME, end, strict=True)
    )
    return red, green, blue


def draw_change_map(photo: Pixels, comparison: Comparison) -> Image.Image:
    """The greyed photo with each region in the colour of its change, outlined and labelled.

    Where regions overlap, a small one counts more: each weighs one over its area.

    Args:
        photo: either photo as it was compared, (H, W, 3).
        comparison: what changed.
    """
    canvas = make_canvas(_reduced(photo))
    pixels = _map_pixels(canvas, comparison.regions)
    for one in comparison.regions:
        _outline(pixels, canvas.mask(one.region.mask), max(1, round(0.6 * canvas.unit)))
    picture = Image.fromarray(pixels)
    padding = max(2, round(3 * canvas.unit))
    labels = [_label(one, canvas) for one in comparison.regions]
    placed = place_labels(labels, canvas.size, canvas.font, padding)
    draw_labels(ImageDraw.Draw(picture), placed, canvas.font, padding)
    return picture


def draw_side_by_side(photos: tuple[Pixels, Pixels], comparison: Comparison) -> Image.Image:
    """Before, after and the map of change in a row, each with its title, over a legend.

    Args:
        photos: both photos as they were compared, each (H, W, 3).
        comparison: what changed.
    """
    panels = [Image.fromarray(make_canvas(_reduced(photo)).pixels) for photo in photos]
    panels.append(draw_change_map(photos[1], comparison))
    canvas = make_canvas(_reduced(photos[0]))
    line, gap = sum(canvas.font.getmetrics()), max(round(4 * canvas.unit), 6)
    width = sum(panel.width for panel in panels) + gap * (len(panels) + 1)
    lines = [*_notes(comparison)]
    top = line + 2 * gap
    bottom = (len(lines) + 1) * (line + gap) + gap
    sheet = Image.new("RGB", (width, top + panels[0].height + bottom), DARK)
    draw = ImageDraw.Draw(sheet)
    left = gap
    for title, panel in zip(("before", "after", "change"), panels, strict=True):
        draw.text((left, gap), title, font=canvas.font, fill=LIGHT)
        sheet.paste(panel, (left, top))
        left += panel.width + gap
    below = top + panels[0].height + gap
    _draw_ramp(sheet, canvas, (gap, below), line)
    for number, text in enumerate(lines, start=1):
        draw.text((gap, below + number * (line + gap)), text, font=canvas.font, fill=LIGHT)
    return sheet


def crops(photos: tuple[Pixels, Pixels], region: Region) -> list[Image.Image]:
    """The same cut of both photos about a region's middle, at most ``CROP`` pixels wide and high.

    Pixels stay as they are, but for a thin outline of the region; small cuts are enlarged in whole
    steps.
    """
    (height, width), (x1, y1, x2, y2) = region.size, region.box
    wide, high = min(CROP, width), min(CROP, height)
    left = min(max((x1 + x2 - wide) // 2, 0), width - wide)
    top = min(max((y1 + y2 - high) // 2, 0), height - high)
    step = max(1, CROP // max(wide, high))
    cuts = []
    for photo in photos:
        outlined = photo.copy()
        _outline(outlined, region.mask, 1)
        cut = outlined[top : top + high, left : left + wide]
        cuts.append(Image.fromarray(cut.repeat(step, axis=0).repeat(step, axis=1)))
    return cuts


def reduced(photo: Pixels, most: int) -> Image.Image:
    """The photo with at most ``most`` pixels on its long side."""
    return Image.fromarray(_reduced(photo, most))


def _reduced(photo: Pixels, most: int = PANEL) -> Pixels:
    scale = most / max(photo.shape[:2])
    if scale >= 1:
        return photo
    size = (max(round(photo.shape[1] * scale), 1), max(round(photo.shape[0] * scale), 1))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def _map_pixels(canvas: Canvas, regions: Sequence[RegionChange]) -> Pixels:
    top = on_top(canvas, [one.region for one in regions])
    moved = [0.0 if one.change.verdict is Verdict.SAME else one.change.quality for one in regions]
    # The last row, which -1 takes, is for pixels of no region.
    tones = np.array([*(change_colour(one) for one in moved), (0, 0, 0)], np.float64)[top]
    opacity = np.array([*(COVER if one else 0.0 for one in moved), 0.0])[top][..., None]
    grey = _grey(canvas.pixels)
    shade = 0.6 + 0.4 * grey / 255
    mixed = opacity * tones * shade + (1 - opacity) * grey
    shown = np.where(top[..., None] >= 0, mixed, 0.5 * grey)
    return np.asarray(shown.round().clip(0, 255), np.uint8)


def _grey(pixels: Pixels) -> NDArray[np.float64]:
    grey = np.asarray(pixels @ (0.299, 0.587, 0.114), np.float64)
    return np.repeat(grey[..., None], 3, axis=2)


def _outline(pixels: Pixels, mask: BoolMask, width: int) -> None:
    contours, _ = cv2.findContours(
        np.pad(mask, 1).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
    )
    shifted = [np.asarray(contour) - 1 for contour in contours]
    cv2.drawContours(pixels, shifted, -1, LIGHT, width, cv2.LINE_AA)


def _label(one: RegionChange, canvas: Canvas) -> Label:
    name = printable(one.region.id)[:24]
    number = f"{one.change.quality:+.2f}"
    text = f"{name}: {one.change.verdict.value}"
    same = one.change.verdict is Verdict.SAME
    texts = (text, name) if same else (f"{text} {number}", f"{name}: {number}", name)
    return Label(texts, change_colour(one.change.quality), canvas.mask(one.region.mask))


def _draw_ramp(sheet: Image.Image, canvas: Canvas, at: tuple[int, int], line: int) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = at
    width = min(round(18 * canvas.font.size), sheet.width // 2)
    for x in range(width):
        colour = change_colour(FULL * (2 * x / max(width - 1, 1) - 1))
        draw.line([(left + x, top), (left + x, top + line - 2)], fill=colour)
    words = f"-{FULL:g} worse    change of quality    better +{FULL:g}"
    draw.text((left + width + line, top), words, font=canvas.font, fill=LIGHT)


def _notes(comparison: Comparison) -> list[str]:
    model = comparison.before.model
    notes = [headline(comparison)] + ([] if model.trained else [UNTRAINED_NOTE])
    unmeasured = unmeasured_text(model, comparison.measured)
    return [*notes, unmeasured] if unmeasured else notes
