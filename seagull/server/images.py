"""The photos that clients have sent: under ids of the server's making, for a time, within a budget.

An id is 128 random bits and is of use to the API key alone that sent the photo.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from seagull.photos import Photo
from seagull.server.errors import ApiError

_OVERHEAD = 4096
"""Bytes that a photo is taken to cost beside its pixels."""


@dataclass
class _Kept:
    photo: Photo
    owner: str
    expires: float

    @property
    def nbytes(self) -> int:
        return int(self.photo.pixels.nbytes) + _OVERHEAD


class ImageStore:
    """Photos by id, and by the names that clients gave them; for use from several threads.

    Args:
        seconds: how long a photo is kept after its last use.
        budget: most bytes; the photos that were used longest ago go first.
        clock: the time in seconds.
    """

    def __init__(
        self, seconds: float, budget: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = seconds
        self._budget = budget
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0
        self._dropped: set[tuple[str, str]] = set()

    def add(self, photo: Photo, owner: str) -> str:
        """Keeps a photo and returns its id."""
        id = f"img_{secrets.token_hex(16)}"
        self._put(id, photo, owner)
        return id

    def name(self, name: str, photo: Photo, owner: str) -> None:
        """Keeps a photo under a name of its owner's, in place of what had that name."""
        self._put(_named(name, owner), photo, owner)

    def get(self, id: str, owner: str) -> Photo:
        """The photo with this id, whose time begins anew.

        Raises:
            ApiError: 404, if it is not kept, or of another owner.
        """
        photo = self._get(id, owner)
        if photo is None:
            raise ApiError(
                404, f"there is no image {id:.40} here (any more); send it again", "image_not_found"
            )
        return photo

    def named(self, name: str, owner: str) -> Photo | None:
        """The photo that its owner gave this name, or that has this id; None if it is not kept."""
        return self._get(_named(name, owner), owner) or self._get(name, owner)

    def drop_expired(self) -> list[tuple[str, str]]:
        """Forgets the photos whose time is over.

        Returns:
            Owner and digest of each photo dropped since the last call, for its age or for the
            budget, that the owner keeps under no other id.
        """
        with self._lock:
            now = self._clock()
            for id in [id for id, kept in self._kept.items() if kept.expires <= now]:
                self._drop(id)
            dropped, self._dropped = self._dropped, set()
            if not dropped:
                return []
            still_kept = {(kept.owner, kept.photo.sha256) for kept in self._kept.values()}
            return sorted(dropped - still_kept)

    def holds(self, digest: str) -> bool:
        """Whether anybody keeps the photo with this digest of its pixels."""
        with self._lock:
            return any(kept.photo.sha256 == digest for kept in self._kept.values())

    @property
    def nbytes(self) -> int:
        """Bytes that are taken."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def _put(self, id: str, photo: Photo, owner: str) -> None:
        with self._lock:
            if id in self._kept:
                self._drop(id)
            self._kept[id] = _Kept(photo, owner, self._clock() + self.seconds)
            self._bytes += self._kept[id].nbytes
            while self._bytes > self._budget and len(self._kept) > 1:
                self._drop(next(iter(self._kept)))

    def _get(self, id: str, owner: str) -> Photo | None:
        with self._lock:
            kept = self._kept.get(id)
            now = self._clock()
            if kept is None or kept.owner != owner or kept.expires <= now:
                return None
            kept.expires = now + self.seconds
            self._kept.move_to_end(id)
            return kept.photo

    def _drop(self, id: str) -> None:
        kept = self._kept.pop(id)
        self._bytes -= kept.nbytes
        self._dropped.add((kept.owner, kept.photo.sha256))


def _named(name: str, owner: str) -> str:
    """A key that no id can be, and no other owner's name."""
    return f"name:{owner}:{name}"
