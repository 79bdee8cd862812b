"""Requests to a server: JSON both ways, one pool of connections, errors in words.

A server that has enough to do (429, 503) is asked again after the time that it names; asking the
same again changes nothing on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from seagull.client.errors import ServerError, ServerUnavailable
from seagull.version import __version__

_BUSY = (429, 503)
_NOT_FOR_THIS_KEY = (401, 403)
_LONGEST_WAIT_SECONDS = 60
"""A server that wants to be left alone for longer is asked again after this all the same."""


class Http:
    """Requests to one server.

    Args:
        url: of the server, with the path that it lives under, if any.
        api_key: sent as a bearer token.
        timeout: seconds to wait for each part of an answer.
        connect_timeout: seconds to wait for a connection.
        retries: how often a busy server is asked again.

    Raises:
        ValueError: if the URL or the key cannot be used.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        timeout: float = 300.0,
        connect_timeout: float = 10.0,
        retries: int = 10,
    ) -> None:
        self.url = _checked_url(url)
        self._headers = {"User-Agent": f"seagull/{__version__}"} | _authorization(api_key)
        self._pool = urllib3.PoolManager(
            maxsize=16,
            timeout=urllib3.Timeout(connect=connect_timeout, read=timeout),
            retries=urllib3.Retry(
                total=None,
                connect=2,
                read=1,
                redirect=0,
                status=retries,
                other=0,
                allowed_methods=None,
                status_forcelist=_BUSY,
                backoff_factor=0.5,
                retry_after_max=_LONGEST_WAIT_SECONDS,
                raise_on_status=False,
                raise_on_redirect=False,
            ),
        )

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def get(self, path: str) -> Any:
        """The JSON answer of a GET.

        Raises:
            ServerError: if the server refuses, or its answer is not JSON.
            ServerUnavailable: if no answer can be had.
        """
        with self._answer("GET", path) as response:
            return self._json(response)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON answer of a POST of JSON.

        Raises:
            ServerError, ServerUnavailable: as ``get``.
        """
        with self._answer("POST", path, body=body) as response:
            return self._json(response)

    def send_file(self, path: str, content: bytes) -> Any:
        """The JSON answer of a POST of a file, the part ``file`` of a form.

        Raises:
            ServerError, ServerUnavailable: as ``get``.
        """
        form = {"file": ("photo", content, "application/octet-stream")}
        with self._answer("POST", path, fields=form) as response:
            return self._json(response)

    def lines(self, path: str, body: Mapping[str, Any]) -> Iterator[bytes]:
        """The lines of a streamed answer to a POST, each as soon as it is there.

        Raises:
            ServerError, ServerUnavailable: as ``get``; also in the middle of the answer.
        """
        with self._answer("POST", path, body=body) as response:
            for line in response:
                yield line.rstrip(b"\r\n")

    @contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        fields: Any = None,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        text = None if body is None else json.dumps(body, allow_nan=False).encode()
        try:
            response = self._pool.request(
                method,
                self.url + path,
                body=text,
                fields=fields,
                headers=headers,
                preload_content=False,
            )
            try:
                if response.status >= 300:
                    self._refuse(response)
                yield response
            finally:
                response.close()
        except MaxRetryError as error:
            raise self._unreached(error.reason or error) from error
        except HTTPError as error:
            raise self._unreached(error) from error

    def _json(self, response: urllib3.BaseHTTPResponse) -> Any:
        try:
            return json.loads(response.read())
        except ValueError as error:
            raise ServerError(
                f"{self.url}: the answer is not JSON; is this the address of a Seagull server?",
                response.status,
            ) from error

    def _refuse(self, response: urllib3.BaseHTTPResponse) -> NoReturn:
        """Says why the server did not do what it was asked."""
        status = response.status
        message, code = _error(response.read())
        reason = message or response.reason or "no reason given"
        if status in _BUSY:
            raise ServerUnavailable(
                f"{self.url} has too much to do ({reason}); try again later, or with fewer at once"
            )
        if status in _NOT_FOR_THIS_KEY and code in (None, "invalid_api_key"):
            raise ServerUnavailable(
                f"{self.url} wants a valid API key ({reason}); see --api-key-file"
            )
        if message is None and status in (300, 301, 302, 303, 307, 308):
            location = response.headers.get("Location", "another place")
            raise ServerError(f"{self.url}: the server is at {location:.200}; give that", status)
        if message is None:
            reason = f"{status} {reason}; is this the address of a Seagull server?"
        raise ServerError(f"{self.url}: {reason}", status, code)

    def _unreached(self, error: Exception) -> ServerUnavailable:
        if isinstance(error, ReadTimeoutError):
            return ServerUnavailable(f"{self.url} took too long to answer; it may have much to do")
        if isinstance(error, ConnectTimeoutError | NewConnectionError):
            return ServerUnavailable(
                f"{self.url} cannot be reached; is a server running there (seagull serve)?"
            )
        if isinstance(error, SSLError):
            return ServerUnavailable(f"{self.url}: the connection is not safe: {error!s:.200}")
        return ServerUnavailable(f"{self.url}: the connection broke off ({type(error).__name__})")


def _error(content: bytes) -> tuple[str | None, str | None]:
    """The message and the code of an error's body; None where it has none."""
    try:
        error = json.loads(content)["error"]
        return str(error["message"]), str(error["code"])
    except (ValueError, KeyError, TypeError):
        return None, None


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username or parts.password:
        raise ValueError(
            f"{url!r:.100}: a server's address is http://HOST:PORT or https://HOST, with a path "
            "if it lives under one"
        )
    return url.rstrip("/").removesuffix("/v1")


def _authorization(key: str | None) -> dict[str, str]:
    if key is None:
        return {}
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("an API key is ASCII letters, digits and signs, without spaces")
    return {"Authorization": f"Bearer {key}"}
