"""Amounts that all requests share: bytes of bodies and masks, and requests in progress."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from seagull.server.errors import busy


class Budget:
    """An amount that is lent in parts; used in the event loop alone.

    Args:
        total: in units, such as bytes.
        what: what is used up when nothing is left, for the error.
    """

    def __init__(self, total: int, what: str) -> None:
        self.total = total
        self.used = 0
        self._what = what

    def take(self, amount: int) -> None:
        """Takes a part, until ``give`` returns it.

        Raises:
            ApiError: 429, if so much is not left.
        """
        if self.used + amount > self.total:
            raise busy(f"the server has enough to do ({self._what}); try again in a moment")
        self.used += amount

    def give(self, amount: int) -> None:
        """Returns a part."""
        self.used -= amount

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
