"""A growing JSON Lines file of objects of one schema, each found again by what it is about.

A run that was killed leaves at most half a line, which is cut off. Several runs may write to one
file at the same time.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar

from seagull.files.appending import LineFile
from seagull.files.text import open_marked

Key = TypeVar("Key", bound=Hashable)
Found = TypeVar("Found")

logger = logging.getLogger(__name__)


class KeyedLines(Generic[Key]):
    """A JSON Lines file, open for looking up and appending.

    Args:
        path: the file; made if missing, with its half last line cut off if there is one. Other
            processes may append to it meanwhile; what they add is not looked up here.
        schema: what the ``schema`` field of each line says; it comes first in a line.
        key_of: what an object is about; None for one that is not to be found again.

    Raises:
        ValueError: if the file holds something else; it is left as it is.
        OSError: if it cannot be read or written.
    """

    def __init__(
        self, path: Path, schema: str, key_of: Callable[[dict[str, Any]], Key | None]
    ) -> None:
        self.path = path
        self._schema, self._key_of = schema, key_of
        self._start = f'{{"schema": "{schema}"'.encode()
        self._places: dict[Key, int] = {}
        if path.exists():
            self._check()  # A file of something else is not even opened for writing.
        self._file = LineFile(path, self._is_torn)
        try:
            with self._file.locked():
                self._scan()
                if self._file.mend():
                    logger.warning("%s: cut off the half line that an interrupted run left", path)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> KeyedLines[Key]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: Key) -> bool:
        return key in self._places

    def find(self, key: Key, read: Callable[[dict[str, Any]], Found]) -> Found | None:
        """What ``read`` makes of the last object about ``key``, if there is one.

        Raises:
            ValueError: with file and line, if ``read`` raises one.
        """
        place = self._places.get(key)
        if place is None:
            return None
        try:
            return read(dict(json.loads(self._file.line_at(place))))
        except ValueError as error:
            raise ValueError(
                f"{self.path}, line {self._number(place)}: {error}; remove the line, and the next "
                "run makes it anew"
            ) from error

    def add(self, key: Key, line: str) -> None:
        """Appends an object as one line of ASCII and hands it to the operating system at once."""
        self._places[key] = self._file.append(line.encode("ascii"))

    def _scan(self) -> None:
        for number, place, line in self._lines():
            plain = self._parsed(line)
            if plain is not None:
                if (key := self._key_of(plain)) is not None:
                    self._places[key] = place
            elif line.strip() and (line.endswith(b"\n") or not self._is_torn(line)):
                raise ValueError(self._other(number))

    def _lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Each line with its number and the place where it begins, before it."""
        with open_marked(self.path) as lines:
            place = lines.tell()
            for number, line in enumerate(lines, start=1):
                yield number, place, line
                place += len(line)

    def _number(self, place: int) -> int:
        return next(number for number, begin, _ in self._lines() if begin >= place)

    def _check(self) -> None:
        """Passes if the file begins as one of ours; it may hold half of the first line."""
        with open_marked(self.path) as lines:
            first = next((line for line in lines if line.strip()), b"")
        if (
            first
            and self._parsed(first) is None
            and (first.endswith(b"\n") or not self._begins(first))
        ):
            raise ValueError(self._other(1))

    def _other(self, number: int) -> str:
        return (
            f"{self.path}, line {number}: not a {self._schema}; give another file or remove the "
            "line"
        )

    def _parsed(self, line: bytes) -> dict[str, Any] | None:
        try:
            plain = json.loads(line)
        except ValueError:
            return None
        return plain if isinstance(plain, dict) and plain.get("schema") == self._schema else None

    def _is_torn(self, line: bytes) -> bool:
        """Whether a last line is half an object of ours: nothing else is ever cut off."""
        return self._parsed(line) is None and self._begins(line)

    def _begins(self, line: bytes) -> bool:
        return line[: len(self._start)] == self._start[: len(line)]
