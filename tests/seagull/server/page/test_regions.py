"""Regions: pointed at, taken, drawn, subtracted from, sorted, compared."""

from __future__ import annotations

import math
import re

import numpy as np

from seagull.regions.rle import Rle, decode

BOX = (40, 50, 240, 190)


def mask(entry):
    return decode(Rle.from_dict(entry["mask"]), (400, 600))


def regions(report):
    return {entry["id"]: entry for entry in report["regions"]}


def test_the_pointer_shows_the_region_and_its_quality(at_work):
    at_work.page.mouse.move(*at_work.place(300, 200))
    text = at_work.page.locator("#hover").inner_text()
    assert re.search(r"(bad|poor|fair|good|excellent)\s+\d\.\d\d ± \d\.\d\d", text)
    at_work.page.mouse.move(5, 5)
    assert at_work.page.locator("#hover").is_hidden()


def test_a_click_takes_the_region_under_the_pointer(at_work, server, tmp_path):
    at_work.click(300, 200)
    assert at_work.names() == ["1", "photo"]
    report = at_work.report(tmp_path)
    taken = regions(report)["1"]
    assert mask(taken)[200, 300]
    # The page's numbers are the server's for this very mask.
    image = re.search(r"/v1/images/(img_\w+)/regions", "\n".join(r.url for r in at_work.requested))
    body = {"image": image[1], "regions": [{"id": "1", "rle": taken["mask"]}]}
    (again,) = server.ask("/v1/assess", body).json["regions"]
    assert again["quality"] == taken["quality"]
    assert f"{again['quality']['score']:.2f} ± {again['quality']['std']:.2f}" in at_work.row("1")


def test_a_click_on_a_taken_region_selects_it(at_work):
    at_work.click(300, 200)
    at_work.page.mouse.move(5, 5)
    at_work.select("photo")
    at_work.click(300, 200)
    assert at_work.names() == ["1", "photo"]
    assert at_work.page.locator("#card h2").inner_text() == "Region 1"


def test_a_drag_draws_a_box(at_work, tmp_path):
    at_work.drag(*BOX)
    at_work.rest()
    entry = regions(at_work.report(tmp_path))["1"]
    assert np.allclose(entry["box"], BOX, atol=1)
    assert entry["source"] == "box"


def test_shift_or_right_click_subtracts_and_undo_brings_it_back(at_work, tmp_path):
    at_work.drag(20, 20, 580, 380)
    at_work.rest()
    before = at_work.row("1")
    for key, button in (("Shift", "left"), (None, "right")):
        at_work.click(300, 130, key, button)
        at_work.page.locator("#said", has_text="Subtracted from region 1.").wait_for()
        at_work.rest()
        left = mask(regions(at_work.report(tmp_path))["1"])
        assert not left[130, 300]
        assert 0 < left.sum() < 560 * 360
        at_work.page.keyboard.press("Control+z")
        at_work.page.locator("tr[data-name='1'] .size", has_text="84 %").wait_for()
        assert at_work.row("1") == before
        at_work.page.keyboard.press("Escape")  # puts what was said away, if it is still there


def test_what_is_subtracted_from_a_clicked_region_is_taken_from_it_alone(at_work, tmp_path):
    page = at_work.page
    at_work.click(300, 100)
    at_work.rest()
    old = mask(regions(at_work.report(tmp_path))["1"])
    at_work.click(240, 120, "Shift")
    page.locator("#said", has_text="Subtracted from region 1.").wait_for()
    at_work.rest()
    left = mask(regions(at_work.report(tmp_path))["1"])
    assert old[120, 240]
    assert not left[120, 240]
    assert not (left & ~old).any()
    assert 0.1 * old.sum() < left.sum() < old.sum()
    at_work.click(500, 300, "Alt")
    page.locator("#said", has_text="Added to region 1.").wait_for()
    at_work.rest()
    more = mask(regions(at_work.report(tmp_path))["1"])
    assert more[300, 500]
    assert more[left].all()


def test_where_nothing_would_be_left_nothing_is_subtracted(at_work, tmp_path):
    page = at_work.page
    at_work.drag(20, 20, 60, 60)
    at_work.rest()
    old = mask(regions(at_work.report(tmp_path))["1"])
    at_work.click(40, 40, "Shift")
    page.locator("#said", has_text="nearly all of region 1. Nothing was changed").wait_for()
    assert (mask(regions(at_work.report(tmp_path))["1"]) == old).all()


def test_alt_click_adds_to_the_region(at_work, tmp_path):
    at_work.drag(20, 20, 60, 60)
    at_work.rest()
    at_work.click(400, 300, "Alt")
    at_work.page.locator("#said", has_text="Added to region 1.").wait_for()
    at_work.rest()
    added = mask(regions(at_work.report(tmp_path))["1"])
    assert added[300, 400]
    assert added[20:60, 20:60].all()


def test_the_object_in_a_box_is_found(at_work):
    at_work.drag(190, 30, 430, 250)
    at_work.page.get_by_role("button", name="Find the object in it").click()
    at_work.page.locator("#said", has_text="object in its box").wait_for()
    at_work.rest()
    assert at_work.page.get_by_role("button", name="Find the object in it").count() == 0


