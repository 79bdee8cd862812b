"""The page for people who hear it, zoom it or see colours differently: axe-core finds no fault."""

from __future__ import annotations

import pytest

axe = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python"
)
GRAVE = ("serious", "critical")


def faults(page):
    """What axe-core calls serious or critical, with the first place of each."""
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:300]}"
        for one in found
        if one["impact"] in GRAVE
    ]


def test_axe_finds_nothing_serious_in_the_dark(come_to, server):
    person = come_to(server, color_scheme="dark")
    person.open_example()
    person.click(300, 200)
    person.select("1", "photo")
    person.rest()
    person.page.wait_for_timeout(200)  # colours change over 150 ms
    assert faults(person.page) == []


def test_axe_finds_nothing_serious(person):
    page = person.page
    assert faults(page) == []
    person.open_example()
    person.select("photo")
    page.wait_for_timeout(200)
    assert faults(page) == []
    page.click("#tab-chat")
    page.fill("#question", "How is it?")
    page.press("#question", "Enter")
    page.locator(".turn[data-state=done]").wait_for()
    page.locator("#question").press_sequentially("@")
    page.wait_for_timeout(200)
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.click("#tab-takeaway")
    page.wait_for_timeout(200)
    assert faults(page) == []
    for button in ("#help-button", "#key-button", "#segmenter-button"):
        page.click(button)
        page.locator("dialog[open]").wait_for()
        page.wait_for_timeout(200)
        assert faults(page) == []
        page.keyboard.press("Escape")


def test_there_is_one_heading_of_the_page_before_and_at_work(person):
    headings = person.page.get_by_role("heading", level=1)
    assert headings.all_inner_texts() == ["How good is which part of your photo?"]
    person.open_example()
    assert headings.all_inner_texts() == ["coffee.jpg"]
    person.page.set_viewport_size({"width": 360, "height": 740})
    assert headings.all_inner_texts() == ["coffee.jpg"]


def test_what_is_done_is_said(at_work):
    assert at_work.page.locator("#said[role=status][aria-live=polite]").count() == 1
    at_work.click(300, 200)
    assert at_work.said() == "Region 1 added."
