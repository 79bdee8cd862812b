"""The page without a mouse."""

from __future__ import annotations

import pytest


def tab_to(page, selector, most=60):
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"no way to {selector} by the Tab key")


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


@pytest.fixture
def at_stage(person):
    """An example was chosen and the photo has the focus, by keys alone."""
    page = person.page
    tab_to(page, "[data-example='coffee.jpg']")
    press(page, "Enter")
    page.locator("#take-all").wait_for()
    person.rest()
    # The focus is where the work goes on.
    assert page.evaluate("document.activeElement.id") == "stage"
    return person


def test_regions_are_visited_taken_subtracted_from_and_renamed(at_stage):
    page = at_stage.page
    press(page, "n")
    page.locator("#said", has_text="Found region 1 of").wait_for()
    press(page, "n", "Enter")
    assert at_stage.names() == ["1", "photo"]
    press(page, "r")
    page.keyboard.type("thing")
    press(page, "Enter")
    assert at_stage.names() == ["photo", "thing"]
    # The focus is on the region's name, from where arrows go through the table.
    press(page, "ArrowUp")
    assert page.evaluate("document.activeElement.textContent") == "photo"
    press(page, "ArrowDown", "Delete")
    assert at_stage.names() == ["photo"]
    press(page, "Control+z")
    assert at_stage.names() == ["photo", "thing"]


def test_a_box_is_drawn_and_the_photo_zoomed(at_stage, tmp_path):
    page = at_stage.page
    press(
        page, "ArrowLeft", "b", "Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"
    )
    assert at_stage.names() == ["1", "photo"]
    at_stage.rest()
    (box,) = [one["box"] for one in at_stage.report(tmp_path)["regions"] if one["id"] == "1"]
    assert box[2] - box[0] == pytest.approx(2 * (box[3] - box[1]), abs=2)
    page.focus("#stage")
    press(page, "h")
    assert page.locator("[data-layer=heatmap]").get_attribute("aria-checked") == "true"
    press(page, "h", "+", "+", "0", "Delete")
    assert at_stage.names() == ["photo"]


def test_s_subtracts_and_a_adds_at_the_crosshair(at_stage):
    page = at_stage.page
    press(page, "ArrowUp", "b", "Shift+ArrowRight", "Shift+ArrowDown", "Enter", "ArrowLeft")
    press(page, "a")
    page.locator("#said", has_text="Added to region 1.").wait_for()
    press(page, "s")
    page.locator("#said", has_text="region").wait_for()
    assert at_stage.names() == ["1", "photo"]


def test_the_crosshair_stays_where_a_box_ended(at_stage):
    page = at_stage.page
    press(page, *["Shift+ArrowLeft"] * 3, "b", "Shift+ArrowRight", "Shift+ArrowDown")
    with page.expect_request("**/v1/assess") as assessed:
        press(page, "Enter")
    (region,) = assessed.value.post_data_json["regions"]
    at_stage.rest()
    with page.expect_request("**/v1/segment") as asked:
        press(page, "s")
    ((x, y, _),) = asked.value.post_data_json["points"]
    assert (x, y) == pytest.approx(region["box"][2:], abs=1)


def test_tabs_tools_and_dialogs_are_used_by_keys(at_stage):
    page = at_stage.page
    page.focus("#tab-regions")
    press(page, "ArrowRight")
    assert page.locator("#chat-panel").is_visible()
    press(page, "ArrowRight")
    assert page.locator("#takeaway-panel").is_visible()
    page.focus("[data-tool=take]")
    press(page, "ArrowRight", "ArrowRight")
    assert page.locator("[data-tool=subtract]").get_attribute("aria-checked") == "true"
    press(page, "?")
    assert page.locator("#help-dialog").is_visible()
    press(page, "Escape")
    page.focus("#help-button")
    press(page, "Enter")
    assert page.locator("#help-dialog").is_visible()
    press(page, "Escape")
    assert page.locator("#help-dialog").is_hidden()
    assert page.evaluate("document.activeElement.id") == "help-button"
