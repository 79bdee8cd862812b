"""HTTP on one connection: that of uvicorn, with our errors and a time limit for heads."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from seagull.server.errors import RETRY_SECONDS, ApiError

CONNECTIONS = 1024
"""Most connections whose requests are answered."""
HEAD_BYTES = 32 << 10
"""Largest head of a request."""
HEAD_SECONDS = 30.0
"""Longest time that a head may take to arrive; also the first one, after the connection is made."""


class Protocol(H11Protocol):
    """One connection. What fails before a request is there has no id, and is not counted."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Refuses requests of connections above the limit."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS:
            headers = {"Retry-After": str(RETRY_SECONDS), "Connection": "close"}
            error = ApiError(503, "the server has too many connections", "busy", headers)
            self.app = cast(Any, error.response())
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Takes bytes in; the time of a head that is not whole goes on."""
        super().data_received(data)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the connection and its timer."""
        super().connection_lost(exc)
        self._stop_timer()

    def send_400_response(self, msg: str) -> None:
        """Answers bytes that are not HTTP."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # an answer is on its way already
            return
        response = ApiError(
            400,
            f"the request is not valid HTTP/1.1, or its head is larger than {HEAD_BYTES} bytes",
            "invalid_http",
            {"Connection": "close"},
        ).response()
        events = (
            h11.Response(status_code=400, headers=response.raw_headers, reason=b"Bad Request"),
            h11.Data(data=bytes(response.body)),
            h11.EndOfMessage(),
        )
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _await_head(self) -> None:
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
