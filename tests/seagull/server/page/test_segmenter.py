"""Who finds the regions is said, and somebody better can be had."""

from __future__ import annotations

SMALL = {
    "name": "sam-vit-b", "about": "Segment Anything, ViT-B (Meta, Apache-2.0)",
    "bytes": 375_042_383, "received": 0, "message": None,
}  # fmt: skip
ABSENT = ("grabcut+felzenszwalb", {"state": "absent"})
RUNNING = ("grabcut+felzenszwalb", {"state": "running", "received": 100_000_000})
READY = ("sam-vit-b", {"state": "ready", "received": 375_042_383})


def answer(route, name, **changes):
    route.fulfill(
        json={
            "name": name,
            "has_weights": name.startswith("sam"),
            "can_download": True,
            "downloads": [SMALL | changes],
        }
    )


def test_the_segmenter_is_named_and_better_ones_with_size_and_licence(at_work):
    page = at_work.page
    assert page.locator("#segmenter").inner_text() == "GrabCut and colour merging (no weights)"
    page.click("#segmenter-button")
    said = page.locator("#segmenter-dialog").inner_text()
    for part in ("ViT-B (Meta, Apache-2.0), 375 MB", "seagull download sam-vit-b", "SAM 2.1 tiny"):
        assert part in said


def test_a_better_one_is_fetched_with_progress_and_searches_again(at_work):
    page = at_work.page
    now = [ABSENT]

    def start(route):
        now[0] = RUNNING
        route.fulfill(status=202, json={})

    def told(route):
        name, changes = now[0]
        answer(route, name, **changes)

    page.route("**/v1/segmenters/sam-vit-b", start)
    page.route("**/v1/segmenters", told)
    with page.expect_response("**/v1/segmenters"):
        page.click("#segmenter-button")
    page.get_by_role("button", name="Download: sam-vit-b").click()
    bar = page.get_by_role("progressbar", name="Download of sam-vit-b")
    assert int(bar.get_attribute("value")) == 100_000_000
    with page.expect_request("**/regions?*"):
        now[0] = READY
        page.locator("#downloads", has_text="downloaded").wait_for()
    assert page.locator("#segmenter").inner_text() == "sam-vit-b"
    assert page.locator("#segmenter-button").is_hidden()
    at_work.rest()


def test_where_the_server_fetches_nothing_the_command_is_named(at_work):
    page = at_work.page
    told = {"name": "x", "has_weights": False, "downloads": [SMALL | {"state": "absent"}]}
    page.route("**/v1/segmenters", lambda route: route.fulfill(json=told | {"can_download": False}))
    page.click("#segmenter-button")
    # The row of the first answer, which has a button, stands until the second has come.
    page.get_by_role("button", name="Download: sam-vit-b").wait_for(state="detached")
    page.locator("#downloads code", has_text="seagull download sam-vit-b").wait_for()