def test_every_step_can_be_undone_and_done_again(at_work):
    page = at_work.page
    at_work.click(300, 200)
    at_work.drag(*BOX)
    assert at_work.names() == ["1", "2", "photo"]
    page.locator("tr[data-name='2'] button.name").dblclick()
    page.keyboard.type("corner")
    page.keyboard.press("Enter")
    assert at_work.names() == ["1", "corner", "photo"]
    at_work.select("1")
    page.get_by_role("button", name="Delete").click()
    assert at_work.names() == ["corner", "photo"]
    seen = []
    for _ in range(4):
        page.click("#undo")
        seen.append(at_work.names())
    assert seen == [["1", "corner", "photo"], ["1", "2", "photo"], ["1", "photo"], ["photo"]]
    assert page.locator("#undo").is_disabled()
    for _ in range(4):
        page.keyboard.press("Control+Shift+Z")
    page.locator("#redo:disabled").wait_for()
    assert at_work.names() == ["corner", "photo"]


def test_names_that_chat_could_not_use_are_refused(at_work):
    at_work.click(300, 200)
    for name, why in (("two words", "no spaces"), ("photo", "already")):
        at_work.page.locator("tr[data-name='1'] button.name").dblclick()
        at_work.page.keyboard.type(name)
        at_work.page.keyboard.press("Enter")
        assert why in at_work.said()
        assert at_work.names() == ["1", "photo"]


def test_the_table_sorts_by_each_column(at_work, tmp_path):
    page = at_work.page
    page.click("#take-all")
    at_work.rest()
    assert page.locator("#regions tbody tr").count() > 5
    found = regions(at_work.report(tmp_path))
    found["photo"]["importance"] = {"score": math.inf}  # it has none, and comes last
    for column in ("quality", "importance"):
        page.click(f"#sort-{column}")
        header = page.locator(f"th[data-column={column}]")
        for _ in range(2):
            direction = header.get_attribute("aria-sort")
            scores = [found[name][column]["score"] for name in at_work.names()]
            known = [score for score in scores if score != math.inf]
            assert known == sorted(known, reverse=direction == "descending")
            assert math.inf not in scores[:-1]
            page.click(f"#sort-{column}")
    page.click("#sort-area")
    assert at_work.names()[0] == "photo"


def test_two_regions_are_compared_by_their_spreads(at_work, tmp_path):
    at_work.drag(*BOX)
    at_work.click(400, 300)
    at_work.rest()
    found = regions(at_work.report(tmp_path))
    at_work.select("1")
    at_work.click(400, 300, "Control")
    assert at_work.page.locator("tr.chosen").count() == 2
    for pair in (("1", "2"), ("1", "photo"), ("2", "photo")):
        at_work.select(*pair)
        verdict = at_work.page.locator("#verdict").inner_text()
        first, second = (found[name]["quality"] for name in pair)
        difference = abs(first["score"] - second["score"])
        # The numbers beside each other are rounded, and so is what parts them.
        shown = abs(float(f"{first['score']:.2f}") - float(f"{second['score']:.2f}"))
        spread = math.hypot(first["std"], second["std"])
        assert f"by {shown:.2f}." in verdict
        assert f"together ({spread:.2f})" in verdict
        assert ("That is more than" in verdict) == (difference > spread)
        assert verdict.startswith(pair[0] if first["score"] >= second["score"] else pair[1])


def test_numbers_explain_themselves(at_work):
    at_work.page.hover("#card dt >> text=Distortions")
    assert "What is wrong with the region" in at_work.page.locator("#tip").inner_text()
    at_work.page.focus("#sort-quality")
    assert "from 0 to 1" in at_work.page.locator("#tip").inner_text()


def test_a_difference_is_that_of_the_numbers_shown(person):
    said = person.page.evaluate(
        """async () => (await import("./page/scripts/card.js")).verdict(
          { region: { name: "a" }, score: { score: 0.546, std: 0.1 } },
          { region: { name: "b" }, score: { score: 0.244, std: 0.1 } })"""
    )
    assert "by 0.31." in said  # 0.55 and 0.24 are shown


def test_a_tooltip_goes_once_its_header_has_sorted(at_work):
    page, tip = at_work.page, at_work.page.locator("#tip")
    page.hover("#sort-quality")
    tip.wait_for()
    page.click("#sort-quality")
    assert tip.is_hidden()


def test_the_tooltip_of_the_colours_says_what_they_were_set_to(person):
    page, tip = person.page, person.page.locator("#tip")
    page.hover("#theme-button")
    assert tip.inner_text() == "Colours: as the system"
    page.click("#theme-button")
    assert tip.inner_text() == "Colours: light"


def test_zoom_and_move_keep_regions_where_they_are(at_work, tmp_path):
    page = at_work.page
    page.mouse.move(*at_work.place(300, 200))
    page.mouse.wheel(0, -600)
    page.get_by_role("radio", name="Move").click()
    at_work.drag(300, 200, 260, 180)
    page.get_by_role("radio", name="Take").click()
    page.mouse.move(*at_work.place(260, 180))
    page.mouse.down()
    page.mouse.up()
    at_work.rest()
    # The pixel that was under the pointer when it zoomed was moved along.
    assert mask(regions(at_work.report(tmp_path))["1"])[200, 300]
