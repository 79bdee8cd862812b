"""Work in a few threads: what it holds is counted until it ends, whoever has gone meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def run_in(threads: Executor, function: Callable[[], T]) -> T:
    """What a function makes in one of the threads.

    Cancelled while the function waits for a thread, it is not run. Cancelled while it runs, this
    ends when the function does: a thread cannot be stopped, and goes on to use what was lent to it.
    """
    future = threads.submit(function)
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        if not future.cancel():
            with suppress(Exception):
                await asyncio.wrap_future(future)
        raise
    finally:
        # The error that it holds leads to this frame, and from here to the photo.
        del future
