"""Three hundred requests that mean no good: each is refused rightly, and nothing is left behind."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from seagull.server.body import check_json
from seagull.server.errors import ApiError
from seagull.server.settings import Limits, ServerSettings
from tests.seagull.server.conftest import Reply, Running, running
from tests.seagull.server.hostile import MAKERS, requests
from tests.seagull.server.hostile_request import Hostile
from tests.seagull.server.test_worker import until

COUNT = 300


LIMITS = Limits(body_bytes=4 << 20, pixels=1_000_000)
"""Small ones, so that what exceeds them is small as well."""


@pytest.fixture(scope="module")
def guarded(make_assessor) -> Iterator[Running]:
    with running(make_assessor(), ServerSettings(port=0, limits=LIMITS)) as started:
        yield started


@pytest.fixture(scope="module")
def hasty(make_assessor) -> Iterator[Running]:
    """The same, but a body has a second; a busy machine takes more for one of megabytes."""
    limits = replace(LIMITS, body_seconds=1.0)
    with running(make_assessor(), ServerSettings(port=0, limits=limits)) as started:
        yield started


def send(server: Running, hostile: Hostile) -> Reply:
    """Sends a request piece by piece; the answer may come before the body's end."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest(hostile.method, hostile.path, skip_host="Host" in hostile.headers)
    for name, value in hostile.headers.items():
        connection.putheader(name, value)
    if hostile.body or hostile.claimed:
        connection.putheader("Content-Type", hostile.kind)
        connection.putheader("Content-Length", str(hostile.claimed or len(hostile.body)))
    try:
        connection.endheaders()
        for start in range(0, len(hostile.body), hostile.step):
            connection.send(hostile.body[start : start + hostile.step])
            time.sleep(hostile.pause)
    except (BrokenPipeError, ConnectionResetError):
        pass  # it has been refused already
    try:
        answer = connection.getresponse()
        return Reply(answer.status, dict(answer.headers), answer.read())
    except ConnectionResetError:
        return Reply(0, {}, b"")  # refused before the body was read, and the answer lost with it
    finally:
        connection.close()


def test_hostile_requests_are_refused_rightly(guarded, hasty, picture_uri):
    id = guarded.ask("/v1/images", {"image": picture_uri}).json["id"]
    hostile = list(requests(id, COUNT))
    assert len(hostile) == COUNT
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(lambda one: send(hasty if 408 in one.statuses else guarded, one), hostile)
        )
    wrong = [
        (one.name, reply.status, reply.content[:200])
        for one, reply in zip(hostile, replies, strict=True)
        if reply.status not in (*one.statuses, 0)
    ]
    assert not wrong, "\n".join(map(str, wrong))
    lost = Counter(one.name for one, r in zip(hostile, replies, strict=True) if r.status == 0)
    assert set(lost) <= {"a large body", "a large claim", "a large head", "wide JSON"}, lost
    for one, reply in zip(hostile, replies, strict=True):
        if reply.status >= 400:
            error = json.loads(reply.content)["error"]
            assert set(error) == {"message", "type", "code"}, one.name
            assert "Traceback" not in error["message"]
            assert "/site-packages/" not in error["message"]
            assert len(error["message"]) < 1000, one.name
    assert {one.name for one in hostile} == {maker(*_seeded(id)).name for maker in MAKERS}
    # Nothing is left behind, and the server goes on.
    for service in (guarded.service, hasty.service):
        until(lambda s=service: s.in_progress.used == s.masks.used == s.worker.waiting == 0)
    assert guarded.ask("/v1/assess", {"image": id}).status == 200


@pytest.mark.parametrize("signs", [b"]", b"}", b'""', b"[]", b'{"":1}'])
def test_json_is_looked_at_in_bounded_time(signs):
    began = time.thread_time()
    with pytest.raises(ApiError):
        check_json(signs * ((32 << 20) // len(signs)), Limits())
    assert time.thread_time() - began < 3


def test_json_that_is_whole_is_let_through():
    largest = {"": ["", {"": ""}, [[]], "\\", '"', "[{,"]}
    check_json(json.dumps([largest] * 1000).encode(), Limits())
    check_json(b'""', Limits())


def _seeded(id: str):
    from random import Random

    return Random(1), id
