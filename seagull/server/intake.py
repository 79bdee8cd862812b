"""The outermost layer of the server: what every request passes on its way in and out."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seagull.server.access import OPEN_FOLDERS, OPEN_PATHS, check_access
from seagull.server.body import Body, ClientGoneError, check_json
from seagull.server.budget import Budget
from seagull.server.errors import RETRY_SECONDS, ApiError, internal_error
from seagull.server.service import Service
from seagull.server.worker import log_fault

logger = logging.getLogger(__name__)

_CLIENT_GONE = 499
_UNBOUNDED = OPEN_PATHS | {"/metrics"}


class Intake:
    """Gives a request its id, checks its key, counts its body, limits how many are in progress.

    What fails here or further in is answered in one shape; the log and the metrics hold the id,
    the route, the status and the time, never what was sent.

    Args:
        app: what the checked request goes to.
        service: the limits and counts.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._bodies = Budget(service.limits.bodies_bytes, "memory for bodies")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, send)
        body = Body(self._service.limits, self._bodies)
        try:
            await self._handle(scope, receive, exchange, body)
        except ClientGoneError:
            exchange.status = _CLIENT_GONE
        except ApiError as error:
            await exchange.answer(error)
        except asyncio.CancelledError:  # the time that a stopping server has is over
            await exchange.answer(
                ApiError(
                    503,
                    "the server has stopped before the answer was made; ask again",
                    "stopped",
                    {"Retry-After": str(RETRY_SECONDS)},
                )
            )
            raise
        except Exception as error:
            log_fault(error, exchange.id)
            await exchange.answer(internal_error())
        finally:
            body.drop()
            self._record(exchange)

    async def _handle(
        self, scope: Scope, receive: Receive, exchange: _Exchange, body: Body
    ) -> None:
        headers = Headers(scope=scope)
        path = _path(scope)
        owner = check_access(self._service.settings, headers, path)
        scope.setdefault("state", {}).update(owner=owner, id=exchange.id)
        content = await body.read(receive, _length(headers))
        if content:
            await self._check_content(headers, content)
        replay = _replayed(content, receive)
        if path in _UNBOUNDED or path.startswith(OPEN_FOLDERS):
            await self._app(scope, replay, exchange.send)
            return
        with self._service.in_progress.lend(1):
            await self._app(scope, replay, exchange.send)

    async def _check_content(self, headers: Headers, content: bytes) -> None:
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind == "application/json":
            await run_in_threadpool(check_json, content, self._service.limits)
        elif kind != "multipart/form-data":
            raise ApiError(415, "the content type is application/json or multipart/form-data")

    def _record(self, exchange: _Exchange) -> None:
        route, status, seconds = exchange.route, exchange.status, exchange.seconds
        metrics = self._service.metrics
        metrics.requests.labels(route, str(status)).inc()
        metrics.seconds.labels(route).observe(seconds)
        logger.info(
            "%s %s %s %d %.0f ms", exchange.id, exchange.method, route, status, 1000 * seconds
        )


class _Exchange:
    """One request and its answer, as the log knows them."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.id = f"req_{secrets.token_hex(12)}"
        self.status = 0
        self._scope = scope
        self._send = send
        self._began = time.monotonic()

    @property
    def method(self) -> str:
        return str(self._scope["method"])[:10]

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def route(self) -> str:
        """The route's pattern: a path may hold anything."""
        return cast(str, getattr(self._scope.get("route"), "path", "unknown"))

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self.id
            headers["x-content-type-options"] = "nosniff"
            headers.setdefault("cache-control", "no-store")
        await self._send(message)

    async def answer(self, error: ApiError) -> None:
        """Sends an error, unless an answer is already on its way."""
        if self.status:
            return
        response = error.response()
        if error.status in (408, 413):
            response.headers["connection"] = "close"  # the rest of the body is not read
        await response(self._scope, _nothing, self.send)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _replayed(content: bytes, receive: Receive) -> Receive:
    """Gives the body once more; what comes after it is what the connection has to say."""
    left = [content]

    async def replay() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return replay


def _path(scope: Scope) -> str:
    """The path without the root path that a proxy may have left in front of it."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def _length(headers: Headers) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None
