"""A client that goes away while it waits: its work is given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, suppress
from typing import TypeVar

from fastapi import Request

from seagull.server.body import ClientGoneError

T = TypeVar("T")


async def unless_gone(request: Request, work: Awaitable[T]) -> T:
    """What the work gives; it is cancelled when the client closes the connection.

    Nobody waits then for what a thread still does for it: the work gives back by itself what it
    was lent.

    Raises:
        ClientGoneError: if the client did.
    """
    await request.body()  # what the connection says next is that it is closed
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGoneError
    finally:
        task.cancel()
        task.add_done_callback(_forget_error)
        gone.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await gone
        # The error that a task holds leads to this frame, and from here to the photo.
        del task, gone


def _forget_error(task: asyncio.Future[T]) -> None:
    """Nobody hears of it any more; asyncio would write it, with what was sent, to the log."""
    if not task.cancelled():
        task.exception()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def rest_of(
    started: AsyncGenerator[bytes, None], first: bytes
) -> AsyncGenerator[bytes, None]:
    """A stream whose first part has been taken already, whole again; it is closed at the end."""
    async with aclosing(started):
        yield first
        async for part in started:
            yield part
