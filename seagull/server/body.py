"""Bodies are counted while they arrive, and looked at before they are parsed."""

from __future__ import annotations

import asyncio
import re

from starlette.types import Message, Receive

from seagull.server.budget import Budget
from seagull.server.errors import ApiError
from seagull.server.settings import Limits

# Possessive, so that a photo of many megabytes in a string costs one step.
_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


class ClientGoneError(Exception):
    """The client closed the connection before its request was there."""


class Body:
    """The body of one request; what it takes of the shared memory is given back by ``drop``."""

    def __init__(self, limits: Limits, memory: Budget) -> None:
        self._limits = limits
        self._memory = memory
        self._taken = 0

    async def read(self, receive: Receive, length: int | None) -> bytes:
        """Reads it to its end.

        Args:
            receive: of the connection.
            length: what the client says it is, if it does.

        Raises:
            ApiError: 413 if it is too large, 408 if it takes too long, 429 if all bodies together
                have no more memory.
            ClientGoneError: if the client left.
        """
        if length is not None:
            self._check(length)
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                return await self._read(receive)
        except TimeoutError as error:
            raise ApiError(
                408, f"the body took longer than {self._limits.body_seconds:g} s"
            ) from error

    async def _read(self, receive: Receive) -> bytes:
        content, more = bytearray(), True
        while more:
            message: Message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            self._check(len(content) + len(chunk))
            self._memory.take(len(chunk))
            self._taken += len(chunk)
            content += chunk
        return bytes(content)

    def _check(self, length: int) -> None:
        if length > self._limits.body_bytes:
            raise ApiError(413, f"the body is larger than {self._limits.body_bytes} bytes")

    def drop(self) -> None:
        """Gives its memory back."""
        self._memory.give(self._taken)
        self._taken = 0


def check_json(content: bytes, limits: Limits) -> None:
    """Passes JSON that can be parsed at bounded cost: parsed, a value takes far more than a byte.

    It may take a second: not for the event loop.

    Raises:
        ApiError: 400, if it is not UTF-8, or nested too deeply; 413 with too many values.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ApiError(400, "the body is not UTF-8", "invalid_json") from error
    if "\0" in text:
        raise ApiError(400, "the body has a NUL character", "invalid_json")
    values = sum(content.count(mark) for mark in b",[{")
    if values > limits.json_values:
        raise ApiError(413, f"the body has more than {limits.json_values} values")
    # A value is a string at most, has one as its key, and opens and closes a bracket at most.
    most, depth = 4 * values + 2, 0
    for number, match in enumerate(_MARKS.finditer(content)):
        mark = match.group()[:1]
        depth += (mark in b"[{") - (mark in b"]}")
        if depth < 0 or number > most:
            raise ApiError(400, "the body is not JSON", "invalid_json")
        if depth > limits.json_depth:
            raise ApiError(
                400, f"the body is nested more than {limits.json_depth} levels deep", "invalid_json"
            )
