"""Files of lines that several processes append to at the same time, each line whole.

A writer holds the file's lock while it writes, and whoever opens the file holds it while it looks
the file through: half a line at the end is then always one that a killed writer left.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

try:
    import fcntl
except ImportError:  # Windows: one writer at a time, as for any program there
    fcntl = None  # type: ignore[assignment]

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class LineFile:
    """A file of lines, open for appending and looking up.

    Args:
        path: made if missing.
        is_torn: whether the file's last line, which has no newline, is the half one of a killed
            writer, to be cut off; a whole one gets its newline.

    Raises:
        OSError: if it cannot be opened for reading and writing.
    """

    def __init__(self, path: Path, is_torn: Callable[[bytes], bool]) -> None:
        self._is_torn = is_torn
        # Every write goes to the end, wherever other writers have brought it.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        self._file = os.fdopen(os.open(path, flags, 0o666), "r+b", buffering=0)

    def __enter__(self) -> LineFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other writers waiting; on a file system without locks, does nothing."""
        if fcntl is None:
            yield
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def append(self, lines: bytes) -> int:
        """Appends whole lines; the place they begin at.

        Raises:
            OSError: if they cannot be written; nothing of them is left then.
        """
        with self.locked():
            self.mend()
            place = self._file.seek(0, os.SEEK_END)
            try:
                rest = memoryview(lines)
                while rest:
                    rest = rest[self._file.write(rest) or 0 :]
            except OSError:
                with contextlib.suppress(OSError):
                    self._file.truncate(place)
                raise
            return place

    def mend(self) -> bool:
        """Ends the last line, or cuts off a half one; whether it cut. The lock must be held."""
        end = self._file.seek(0, os.SEEK_END)
        if not end or self._at(end - 1, 1) == b"\n":
            return False
        start = self._start_of_last_line(end)
        if self._is_torn(self._at(start, end - start)):
            self._file.truncate(start)
            return True
        self._file.write(b"\n")
        return False

    def line_at(self, place: int) -> bytes:
        """The line that begins at a place."""
        self._file.seek(place)
        parts = []
        while part := self._file.read(1 << 16):
            head, newline, _ = part.partition(b"\n")
            parts.append(head + newline)
            if newline:
                break
        return b"".join(parts)

    def _at(self, place: int, count: int) -> bytes:
        self._file.seek(place)
        content = b""
        while len(content) < count and (part := self._file.read(count - len(content))):
            content += part
        return content

    def _start_of_last_line(self, end: int) -> int:
        place, step = end, 1 << 16
        while place > 0:
            start = max(0, place - step)
            newline = self._at(start, place - start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            place = start
        return 0


@contextlib.contextmanager
def only_writer(lock: Path) -> Iterator[bool]:
    """Whether this process holds a lock file, until the end; nobody waits for it.

    Always true on a file system without locks.
    """
    with lock.open("a") as file:
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        yield True
