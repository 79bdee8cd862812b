"""Another version of the photo: slider, map of change, table; by mouse and by keys."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from seagull.comparison.picture import change_colour
from seagull.server.routes.page import page_files
from tests.seagull.server.conftest import other_photo, png
from tests.seagull.server.page.test_access import faults
from tests.seagull.server.page.test_photo import hand_over

FACTOR = 0.3
"""How much darker the version after is, inside of the box."""
BOX = (40, 50, 240, 190)


@pytest.fixture(scope="module")
def darker() -> bytes:
    """The example, darker in the box."""
    with Image.open(page_files()["examples/coffee.jpg"]) as opened:
        pixels = np.array(opened.convert("RGB"))
    x1, y1, x2, y2 = BOX
    pixels[y1:y2, x1:x2] = pixels[y1:y2, x1:x2] * FACTOR
    return png(Image.fromarray(pixels))


@pytest.fixture
def compared(at_work, darker):
    """Two boxes, one of them in the darker part, are compared with the darker version."""
    at_work.drag(*BOX)
    at_work.page.mouse.move(5, 5)
    at_work.drag(300, 220, 480, 380)
    at_work.rest()
    at_work.page.click("#tab-versus")
    at_work.page.set_input_files(
        "#versus-file", {"name": "darker.png", "mimeType": "image/png", "buffer": darker}
    )
    settled(at_work)
    return at_work


def settled(person):
    person.page.locator("#versus-result").wait_for()
    person.page.locator("#versus-state:empty").wait_for(state="attached")
    person.frame()
    person.frame()


def pixel(person, x, y):
    """The colour that is shown at a pixel of the example."""
    picture = Image.open(io.BytesIO(person.page.screenshot())).convert("RGB")
    return np.array(picture.getpixel(tuple(map(round, person.place(x, y)))), float)


def slide(person, value):
    person.page.locator("#split").fill(str(value))
    person.frame()
    person.frame()


def test_the_same_regions_are_compared_by_the_server(compared, server, darker):
    headline = compared.page.locator("#versus-headline").text_content()
    ids = [
        re.search(r"/v1/images/(img_\w+)/regions", request.url) for request in compared.requested
    ]
    before = next(found[1] for found in ids if found)
    after = "data:image/png;base64," + base64.b64encode(darker).decode()
    boxes = [{"id": "1", "box": list(BOX)}, {"id": "2", "box": [300, 220, 480, 380]}]
    there = server.ask("/v1/compare", {"before": before, "after": after, "regions": boxes}).json
    assert headline == there["headline"]
    assert compared.said() == headline
    rows = {
        name: compared.page.locator(f"tr[data-change='{name}']").inner_text() for name in ("1", "2")
    }
    changed, untouched = there["regions"]
    assert changed["change"]["verdict"] in rows["1"]
    assert f"± {changed['change']['std']:.2f}" in rows["1"]
    assert (untouched["identical"], "no pixel differs" in rows["2"]) == (True, True)
    assert "Before: coffee.jpg. After: darker.png." in compared.page.inner_text("#versus-names")
    compared.page.focus("#changes th >> text=Change")
    assert "Quality after less quality before" in compared.page.inner_text("#tip")


def test_the_slider_parts_before_from_after_and_the_map_shows_the_change(compared):
    at = (100, 120)  # in the darker box, away from its outline
    slide(compared, 100)
    before = pixel(compared, *at)
    slide(compared, 0)
    assert pixel(compared, *at) == pytest.approx(FACTOR * before, abs=6)
    compared.page.click("#versus-map")
    compared.page.mouse.move(5, 5)
    compared.frame()
    compared.frame()
    assert compared.page.locator("#versus-map").get_attribute("aria-pressed") == "true"
    red, green, blue = pixel(compared, 390, 300)  # no pixel differs there: grey
    assert max(red, green, blue) - min(red, green, blue) < 8
    # Another tab shows the photo by itself.
    compared.page.click("#tab-regions")
    compared.page.locator("#split").wait_for(state="hidden")
    assert compared.page.locator("[data-layer=photo]").is_visible()


def test_further_regions_are_compared_as_well_and_nothing_is_left_of_what_is_removed(compared):
    compared.drag(500, 30, 580, 100)
    compared.page.locator("tr[data-change='3']").wait_for()
    settled(compared)
    assert compared.page.locator("#changes tbody tr").count() == 3
    compared.page.locator("tr[data-change='2'] button").click()
    assert compared.page.locator("tr[data-name='2'].chosen").count() == 1
    compared.page.click("#versus-close")
    assert compared.page.locator("#versus-result").is_hidden()
    assert compared.page.locator("#split").is_hidden()
    assert compared.page.evaluate("document.activeElement.id") == "versus-file"


def test_a_version_is_dropped_slid_and_heard_without_a_mouse(at_work, darker):
    page = at_work.page
    page.focus("#tab-regions")
    page.keyboard.press("ArrowLeft")
    hand_over(at_work, "drop", "darker.png", content=darker)
    settled(at_work)
    assert "photo" in page.locator("#changes tbody").inner_text()
    page.focus("#split")
    page.keyboard.press("ArrowRight")
    assert page.locator("#split").get_attribute("aria-valuetext") == "51 % before"
    page.focus("#versus-map")
    page.keyboard.press("Enter")
    assert page.locator("#split").is_hidden()
    page.wait_for_timeout(200)  # colours change over 150 ms
    assert faults(page) == []


def test_changes_have_the_colours_of_the_command_line_s_pictures(person):
    steps = [number / 20 for number in range(-12, 13)]
    drawn = person.page.evaluate(
        """async (steps) => {
          const { changeColour } = await import("./page/scripts/palette.js");
          return steps.map(changeColour);
        }""",
        steps,
    )
    for own, change in zip(drawn, steps, strict=True):
        assert own == pytest.approx(change_colour(change), abs=1)


def test_another_section_is_refused_in_the_servers_words(at_work):
    page = at_work.page
    page.click("#tab-versus")
    hand_over(at_work, "paste", "other.png", content=other_photo(61, (150, 150)))
    page.locator("#said", has_text="the photos show different sections").wait_for()
    assert page.locator("#versus-result").is_hidden()
    assert at_work.names() == ["photo"]
