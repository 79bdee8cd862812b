"""Amounts that all requests share: bytes of bodies, photos and masks, requests in progress."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from seagull.server.errors import busy


class Budget:
    """An amount that is lent in parts, to several threads.

    Args:
        total: in units, such as bytes.
        what: what is used up when nothing is left, for the error.
    """

    def __init__(self, total: int, what: str) -> None:
        self.total = total
        self._what = what
        self._used = 0
        self._given: deque[int] = deque()
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """How much is lent."""
        with self._lock:
            return self._settled()

    def take(self, amount: int) -> None:
        """Takes a part, until ``give`` returns it.

        Raises:
            ApiError: 429, if so much is not left.
        """
        with self._lock:
            if self._settled() + amount > self.total:
                raise busy(f"the server has enough to do ({self._what}); try again in a moment")
            self._used += amount

    def give(self, amount: int) -> None:
        """Returns a part; also from where an object ends, which may be within ``take``."""
        self._given.append(amount)

    @contextmanager
    def lend(self, amount: int) -> Iterator[None]:
        """Takes a part for the time of a ``with``.

        Raises:
            ApiError: 429, if so much is not left.
        """
        self.take(amount)
        try:
            yield
        finally:
            self.give(amount)

    def _settled(self) -> int:
        while self._given:
            self._used -= self._given.popleft()
        return self._used
