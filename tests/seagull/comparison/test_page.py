"""Pages and pictures: no other host, names that are text, red for worse and blue for better."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from seagull.comparison.gates import Gates, check_gates
from seagull.comparison.page import folder_page, page_pictures, pair_page
from seagull.comparison.picture import (
    change_colour,
    crops,
    draw_change_map,
    draw_side_by_side,
)
from seagull.comparison.results import pair_result
from seagull.comparison.summary import summarise
from tests.seagull.comparison.conftest import SIZE

EVIL = "<img src=//evil.example/x onerror=1>.png"


@pytest.fixture
def made(compared):
    return compared(
        [(0.8, 0.5, {}), (0.5, 0.7, {}), (0.5, 0.5, {})],
        [(0.3, 0.4, {"blur": ("severe", 0.9)}), (0.9, 0.7, {}), (0.5, 0.5, {})],
        names=("before/" + EVIL, "after/" + EVIL),
    )


@pytest.fixture
def photos():
    pixels = np.full((*SIZE, 3), 128, np.uint8)
    return pixels, pixels.copy()


class Addresses(HTMLParser):
    """Collects whatever a browser would fetch or open."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        names = ("src", "href", "srcset", "action", "data", "poster", "background")
        self.found += [value for name, value in attrs if name in names and value]
        self.found += [value for name, value in attrs if name == "style" and "url(" in value]


def pages(made, photos):
    pictures = page_pictures(photos, made)
    results = [pair_result(made)]
    summary = summarise(results)
    gates = check_gates(Gates(mean_below=0.5), results)
    yield pair_page(made, pictures)
    yield folder_page(results, summary, [(made, pictures)], gates, [EVIL + ": broken"])


def test_a_page_asks_no_other_host_and_forbids_it(made, photos):
    for page in pages(made, photos):
        found = Addresses(page)
        assert found.found
        assert all(one.startswith("data:image/jpeg;base64,") for one in found.found)
        assert found.scripts == 1
        assert "default-src 'none'" in page
        assert not re.search(r"(https?:)?//[a-z]", re.sub(r"data:[^\"]*", "", page)
                             .replace("//evil.example", ""))  # fmt: skip
        assert "<img src=//evil" not in page


def test_a_page_has_a_slider_with_both_photos_and_the_map(made, photos):
    page = next(iter(pages(made, photos)))
    assert page.count("<div class='slider'") == 1
    assert [f'alt="{word}"' in page for word in ("before", "after", "map of change")] == [True] * 3
    assert "much worse -0.50" in page
    assert "now severe blur" in page


def test_worse_regions_are_red_better_ones_blue_and_the_same_grey(made, photos):
    picture = np.asarray(draw_change_map(photos[1], made)).astype(int)
    height, width = picture.shape[:2]
    worse, better, same = (
        picture[height // 4, width * place // 6] for place in (1, 3, 5)
    )  # away from labels
    assert worse[0] > worse[2] + 40
    assert better[2] > better[0] + 40
    assert abs(same - same.mean()).max() < 3


def test_colours_of_opposite_changes_are_equally_strong():
    assert change_colour(0.0) == change_colour(-0.0)
    assert change_colour(-1.0)[0] > change_colour(-0.1)[0]
    assert change_colour(1.0)[2] > change_colour(0.1)[2]


def test_side_by_side_shows_three_panels(made, photos):
    picture = draw_side_by_side(photos, made)
    one = draw_change_map(photos[1], made)
    assert picture.width > 3 * one.width
    assert picture.height > one.height


def test_crops_show_the_photos_own_pixels_and_where_the_region_is(made, photos):
    first, second = photos
    second[5, 7] = 3
    before, after = (np.asarray(cut) for cut in crops(photos, made.regions[0].region))
    step = after.shape[0] // SIZE[0]
    assert (after[5 * step : 6 * step, 7 * step : 8 * step] == 3).all()
    assert before.shape == after.shape
    assert (before[:, 19 * step] > 200).all()  # the region's right edge
    assert (first == 128).all()
