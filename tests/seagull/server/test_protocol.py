"""What fails before a request is there has the shape of all errors; heads have a time limit."""

from __future__ import annotations

import json
import socket
import time

import pytest

from seagull.server import protocol
from seagull.server.run import bind
from seagull.server.settings import ServerSettings
from tests.seagull.server.conftest import Running, running

GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(server: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def rest(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    content = b""
    while part := connection.recv(1 << 16):
        content += part
    return content


def answer(server: Running, content: bytes) -> tuple[int, dict[str, str], bytes]:
    with connect(server) as connection:
        connection.sendall(content)
        head, _, body = rest(connection).partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


@pytest.mark.parametrize(
    "content",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Large: " + b"a" * protocol.HEAD_BYTES,
        b"POST /v1/assess HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
    ids=["no HTTP", "TLS", "no host", "a negative length", "a large head", "a wrong chunk"],
)
def test_what_is_not_http_is_refused_in_the_shape_of_all_errors(server, content):
    status, headers, body = answer(server, content)
    assert status == 400
    assert headers["content-type"] == "application/json"
    assert headers["connection"] == "close"
    error = json.loads(body)["error"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_http")
    assert server.ask("/healthz").status == 200


def test_a_connection_too_many_is_told_to_come_again(server, monkeypatch):
    monkeypatch.setattr(protocol, "CONNECTIONS", 0)
    reply = server.ask("/v1/models")
    assert (reply.status, reply.json["error"]["code"]) == (503, "busy")
    assert int(reply.headers["retry-after"]) > 0
    monkeypatch.undo()
    assert server.ask("/v1/models").status == 200


def test_a_head_that_does_not_end_closes_the_connection(server, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.4)
    for begun in (b"", GOOD[:20]):
        with connect(server) as connection:
            connection.sendall(begun)
            began = time.monotonic()
            assert rest(connection) == b""
            assert time.monotonic() - began < 10


def test_a_connection_may_wait_between_requests(server, monkeypatch):
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.4)
    with connect(server) as connection:
        for _ in range(2):
            connection.sendall(GOOD)
            content = b""
            while not content.endswith(b"}"):  # head and body may come apart
                part = connection.recv(1 << 16)
                assert part, content
                content += part
            assert content.startswith(b"HTTP/1.1 200")
            time.sleep(0.8)


def test_a_server_whose_model_has_ended_is_not_ready(make_assessor):
    with running(make_assessor(), ServerSettings(port=0)) as started:
        assert started.ask("/readyz").status == 200
        started.service.worker.close()
        reply = started.ask("/readyz")
        assert (reply.status, reply.json["error"]["code"]) == (503, "not_ready")
        assert started.ask("/healthz").status == 200


def test_an_answer_in_two_pieces_waits_for_no_acknowledgement():
    with bind(ServerSettings(port=0)) as address:
        address.listen()
        with socket.create_connection(address.getsockname()):
            connection, _ = address.accept()
            with connection:
                assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
