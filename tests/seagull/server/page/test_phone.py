"""The page on a phone of 360 pixels, by touch."""

from __future__ import annotations

import pytest


@pytest.fixture
def phone(come_to, server):
    person = come_to(
        server,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    assert person.page.evaluate("document.documentElement.scrollWidth") == 360
    person.page.tap("[data-example='coffee.jpg']")
    person.page.locator("#take-all").wait_for()
    person.rest()
    person.session = person.page.context.new_cdp_session(person.page)
    return person


def touch(person, kind, *points):
    """What fingers do, as the browser gets it."""
    places = [person.place(*point) for point in points]
    touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    person.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


def test_a_tap_takes_a_region_and_a_drag_draws_a_box_with_its_tool(phone, tmp_path):
    page = phone.page
    page.touchscreen.tap(*phone.place(300, 200))
    assert phone.names() == ["1", "photo"]
    page.tap("[data-tool=box]")
    touch(phone, "touchStart", (100, 100))
    touch(phone, "touchMove", (200, 180))
    touch(phone, "touchMove", (260, 220))
    touch(phone, "touchEnd")
    phone.rest()
    assert phone.names() == ["1", "2", "photo"]
    (box,) = [one["box"] for one in phone.report(tmp_path)["regions"] if one["id"] == "2"]
    assert box == pytest.approx([100, 100, 260, 220], abs=4)
    page.tap("[data-tool=subtract]")
    page.touchscreen.tap(*phone.place(180, 160))
    page.locator("#said", has_text="Subtracted").wait_for()


def test_fingers_move_and_pinch_the_photo_and_take_nothing(phone):
    def pixels():
        return phone.page.evaluate("document.querySelector('#stage canvas').toDataURL()")

    before = pixels()
    touch(phone, "touchStart", (280, 200), (320, 200))
    touch(phone, "touchMove", (240, 200), (360, 200))
    touch(phone, "touchMove", (200, 200), (400, 200))
    touch(phone, "touchEnd")
    phone.page.wait_for_timeout(100)
    zoomed = pixels()
    assert zoomed != before
    touch(phone, "touchStart", (300, 200))
    touch(phone, "touchMove", (260, 190))
    touch(phone, "touchMove", (220, 180))
    touch(phone, "touchEnd")
    phone.page.wait_for_timeout(100)
    assert pixels() not in (before, zoomed)
    assert phone.names() == ["photo"]


def test_nothing_is_wider_than_the_phone_and_buttons_are_large_enough(phone):
    page = phone.page
    page.touchscreen.tap(*phone.place(300, 200))
    phone.rest()
    for tab in ("chat", "takeaway", "regions"):
        page.tap(f"#tab-{tab}")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    small = page.eval_on_selector_all(
        "button, .button, input",
        # A label is a part of what it names.
        """all => all.filter((one) => one.offsetParent)
          .map((one) => [one.textContent || one.ariaLabel, one.closest("label") ?? one])
          .map(([name, place]) => [name, place.getBoundingClientRect()])
          .filter(([, { width, height }]) => Math.min(width, height) < 24).map(([name]) => name)""",
    )
    assert small == []  # WCAG 2.2, target size
    choice = page.locator("tr[data-name='1'] .choice label").bounding_box()
    assert min(choice["width"], choice["height"]) >= 44
    assert (
        page.evaluate(
            """() => { const { scrollWidth, clientWidth } = document.querySelector(".scroll");
          return scrollWidth - clientWidth }"""
        )
        == 0
    )
    # Beside the box is beside its region: the selection has two.
    page.locator("tr[data-name='photo'] .choice label").tap(position={"x": 3, "y": 3})
    assert page.locator("tr.chosen").count() == 2


def test_what_is_said_covers_no_number_and_speaks_to_fingers(phone):
    page = phone.page
    assert "Tap the photo to take one" in phone.said()
    page.touchscreen.tap(*phone.place(300, 200))
    page.locator("#said", has_text="Region 1 added.").wait_for()
    said = page.locator("#said").bounding_box()
    tabs = page.locator("[role=tablist]").bounding_box()
    assert said["y"] >= 0
    assert said["y"] + said["height"] <= tabs["y"]
