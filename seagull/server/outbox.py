"""From a worker thread to the request in the event loop that waits: results, one by one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """Made in a request, filled by a worker; the request reads it to its end or cancels it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Callable[[], T] | None] = asyncio.Queue()
        self._cancelled = threading.Event()

    def put(self, item: T) -> None:
        """Hands over an item; called by the worker."""
        self._send(lambda: item)

    def fail(self, error: BaseException) -> None:
        """Ends it with an error, which is raised in the request; called by the worker."""

        def raise_error() -> T:
            raise error

        self._send(raise_error)

    def close(self) -> None:
        """Ends it; called by the worker."""
        self._send(None)

    def cancel(self) -> None:
        """Tells the worker that nobody waits any more."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits any more."""
        return self._cancelled.is_set()

    async def items(self) -> AsyncGenerator[T, None]:
        """The items, as they come; closing it early cancels the rest."""
        try:
            while (item := await self._items.get()) is not None:
                yield item()
        finally:
            self.cancel()

    async def all_items(self) -> tuple[T, ...]:
        """All items, once the last one is there."""
        async with aclosing(self.items()) as items:
            return tuple([item async for item in items])

    async def only(self) -> T:
        """The one item."""
        try:
            item = await self._items.get()
        finally:
            self.cancel()
        assert item is not None  # a worker closes it after an item only
        return item()

    def _send(self, item: Callable[[], T] | None) -> None:
        # The loop is closed when a server that was told to stop has given up waiting.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
