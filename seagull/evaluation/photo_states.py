"""What tells one state of a set's photos from another without reading them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from seagull.evaluation.items import EvaluationItem
from seagull.records.photos import file_of_place
from seagull.reports.jsonl import PhotoFile

PhotoState = tuple[int, int]
"""Bytes of a photo's file and the time of its last change in ns, as reports have them."""


class PhotoStates:
    """Looks at the files of photos.

    Args:
        files: of the set; photos inside them are covered by the digest of their bytes.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = frozenset(os.path.realpath(file) for file in files)

    def of(self, item: EvaluationItem) -> PhotoState | None:
        """The state of an item's photo; None inside the set's files, or if there is no file."""
        if item.place is None:
            return None
        try:
            file = file_of_place(item.place())
            photo = None if file in self._files else PhotoFile.of(Path(file))
        except (OSError, ValueError):  # no file, or a name that no file has
            return None
        return None if photo is None else (photo.size, photo.mtime_ns)


def photo_state(plain: Any) -> PhotoState | None:
    """The state of its JSON form, ``[bytes, ns]``; None for None.

    Raises:
        ValueError: if it is neither.
    """
    if plain is None:
        return None
    if not (isinstance(plain, list) and len(plain) == 2 and all(type(n) is int for n in plain)):
        raise ValueError(f"photo is [bytes, time of change in ns], got {plain!r:.60}")
    return plain[0], plain[1]
