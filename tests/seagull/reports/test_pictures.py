"""Overlays and heat maps: colours that can be told apart, labels that can be read."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab

from seagull.reports.canvas import load_font, make_canvas
from seagull.reports.labels import Label, place_labels
from seagull.reports.overlay import draw_heatmap, draw_overlay, quality_map
from seagull.reports.palette import DARK, LIGHT, colour, ink, ramp
from seagull.types import ModelInfo, RegionAssessment

# Linear-light simulations of full colour blindness (Machado, Oliveira, Fernandes 2009, table 1).
VISION = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def seen(rgb, vision):
    srgb = np.asarray(rgb) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    changed = np.clip(linear @ np.asarray(VISION[vision]).T, 0, 1)
    return np.where(changed <= 0.0031308, changed * 12.92, 1.055 * changed ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("vision", VISION)
def test_the_five_levels_differ_for_every_kind_of_colour_vision(vision):
    lab = rgb2lab(seen(ramp(np.linspace(0, 1, 5)), vision)[None])[0]
    for one, other in combinations(range(5), 2):
        assert deltaE_ciede2000(lab[one], lab[other]) > 12, (one, other)


@given(st.floats(0, 1))
def test_labels_have_the_contrast_that_wcag_asks_of_large_text(score):
    background = colour(score)
    assert contrast(ink(background), background) >= 3.0


def contrast(one, other):
    def luminance(rgb):
        srgb = np.asarray(rgb) / 255
        linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def box(size, x1, y1, x2, y2):
    mask = np.zeros(size, bool)
    mask[y1:y2, x1:x2] = True
    return mask


@settings(max_examples=25)
@given(st.data())
def test_labels_lie_inside_the_picture(data):
    height, width = data.draw(st.integers(60, 300)), data.draw(st.integers(150, 300))
    labels = []
    for number in range(data.draw(st.integers(1, 12))):
        x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        labels.append(Label((f"{number}: good 0.71", f"{number}"), LIGHT,
                            box((height, width), x, y, x + 30, y + 30)))  # fmt: skip
    for placed in place_labels(labels, (height, width), load_font(13), 3):
        x1, y1, x2, y2 = placed.rectangle
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height


def test_labels_of_neighbours_do_not_cover_each_other():
    size = (400, 400)
    labels = [
        Label((f"{n}: excellent 0.91, compression", f"{n}: 0.91", str(n)), LIGHT,
              box(size, 95 * (n % 4), 95 * (n // 4), 95 * (n % 4) + 90, 95 * (n // 4) + 90))
        for n in range(16)
    ]  # fmt: skip
    placed = [label.rectangle for label in place_labels(labels, size, load_font(13), 3)]
    for (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) in combinations(placed, 2):
        assert min(ax2, bx2) <= max(ax1, bx1) or min(ay2, by2) <= max(ay1, by1)


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (64, 64), (2500, 3300)])
def test_photos_of_any_size_become_pictures_people_can_look_at(make_report, size):
    photo = np.full((*size, 3), 128, np.uint8)
    report = make_report([np.ones(size, bool)], [4], trained=False)
    for picture in (draw_overlay(photo, report), draw_heatmap(photo, report)):
        assert 280 <= picture.width <= 2400
        assert 800 <= max(picture.size) <= 3000


def test_pictures_of_another_system_name_it_below(make_report):
    photo = np.full((400, 800, 3), 128, np.uint8)
    report = make_report([np.ones((400, 800), bool)])
    named = replace(report, model=ModelInfo("qfm-iqm (reconstruction)", "1", True, 0.1))
    longer = replace(named, model=replace(named.model, name=named.model.name * 6))
    for draw in (draw_overlay, draw_heatmap):
        heights = [draw(photo, one).height for one in (report, named, longer)]
        assert heights[0] < heights[1] < heights[2]


def test_a_region_of_one_pixel_is_still_drawn(make_report):
    photo = np.full((2400, 4800, 3), 128, np.uint8)
    bare = np.asarray(draw_overlay(photo, make_report([box((2400, 4800), 0, 0, 1, 1)])))
    assert (bare[:60, :60] != 128).any()


def test_outline_and_tint_have_the_colour_of_the_score(make_report):
    photo = np.full((800, 800, 3), 128, np.uint8)
    picture = np.asarray(
        draw_overlay(photo, make_report([box((800, 800), 200, 200, 600, 600)], [0]))
    )
    assert (picture[200:600, 200:202] == colour(0.0)).all(axis=-1).any()
    assert picture[500, 500, 0] > picture[500, 500, 2]
    assert (picture[700, 700] == 128).all()


def test_the_heat_map_shows_the_smallest_region_on_a_pixel(make_report):
    size = (800, 800)
    masks = [box(size, 0, 0, 400, 800), box(size, 200, 0, 400, 800), box(size, 0, 0, 600, 800)]
    report = make_report(masks, [0, 3, 4])
    scores, covered = quality_map(make_canvas(np.zeros((*size, 3), np.uint8)), report)
    assert [scores[9, x] for x in (100, 300, 500)] == pytest.approx([0.0, 0.75, 1.0])
    assert [bool(covered[9, x]) for x in (100, 500, 700)] == [True, True, False]


def test_a_region_asked_for_lies_over_those_found_and_the_photo_below_all(make_report):
    size = (800, 800)
    masks = [box(size, 0, 0, 600, 800), box(size, 0, 0, 200, 800), np.ones(size, bool)]
    report = make_report(masks, [0, 4, 2])
    sources = ("box", "everything", "whole")
    regions = tuple(
        replace(one, region=replace(one.region, source=source))
        for one, source in zip(report.regions, sources, strict=True)
    )
    canvas = make_canvas(np.zeros((*size, 3), np.uint8))
    scores, _ = quality_map(canvas, replace(report, regions=regions))
    assert [scores[9, x] for x in (100, 300, 700)] == pytest.approx([0.0, 0.0, 0.5])
    scores, _ = quality_map(canvas, replace(report, regions=regions[1:]))
    assert [scores[9, x] for x in (100, 700)] == pytest.approx([1.0, 0.5])


def test_a_heat_map_needs_quality(make_report):
    report = make_report([np.ones((9, 9), bool)])
    region = RegionAssessment(report.regions[0].region)
    bare = type(report)(report.image, report.model, None, (region,))
    with pytest.raises(ValueError, match="quality"):
        draw_heatmap(np.zeros((9, 9, 3), np.uint8), bare)
    assert max(draw_overlay(np.zeros((9, 9, 3), np.uint8), bare).size) >= 800


def test_the_photo_must_be_the_reports(make_report):
    report = make_report([np.ones((9, 9), bool)])
    with pytest.raises(ValueError, match="9x9"):
        draw_overlay(np.zeros((9, 8, 3), np.uint8), report)


def test_the_ramp_goes_through_its_colours_in_order():
    red_minus_blue = [int(tone[0]) - int(tone[2]) for tone in ramp(np.linspace(0, 1, 9))]
    assert red_minus_blue[0] > 0 > red_minus_blue[-1]
    assert all(one != other for one, other in pairwise(red_minus_blue))
    assert ink(DARK) == LIGHT
