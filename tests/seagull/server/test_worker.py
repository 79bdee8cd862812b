"""What waits together goes through one pass; what nobody waits for any more stops."""

from __future__ import annotations

import gc
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from seagull.server.outbox import Outbox
from seagull.server.settings import Limits, ServerSettings
from seagull.server.worker import Call, fair_shares
from tests.seagull.server.conftest import Running, other_photo, running, uri


def until(holds, seconds=20.0):
    """Waits until something holds; the worker and the server are threads of their own."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.005)


class Hold(Outbox):
    """An outbox for a call that holds the worker up; it needs no event loop."""

    def __init__(self):
        self._cancelled = threading.Event()

    def put(self, item):
        pass


@contextmanager
def held(server: Running):
    """The model's thread is busy for the time of a ``with``."""
    begun, release = threading.Event(), threading.Event()

    def wait():
        begun.set()
        release.wait(30)

    server.service.worker.submit(Call(wait, Hold()))
    begun.wait(30)
    try:
        yield
    finally:
        release.set()


def box(index):
    return {"box": [index, index, 60 + index, 50 + index]}


def test_sixteen_waiting_requests_about_one_photo_take_one_pass(server, image_id):
    bodies = [
        {"image": image_id, "regions": [box(index)], "tasks": ["quality"]} for index in range(16)
    ]
    assert passes(server, bodies) == 1


def test_sixteen_waiting_requests_about_four_photos_take_one_pass(server):
    ids = [
        server.ask("/v1/images", {"image": uri(other_photo(60 + n))}).json["id"] for n in range(4)
    ]
    bodies = [{"image": ids[n % 4], "regions": [box(n + 20)]} for n in range(16)]
    assert passes(server, bodies) == 1


def passes(server, bodies):
    """Passes that the network takes for requests that wait together, whose answers are right."""
    counters = server.service.assessor.engine.counters
    before = counters.mask_passes
    with ThreadPoolExecutor(len(bodies)) as pool:
        with held(server):
            replies = [pool.submit(server.ask, "/v1/assess", body) for body in bodies]
            until(lambda: server.service.worker.waiting == len(bodies) + 1)
        for body, reply in zip(bodies, replies, strict=True):
            assert reply.result().status == 200
            assert reply.result().json["regions"][0]["box"] == body["regions"][0]["box"]
    return counters.mask_passes - before


def test_shares_are_fair():
    assert fair_shares([100, 1, 3], 12) == [8, 1, 3]
    assert fair_shares([5, 5, 5], 2) == [1, 1, 0]
    assert fair_shares([1, 2], 99) == [1, 2]
    assert fair_shares([], 9) == []


def test_one_request_s_fault_is_not_another_s(server, image_id, monkeypatch):
    assessor = server.service.assessor
    real = assessor.assess_together

    def broken(asked):
        if any(item.regions[0].id == "bad" for item in asked):
            raise RuntimeError("secret inside")
        return real(asked)

    monkeypatch.setattr(assessor, "assess_together", broken)
    bodies = [{"image": image_id, "regions": [{"id": id, **box(3)}]} for id in ("bad", "good")]
    with ThreadPoolExecutor(2) as pool:
        with held(server):
            replies = [pool.submit(server.ask, "/v1/assess", body) for body in bodies]
            until(lambda: server.service.worker.waiting == 3)
        bad, good = (reply.result() for reply in replies)
    assert (bad.status, good.status) == (500, 200)
    assert bad.json["error"]["code"] == "internal_error"
    assert b"secret" not in bad.content
    assert server.ask("/v1/assess", bodies[1]).status == 200


