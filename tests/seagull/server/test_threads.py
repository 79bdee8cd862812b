"""Threads go on when a client leaves: they and their masks stay counted until they end."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest

from seagull.server import service as service_module
from seagull.server.settings import Limits, ServerSettings
from tests.seagull.server.conftest import other_photo, running, uri
from tests.seagull.server.test_worker import raw, until


@contextmanager
def blocked(monkeypatch, place, name):
    """A function begins and does not end for the time of a ``with``; gives who has begun."""
    begun, may_end = [], threading.Event()
    real = getattr(place, name)

    def wait(*arguments):
        begun.append(arguments)
        may_end.wait(30)
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(place, name, wait)
        try:
            yield begun
        finally:
            may_end.set()


def test_threads_and_masks_are_taken_until_the_work_ends_though_its_clients_have_gone(
    server, image_id, monkeypatch
):
    service = server.service
    asked = {"image": image_id, "regions": [{"polygon": [[5, 5, 60, 5, 60, 60]]}]}
    with blocked(monkeypatch, service_module, "make_regions") as begun:
        left = [raw(server, "/v1/assess", asked) for _ in range(2)]
        until(lambda: len(begun) == 2)
        left += [raw(server, "/v1/assess", asked) for _ in range(3)]
        until(lambda: service.in_progress.used == 5)
        until(lambda: service.masks.used == 5 * 150 * 200)
        for connection in left:
            connection.close()
        until(lambda: service.in_progress.used == 0)  # connections do not wait for threads
        last = raw(server, "/v1/assess", asked)
        until(lambda: service.masks.used == 3 * 150 * 200)
        time.sleep(0.3)
        assert len(begun) == service.limits.decoding == 2
        assert service.masks.used == 3 * 150 * 200
    assert last.recv(200).startswith(b"HTTP/1.1 200")
    last.close()
    until(lambda: service.masks.used == 0)


@pytest.mark.parametrize("path", ["/v1/segment", "/v1/images/{}/regions?max_regions=1"])
def test_a_segmenter_s_mask_is_counted_until_it_ends_though_its_client_has_gone(
    server, path, monkeypatch
):
    id = server.ask("/v1/images", {"image": uri(other_photo(78))}).json["id"]
    service = server.service
    asked = {"image": id, "box": [10, 10, 60, 60]} if path == "/v1/segment" else None
    with blocked(monkeypatch, service.segmenting.segmenter, "open") as begun:
        connection = raw(server, path.format(id), asked)
        until(lambda: begun)
        connection.close()
        until(lambda: service.in_progress.used == 0)
        assert service.masks.used == 150 * 200
    until(lambda: service.masks.used == 0)


def test_polygons_that_are_too_much_work_are_refused(make_assessor, picture_uri):
    settings = ServerSettings(port=0, limits=Limits(mask_bytes=1_000_000))
    ring = [0, 0, 200, 0, 200, 150, 0, 150]
    with running(make_assessor(), settings) as server:
        for rings, status in ((20, 200), (40, 413)):
            regions = [{"polygon": [ring] * rings}]
            reply = server.ask("/v1/assess", {"image": picture_uri, "regions": regions})
            assert reply.status == status
        assert reply.json["error"]["code"] == "regions_too_large"
        assert "rings" in reply.json["error"]["message"]
