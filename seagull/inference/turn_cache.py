"""Keys and values of answered conversations: a further turn computes its own tokens alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from seagull.preprocessing.packing import Items, common_prefix


@dataclass(frozen=True, eq=False)
class ComputedTurns:
    """A conversation that the language model has computed; several requests may go on from it.

    Attributes:
        items: after the photo's prefix; regions are numbered by their masks' digests, so that equal
            items about one photo stand for equal tokens.
        layers: keys and values of the prefix and the items, (1, heads, P + items, width), per layer
            of the language model.
        prompt: how many of the items were there before the answer.
    """

    items: Items
    layers: tuple[tuple[Tensor, Tensor], ...]
    prompt: int

    @property
    def nbytes(self) -> int:
        """Memory of the keys and values, in bytes."""
        return sum(tensor.nbytes for pair in self.layers for tensor in pair)


@dataclass(eq=False)
class _Entry:
    owner: str
    photo: str
    turns: ComputedTurns
    expires: float


class TurnCache:
    """The conversations answered last, within bounds; for use by one thread.

    A conversation is found again by its owner alone, and for the same photo.

    Args:
        budget: most bytes; a conversation that alone takes more is not kept.
        most: conversations.
        seconds: how long a conversation is kept after its last use.
        clock: the time in seconds.
    """

    def __init__(
        self,
        budget: int,
        most: int = 64,
        seconds: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.budget, self.most, self.seconds = budget, most, seconds
        self._clock = clock
        self._entries: list[_Entry] = []  # the one used last is the last one

    def of(self, owner: str) -> OwnerTurns:
        """The conversations of an owner, such as an API key's digest."""
        return OwnerTurns(self, owner)

    def longest(self, owner: str, photo: str, items: Items) -> ComputedTurns | None:
        """The conversation that has most first items in common with these; None: none has any.

        Args:
            owner: whose conversations are searched.
            photo: digest of the photo; empty without one.
            items: of the conversation that is to be answered.
        """
        self.drop_expired()
        best, most_shared = None, 0
        for entry in self._of(owner, photo):
            shared = common_prefix([entry.turns.items, items])
            if shared > most_shared:
                best, most_shared = entry, shared
        if best is None:
            return None
        self._use(best)
        return best.turns

    def keep(self, owner: str, photo: str, turns: ComputedTurns) -> None:
        """Keeps a conversation, in place of those that it goes on from.

        These may differ in their answer: its text, read again, can be other tokens than were said.
        """
        if turns.nbytes > self.budget:
            return
        for entry in self._of(owner, photo):
            shared = common_prefix([entry.turns.items, turns.items])
            if shared == len(turns.items):
                self._use(entry)
                return
            if shared >= entry.turns.prompt:
                self._entries.remove(entry)
        self._use(_Entry(owner, photo, turns, 0.0))
        while len(self) > self.most or self.nbytes > self.budget:
            del self._entries[0]

    def drop(self, owner: str, photo: str) -> None:
        """Forgets an owner's conversations about a photo."""
        for entry in self._of(owner, photo):
            self._entries.remove(entry)

    def drop_expired(self) -> None:
        """Forgets the conversations whose time is over."""
        now = self._clock()
        self._entries = [entry for entry in self._entries if entry.expires > now]

    @property
    def nbytes(self) -> int:
        """Bytes held by all conversations."""
        return sum(entry.turns.nbytes for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _of(self, owner: str, photo: str) -> list[_Entry]:
        return [entry for entry in self._entries if (entry.owner, entry.photo) == (owner, photo)]

    def _use(self, entry: _Entry) -> None:
        if entry in self._entries:
            self._entries.remove(entry)
        entry.expires = self._clock() + self.seconds
        self._entries.append(entry)


@dataclass(frozen=True)
class OwnerTurns:
    """One owner's conversations among those of a cache; see ``TurnCache``."""

    cache: TurnCache
    owner: str

    def longest(self, photo: str, items: Items) -> ComputedTurns | None:
        """See ``TurnCache.longest``."""
        return self.cache.longest(self.owner, photo, items)

    def keep(self, photo: str, turns: ComputedTurns) -> None:
        """See ``TurnCache.keep``."""
        self.cache.keep(self.owner, photo, turns)
