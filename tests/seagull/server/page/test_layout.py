"""Everything has room at each width: one row of tools, a table that is not cut off."""

from __future__ import annotations

WIDTHS = {360: 740, 768: 1024, 1024: 768, 1280: 800, 1920: 1080}
LONG = "over-exposed"


def test_tools_and_table_fit_at_every_width(at_work):
    page = at_work.page
    at_work.drag(40, 50, 240, 190)
    at_work.rest()
    page.locator("tr[data-name='1'] button.name").dblclick()
    page.keyboard.type(LONG)
    page.keyboard.press("Enter")
    page.click("#take-all")
    at_work.rest()
    at_work.select(LONG, "photo")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        at_work.frame()
        found = page.evaluate(
            """() => {
              const { clientHeight: tools } = document.querySelector(".tools");
              const { scrollWidth, clientWidth } = document.querySelector("#regions-panel .scroll");
              const { scrollWidth: whole } = document.documentElement;
              return { tools, table: scrollWidth - clientWidth, whole };
            }"""
        )
        assert found["whole"] == width
        assert found["table"] == 0, width
        assert found["tools"] < 60 or width == 360, width
