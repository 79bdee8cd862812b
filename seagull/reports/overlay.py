"""Pictures of a report: outlined and labelled regions, and a heat map of quality."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from seagull.levels import IMPORTANCE, QUALITY, LevelScale
from seagull.reports.canvas import Canvas, Pixels, make_canvas, on_top
from seagull.reports.labels import Label, draw_labels, place_labels
from seagull.reports.legend import add_legend
from seagull.reports.palette import DARK, Colour, colour, ramp
from seagull.reports.text import printable
from seagull.types import BoolMask, LevelScore, QualityReport, RegionAssessment

UNTRAINED_NOTE = "Untrained model: the numbers mean nothing yet."
TINT = 0.28
"""Share of a region's colour laid over its pixels."""
FAINT, STRONG = 0.25, 0.85
"""How much of its colour covers the photo in a heat map where quality is 1, and where it is 0."""
CROWDED = 9
"""From this many regions on, labels leave out the level word."""


def draw_overlay(photo: Pixels, report: QualityReport) -> Image.Image:
    """The photo with each region tinted, outlined and labelled by its quality, over a legend.

    Colours follow importance where quality was not asked, and are grey where neither was. The
    photo is brought to 800-2400 pixels on its long side, so that labels read well.

    Args:
        photo: (H, W, 3) uint8 sRGB, the photo the report is about.
        report: its assessments.

    Raises:
        ValueError: if the photo's size is not the report's.
    """
    _check_size(photo, report)
    canvas = make_canvas(photo)
    scale = _graded_scale(report)
    # Large regions first: a small one inside a large one stays visible.
    drawn = sorted(report.regions, key=lambda assessment: -assessment.region.area)
    masks = {item.region.id: canvas.mask(item.region.mask) for item in drawn}
    pixels = canvas.pixels.copy()
    for assessment in drawn:
        tone = _tone(assessment, scale)
        mask = masks[assessment.region.id]
        pixels[mask] = _mixed(canvas.pixels[mask], tone, TINT)
    for assessment in drawn:
        _outline(pixels, masks[assessment.region.id], _tone(assessment, scale), canvas.unit)
    picture = Image.fromarray(pixels)
    labels = [
        Label(
            _label_texts(assessment, scale, len(drawn)),
            _tone(assessment, scale),
            masks[assessment.region.id],
        )
        for assessment in report.regions
    ]
    padding = max(2, round(3 * canvas.unit))
    placed = place_labels(labels, canvas.size, canvas.font, padding)
    draw_labels(ImageDraw.Draw(picture), placed, canvas.font, padding)
    return add_legend(picture, canvas, scale, _notes(report))


def draw_heatmap(photo: Pixels, report: QualityReport) -> Image.Image:
    """Quality as colour over the greyed photo: at each pixel that of the region on top.

    The worse a region is, the more its colour covers, so that what is wrong meets the eye first.
    Pixels outside every region stay grey and dark.

    Args:
        photo: (H, W, 3) uint8 sRGB, the photo the report is about.
        report: its assessments.

    Raises:
        ValueError: if the photo's size is not the report's, or quality was not asked.
    """
    _check_size(photo, report)
    canvas = make_canvas(photo)
    scores, covered = quality_map(canvas, report)
    grey = np.asarray(canvas.pixels @ (0.299, 0.587, 0.114), dtype=np.float64)
    # The photo's light and shade survive as brightness, so that things stay recognisable.
    shade = 0.75 + 0.25 * grey[..., None] / 255
    opacity = (STRONG - (STRONG - FAINT) * scores)[..., None]
    heat = opacity * ramp(scores) * shade + (1 - opacity) * grey[..., None]
    shown = np.where(covered[..., None], heat, 0.4 * grey[..., None])
    picture = Image.fromarray(shown.round().clip(0, 255).astype(np.uint8))
    bare = () if covered.mean() > 0.995 else ("Dark grey: not in any region.",)
    return add_legend(picture, canvas, QUALITY, (*bare, *_notes(report)))


def quality_map(canvas: Canvas, report: QualityReport) -> tuple[NDArray[np.float64], BoolMask]:
    """Quality of the region on top at each pixel, (H, W), and where there is one; see ``on_top``.

    Raises:
        ValueError: if no region of the report has a quality score.
    """
    scored = [(one.region, one.quality.score) for one in report.regions if one.quality is not None]
    if not scored:
        raise ValueError("a heat map shows quality: ask the quality task (--tasks quality)")
    top = on_top(canvas, [region for region, _ in scored])
    # -1 takes the last one, which stands for no region.
    return np.array([*(score for _, score in scored), 0.0])[top], top >= 0


def _check_size(photo: Pixels, report: QualityReport) -> None:
    size, expected = photo.shape[:2], (report.image.height, report.image.width)
    if size != expected:
        raise ValueError(
            f"the photo has {size[1]}x{size[0]} pixels, but the report is about a photo of "
            f"{expected[1]}x{expected[0]}"
        )


def _graded_scale(report: QualityReport) -> LevelScale | None:
    if any(assessment.quality for assessment in report.regions):
        return QUALITY
    return IMPORTANCE if any(assessment.importance for assessment in report.regions) else None


def _score(assessment: RegionAssessment, scale: LevelScale | None) -> LevelScore | None:
    return assessment.quality if scale is QUALITY else assessment.importance


def _tone(assessment: RegionAssessment, scale: LevelScale | None) -> Colour:
    score = _score(assessment, scale)
    return colour(None if score is None else score.score)


def _mixed(pixels: Pixels, tone: Colour, share: float) -> Pixels:
    mixed = (1 - share) * pixels + share * np.asarray(tone)
    return np.asarray(mixed.round(), dtype=np.uint8)


def _outline(pixels: Pixels, mask: BoolMask, tone: Colour, unit: float) -> None:
    """A line in the region's colour on a wider dark one: it shows on light and on dark photos."""
    # A margin lets the line close along the photo's border.
    padded = np.pad(mask, 1).astype(np.uint8)
    contours, _ = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    shifted = [np.asarray(contour) - 1 for contour in contours]
    width = max(2, round(1.3 * unit))
    for thickness, ink in ((width + 2 * max(1, round(0.7 * unit)), DARK), (width, tone)):
        cv2.drawContours(pixels, shifted, -1, ink, thickness, cv2.LINE_AA)


def _label_texts(
    assessment: RegionAssessment, scale: LevelScale | None, count: int
) -> tuple[str, ...]:
    name = printable(assessment.region.id)
    name = name if len(name) <= 24 else name[:23] + "…"
    score = _score(assessment, scale)
    if score is None:
        return (name,)
    short = f"{name}: {score.score:.2f}"
    full = f"{name}: {score.level} {score.score:.2f}"
    if count >= CROWDED:
        return short, name
    found = assessment.distortions or ()
    longest = (f"{full}, {found[0].type.value}",) if found else ()
    return (*longest, full, short, name)


def _notes(report: QualityReport) -> tuple[str, ...]:
    notes = () if report.model.trained else (UNTRAINED_NOTE,)
    # Another system beside Seagull: whose numbers these are stands wherever they are shown.
    other = report.model.fixed_std is not None
    return (f"Numbers of {printable(report.model.name)}.", *notes) if other else notes
