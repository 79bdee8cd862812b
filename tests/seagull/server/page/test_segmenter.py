"""Who finds the regions is said, and somebody better can be had."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from seagull.files.download import DOWNLOADS, Download, WebFile
from seagull.server.settings import ServerSettings
from tests.seagull.regions.test_sam_hf import tiny_sam2_video
from tests.seagull.server.conftest import running

ABSENT = {
    "name": "sam-vit-b", "about": "Segment Anything, ViT-B (Meta, Apache-2.0)", "state": "absent",
    "bytes": 375_042_383, "received": 0, "message": None,
}  # fmt: skip


@pytest.fixture
def offered(monkeypatch, tmp_path):
    """A tiny SAM 2 with random weights, to be fetched from this machine; its second file waits."""
    source = tmp_path / "source"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tiny_sam2_video().save_pretrained(source)
    proceed = threading.Event()

    class Slow(SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path.endswith(".safetensors"):
                proceed.wait(120)
            super().do_GET()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Slow, directory=source)) as web:
        threading.Thread(target=web.serve_forever, args=(0.01,), daemon=True).start()
        files = tuple(
            WebFile(
                f"http://127.0.0.1:{web.server_address[1]}/{name}",
                (source / name).stat().st_size,
                hashlib.sha256((source / name).read_bytes()).hexdigest(),
            )
            for name in ("config.json", "model.safetensors")
        )
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        for known in list(DOWNLOADS):
            monkeypatch.delitem(DOWNLOADS, known)
        monkeypatch.setitem(DOWNLOADS, "sam2-tiny", Download("sam2-tiny", files, "A", "sam2-tiny"))
        yield proceed
        web.shutdown()


def test_the_segmenter_is_named_and_better_ones_with_size_and_licence(at_work):
    page = at_work.page
    assert page.locator("#segmenter").inner_text() == "GrabCut and colour merging (no weights)"
    page.click("#segmenter-button")
    said = page.locator("#segmenter-dialog").inner_text()
    for one in (
        "Segment Anything 2.1, tiny (Meta, Apache-2.0), 156 MB",
        "Segment Anything, ViT-B (Meta, Apache-2.0), 375 MB",
    ):
        assert one in said
    for name in ("sam2.1-tiny", "sam-vit-b"):
        assert f"seagull download {name}" in said
        assert page.get_by_role("button", name=f"Download: {name}").is_visible()


def test_a_better_one_is_fetched_with_progress_and_used_at_once(
    come_to, make_assessor, offered, tmp_path
):
    with running(make_assessor(), ServerSettings(port=0)) as server:
        person = come_to(server)
        person.open_example()
        page = person.page
        page.click("#segmenter-button")
        page.get_by_role("button", name="Download: sam2-tiny").click()
        page.get_by_role("progressbar", name="Download of sam2-tiny").wait_for()
        assert page.locator("#segmenter").inner_text().startswith("GrabCut")
        with page.expect_request("**/regions?*"):
            offered.set()
            page.locator("#downloads", has_text="downloaded").wait_for()
        assert page.locator("#segmenter").inner_text() == "sam2-tiny"
        assert page.locator("#segmenter-button").is_hidden()
        page.keyboard.press("Escape")
        person.rest()
        person.click(300, 200)
        person.rest()
        (taken,) = [one for one in person.report(tmp_path)["regions"] if one["id"] == "1"]
        assert taken["segmenter"] == "sam2-tiny"


def test_where_the_server_fetches_nothing_the_command_is_named(at_work):
    page = at_work.page
    told = {"name": "x", "has_weights": False, "downloads": [ABSENT]}
    page.route("**/v1/segmenters", lambda route: route.fulfill(json=told | {"can_download": False}))
    page.click("#segmenter-button")
    # The row of the first answer, which has a button, stands until the second has come.
    page.get_by_role("button", name="Download: sam-vit-b").wait_for(state="detached")
    page.locator("#downloads code", has_text="seagull download sam-vit-b").wait_for()


def test_a_download_that_failed_is_told_to_the_person_and_the_command_named(at_work):
    page = at_work.page
    why = "could not fetch x: [Errno 111] Connection refused; run the command again"
    failed = ABSENT | {"state": "failed", "message": why}
    told = {"name": "x", "has_weights": False, "downloads": [failed], "can_download": True}
    page.route("**/v1/segmenters", lambda route: route.fulfill(json=told))
    page.click("#segmenter-button")
    page.get_by_role("button", name="Try again: sam-vit-b").wait_for()
    said = page.locator("#downloads").inner_text()
    assert "The server could not fetch it" in said
    assert "seagull download sam-vit-b" in said
    assert "run the command again" not in said
    page.get_by_text("What the server noted").click()
    assert why in page.locator("#downloads").inner_text()
