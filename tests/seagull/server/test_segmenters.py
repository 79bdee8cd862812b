"""Better segmenters: named, fetched on request, in use once they are whole."""

from __future__ import annotations

import hashlib
import time
from dataclasses import replace

import pytest

from seagull.files import download as downloads
from seagull.regions.classical import ClassicalSegmenter
from seagull.server.downloads import Downloads
from seagull.server.settings import ServerSettings, key_digest
from tests.seagull.server.conftest import running

CONTENT = b"weights" * 1000


class Better(ClassicalSegmenter):
    """A segmenter with another name."""

    name = "better"


@pytest.fixture
def offered(monkeypatch, tmp_path):
    """One small download, and a way to let it arrive."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    file = downloads.WebFile("https://127.0.0.1:1/small.pth", len(CONTENT), digest)
    one = downloads.Download("sam-small", (file,), "A small one")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(downloads, "DOWNLOADS", {one.name: one})
    monkeypatch.setattr("seagull.server.downloads.DOWNLOADS", {one.name: one})
    return one


@pytest.fixture
def started(make_assessor, offered):
    with running(make_assessor(), ServerSettings(port=0)) as server:
        yield server


def ends(server, state):
    """The entry of the one download, once it has this state."""
    for _ in range(200):
        (entry,) = server.ask("/v1/segmenters").json["downloads"]
        if entry["state"] == state:
            return entry
        time.sleep(0.05)
    raise AssertionError(entry)


def test_the_segmenter_and_better_ones_are_named(started):
    told = started.ask("/v1/segmenters").json
    assert told["name"] == "grabcut+felzenszwalb"
    assert told["has_weights"] is False
    (entry,) = told["downloads"]
    assert entry["name"] == "sam-small"
    assert (entry["bytes"], entry["state"]) == (len(CONTENT), "absent")


def test_a_fetched_segmenter_is_used_at_once(started, offered, monkeypatch, tmp_path):
    def arrive(name, progress):
        progress(len(CONTENT) // 2, len(CONTENT))
        offered.path.parent.mkdir()
        offered.path.write_bytes(CONTENT)
        return offered.path

    monkeypatch.setattr("seagull.server.downloads.download", arrive)
    monkeypatch.setattr("seagull.server.downloads.load_segmenter", lambda name, device: Better())
    assert started.ask("/v1/segmenters/sam-small", method="POST").status == 202
    assert ends(started, "ready")["received"] == len(CONTENT)
    told = started.ask("/v1/segmenters").json
    assert (told["name"], told["has_weights"]) == ("better", True)


def test_a_download_that_fails_says_why_and_leaves_the_segmenter(started):
    assert started.ask("/v1/segmenters/sam-small", method="POST").status == 202
    assert ends(started, "failed")["message"]
    assert started.ask("/v1/segmenters").json["name"] == "grabcut+felzenszwalb"


def test_only_what_is_offered_is_fetched(started):
    reply = started.ask("/v1/segmenters/..%2Fother", method="POST")
    assert reply.status == 404


@pytest.mark.parametrize("change", [{"host": "0.0.0.0"}, {"keys": (key_digest("x" * 16),)}])
def test_a_server_for_others_fetches_nothing(make_assessor, offered, change):
    key = {"Authorization": f"Bearer {'x' * 16}"}
    with running(make_assessor(), ServerSettings(port=0)) as server:
        server.service.settings = replace(server.service.settings, **change)
        assert server.ask("/v1/segmenters", headers=key).json["can_download"] is False
        reply = server.ask("/v1/segmenters/sam-small", method="POST", headers=key)
        assert reply.status == 403
        assert "seagull download sam-small" in reply.json["error"]["message"]


def test_the_page_names_sizes_and_licences():
    offered = Downloads(None, "cpu").offered  # type: ignore[arg-type]
    assert [one.name for one in offered[:2]] == ["sam2.1-tiny", "sam-vit-b"]
    for one in offered:
        assert "Apache-2.0" in one.about
