"""The command itself: killed and started again, and told to stop while it answers."""

from __future__ import annotations

import http.client
import json
import signal
import time

import pytest

from tests.seagull.server.process import started


def post(port: int, path: str, plain, *, headers=None) -> http.client.HTTPConnection:
    """A request whose answer is to be read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    kind = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(plain), kind | (headers or {}))
    return connection


def answer(port: int, path: str, plain) -> tuple[int, bytes]:
    connection = post(port, path, plain)
    try:
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def chat(tokens: int):
    messages = [{"role": "user", "content": "Why?"}]
    return {"model": "tiny", "stream": True, "temperature": 2, "max_tokens": tokens,
            "messages": messages}  # fmt: skip


@pytest.mark.slow
def test_a_server_that_was_killed_leaves_whole_answers_or_none_and_starts_again(
    model_folder, picture_uri
):
    with started(model_folder) as (process, port):
        sent = json.loads(answer(port, "/v1/images", {"image": picture_uri})[1])
        regions = [{"box": [n, n, n + 40, n + 50]} for n in range(90)]
        body = {"image": sent["id"], "regions": regions, "text": True}
        waiting = [post(port, "/v1/assess", body | {"stream": stream}) for stream in (False, True)]
        talk = post(port, "/v1/chat/completions", chat(700))
        talking = talk.getresponse()
        assert talking.readline().startswith(b"data: ")
        lines = waiting[1].getresponse()
        assert json.loads(lines.readline())["type"] == "report"
        process.kill()
        process.wait(20)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            waiting[0].getresponse().read()
        assert b'"done"' not in _rest(lines)
        assert b"[DONE]" not in _rest(talking)
    with started(model_folder) as (process, port):
        status, content = answer(port, "/v1/assess", body)
        assert (status, json.loads(content)["error"]["code"]) == (404, "image_not_found")
        again = json.loads(answer(port, "/v1/images", {"image": picture_uri})[1])
        assert again["sha256"] == sent["sha256"]
        assert again["id"] != sent["id"]
        # Told to stop, it finishes the answer that it has begun, and then ends.
        talking = post(port, "/v1/chat/completions", chat(300)).getresponse()
        assert talking.readline().startswith(b"data: ")
        process.send_signal(signal.SIGTERM)
        assert talking.read().endswith(b"data: [DONE]\n\n")
        began = time.monotonic()
        assert process.wait(30) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 20


def _rest(reply: http.client.HTTPResponse) -> bytes:
    try:
        return reply.read()
    except http.client.IncompleteRead as cut:
        return cut.partial
    except ConnectionError:
        return b""
