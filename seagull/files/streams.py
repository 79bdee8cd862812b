"""A command's stdin, stdout and stderr: closed ones, letters they lack, readers that go away."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, TypeVar

OUTPUT_CLOSED = 141
"""Exit code when the reader of stdout has gone: what a shell reports for SIGPIPE."""

T = TypeVar("T")

_PLAIN = "seagull.plain"
_LETTERS = {
    "±": "+-", "■": "#", "…": "...", "→": "->", "•": "*", "·": ".", "—": "-", "“": '"', "”": '"',
    "\N{EN DASH}": "-", "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{MULTIPLICATION SIGN}": "x",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip
_RANGES = (("\u2500", "\u257f", "-"), ("\u2580", "\u259f", "#"), ("\u2800", "\u28ff", "."))
"""Lines, blocks and dots (of spinners), with the letter that stands for each."""


def prepare_streams() -> None:
    """Makes stdin, stdout and stderr usable, whatever the process was started with.

    A closed stream becomes one that leads nowhere. A letter that stdout or stderr cannot write is
    written with plain ones; bytes on stdin that are no text become replacement characters.
    """
    _open_closed()
    codecs.register_error(_PLAIN, _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAIN)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def guarded(run: Callable[[], T]) -> T:
    """The result of a command whose output may find no reader, or no room.

    Raises:
        SystemExit: with ``OUTPUT_CLOSED`` if nobody reads stdout any more.
        OSError: if stdout cannot be written.
        BaseException: whatever the command raises.
    """
    try:
        try:
            return run()
        finally:
            _flush()
    except BaseException as error:
        if _reader_gone(error):
            drop(sys.stdout)
            raise SystemExit(OUTPUT_CLOSED) from error
        if isinstance(error, OSError):
            # What stdout could not take is still in its buffer; the last flush would fail again.
            drop(sys.stdout)
        raise


def leads_to_stdout(path: Path) -> bool:
    """Whether a path given for an output means stdout: ``-``, or one of its names in the system."""
    return str(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def is_stream(path: Path) -> bool:
    """Whether what is written to a path flows on: stdout, a pipe or a device.

    Such an output is neither read back nor replaced by a finished file.
    """
    flows = path.exists() and not path.is_file() and not path.is_dir()
    return leads_to_stdout(path) or flows


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """A file, pipe or stdout to write UTF-8 text to, from its beginning.

    Bytes of a name that are no UTF-8 are written as escapes.

    Raises:
        OSError: with the path, if it cannot be written.
    """
    try:
        if leads_to_stdout(path):
            yield sys.stdout
            return
        with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
            yield out
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.filename is None and error.errno is not None:
            raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
        raise


def write_json(text: str, out: TextIO | None = None, *, flush: bool = True) -> None:
    """Writes JSON to stdout or another output.

    Letters that the output cannot write become escapes that mean the same.

    Args:
        text: that UTF-8 can hold, see ``text_files.to_json``.
        out: stdout if None.
        flush: whether it is handed to the system at once.
    """
    target = out or sys.stdout
    if codecs.lookup(target.encoding or "utf-8").name != "utf-8":
        text = re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], text)
    target.write(text)
    if flush:
        target.flush()


def drop(stream: TextIO) -> None:
    """Lets what is written to a stream from now on go nowhere."""
    try:
        target = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, target)
    os.close(nowhere)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def _reader_gone(error: BaseException) -> bool:
    """Whether nobody reads stdout; rich and click make an exit with code 1 of that."""
    hidden = error.__context__ if isinstance(error, SystemExit) else None
    return isinstance(error, BrokenPipeError) or isinstance(hidden, BrokenPipeError)


def _open_closed() -> None:
    # The next file that is opened would get the number of a closed stream, and its output.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123


def _plain(error: UnicodeError) -> tuple[str, int]:
    """An encoding error handler: plain letters for decoration, escapes for all else."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_letter, error.object[error.start : error.end])), error.end


def _letter(character: str) -> str:
    for first, last, letter in _RANGES:
        if first <= character <= last:
            return letter
    escaped = character.encode("ascii", "backslashreplace").decode("ascii")
    return _LETTERS.get(character, escaped)