def raw(server: Running, path: str, plain) -> socket.socket:
    """A request whose answer is not read yet; without a body it is a GET."""
    method, body = ("GET", b"") if plain is None else ("POST", json.dumps(plain).encode())
    connection = socket.create_connection(("127.0.0.1", server.port), 20)
    connection.sendall(
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return connection


def test_the_work_of_a_client_that_went_away_stops(server, image_id):
    worker = server.service.worker
    with held(server):
        connection = raw(server, "/v1/assess", {"image": image_id, "regions": [box(70)]})
        until(lambda: worker.waiting == 2)
        before = worker.passes
        connection.close()
        # The server's loop sees it while the model's thread is still held up.
        until(lambda: any(work.outbox.cancelled for work in worker._work))
    until(lambda: worker.waiting == 0)
    assert worker.passes == before
    until(lambda: server.service.masks.used == 0)


@pytest.mark.parametrize("path", ["/v1/segment", "/v1/images/{}/regions?max_regions=7"])
def test_a_segmenter_does_not_work_for_a_client_that_went_away(server, path):
    id = server.ask("/v1/images", {"image": uri(other_photo(77))}).json["id"]
    service = server.service
    asked = {"image": id, "box": [10, 10, 60, 60]} if path == "/v1/segment" else None
    opened, may_go_on = service.segmenting.segmenter.opened, threading.Event()
    thread = service.segmenting._thread
    thread.submit(may_go_on.wait, 20)
    try:
        connection = raw(server, path.format(id), asked)
        until(lambda: service.masks.used > 0)
        connection.close()
        until(lambda: service.masks.used == 0)
    finally:
        may_go_on.set()
    thread.submit(int).result(20)
    assert service.segmenting.segmenter.opened == opened


def test_a_stream_that_nobody_reads_any_more_stops_between_tokens(server, image_id):
    worker = server.service.worker
    body = {
        "model": "tiny", "stream": True, "max_tokens": 700, "temperature": 2,
        "messages": [{"role": "user", "content": "Why?"}],
    }  # fmt: skip
    connection = raw(server, "/v1/chat/completions", body)
    assert connection.recv(200).startswith(b"HTTP/1.1 200")
    connection.close()
    began = time.monotonic()
    until(lambda: worker.waiting == 0)
    assert time.monotonic() - began < 5
    until(lambda: server.service.in_progress.used == 0)


def test_a_full_server_says_when_to_come_again(make_assessor, picture_uri):
    settings = ServerSettings(port=0, limits=Limits(in_progress=3))
    with running(make_assessor(), settings) as server, ThreadPoolExecutor(3) as pool:
        with held(server):
            body = {"image": picture_uri, "regions": [box(1)]}
            taken = [pool.submit(server.ask, "/v1/assess", body) for _ in range(3)]
            until(lambda: server.service.worker.waiting == 4)
            refused = server.ask("/v1/assess", body)
            assert (refused.status, refused.json["error"]["code"]) == (429, "busy")
            assert int(refused.headers["retry-after"]) >= 1
            assert server.ask("/healthz").status == server.ask("/readyz").status == 200
        assert [reply.result().status for reply in taken] == [200] * 3
        assert server.ask("/v1/assess", body).status == 200


def test_forty_clients_at_once_get_whole_and_right_answers(server, image_id):
    def one(number):
        body = {"image": image_id, "regions": [box(number)], "tasks": ["quality"]}
        return server.ask("/v1/assess", body | {"stream": number % 2 == 0})

    with ThreadPoolExecutor(40) as pool:
        replies = list(pool.map(one, range(40)))
    for number, reply in enumerate(replies):
        assert reply.status == 200, reply.content
        if number % 2:
            assert reply.json["regions"][0]["box"] == box(number)["box"]
        else:
            lines = [json.loads(line) for line in reply.content.splitlines()]
            assert [line["type"] for line in lines] == ["report", "region", "done"]
            assert lines[1]["region"]["box"] == box(number)["box"]
    until(lambda: server.service.in_progress.used == 0)
    assert server.service.masks.used == 0


def test_a_server_that_is_told_to_stop_finishes_what_it_has(make_assessor, picture_uri):
    with running(make_assessor(), ServerSettings(port=0)) as server, ThreadPoolExecutor(1) as pool:
        with held(server):
            body = {"image": picture_uri, "regions": [box(1)]}
            reply = pool.submit(server.ask, "/v1/assess", body)
            until(lambda: server.service.worker.waiting == 2)
            server.stop()
            time.sleep(0.2)
            with pytest.raises(OSError):  # noqa: PT011 - however the system says it
                socket.create_connection(("127.0.0.1", server.port), 2).close()
        assert reply.result().status == 200
        assert reply.result().json["regions"]
    assert not server.service.worker.alive


def test_what_a_stopping_server_has_no_time_for_is_answered_503(make_assessor, picture_uri):
    settings = ServerSettings(port=0, drain_seconds=1)
    with running(make_assessor(), settings) as server, ThreadPoolExecutor(1) as pool, held(server):
        body = {"image": picture_uri, "regions": [box(1)]}
        waiting = pool.submit(server.ask, "/v1/assess", body)
        until(lambda: server.service.worker.waiting == 2)
        server.stop()
        reply = waiting.result(60)
        assert (reply.status, reply.json["error"]["code"]) == (503, "stopped")
        assert int(reply.headers["retry-after"]) >= 1


def test_photos_are_counted_for_as_long_as_anybody_holds_them(make_assessor):
    limits = Limits(photos_bytes=0)
    settings = ServerSettings(port=0, cache_bytes=3 * 150 * 200 * 2, limits=limits)
    with running(make_assessor(), settings) as server:
        taken = server.service.photos
        for seed in range(6):
            reply = server.ask("/v1/images", {"image": uri(other_photo(200 + seed))})
            assert reply.status == 201, reply.content
        # What was sent first is gone, from the photos that are kept and from the model's sessions.
        assert 0 < taken.used <= taken.total
        large = uri(other_photo(300, (1000, 1000)))
        assert server.ask("/v1/assess", {"image": large}).status == 429


def test_a_few_talks_go_on_at_the_same_time_and_the_others_wait(server):
    worker = server.service.worker
    body = {"model": "tiny", "max_tokens": 12, "temperature": 2,
            "messages": [{"role": "user", "content": "Why?"}]}  # fmt: skip
    begun = []
    real = worker._step

    def step(work):
        begun.append(work)
        real(work)

    worker._step = step
    try:
        with ThreadPoolExecutor(9) as pool:
            with held(server):
                replies = [pool.submit(server.ask, "/v1/chat/completions", body) for _ in range(9)]
                until(lambda: worker.waiting == 10)
            assert {reply.result().status for reply in replies} == {200}
    finally:
        worker._step = real
    talks = server.service.limits.talks
    assert len({id(work) for work in begun}) == 9
    assert len({id(work) for work in begun[: 2 * talks]}) == talks


def test_a_refused_request_lets_go_of_its_photo_at_once(server):
    photos = server.service.photos
    server.ask("/v1/models")
    before = photos.used
    gc.disable()
    try:
        for seed in range(3):
            body = {"image": uri(other_photo(400 + seed)), "regions": [{"box": [0, 0, 5000, 9]}]}
            assert server.ask("/v1/assess", body).status == 422
            assert server.ask("/v1/assess", body | {"stream": True}).status == 422
            message = {"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": body["image"]}},
                {"type": "text", "text": "Why?"}]}  # fmt: skip
            chat = {"model": "tiny", "messages": [message], "regions": body["regions"]}
            assert server.ask("/v1/chat/completions", chat).status == 422
        until(lambda: photos.used == before, 5)
    finally:
        gc.enable()
