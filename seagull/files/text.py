"""Text files as people's programs write them: UTF-8, with or without a byte order mark."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, TextIO

_LONE_SURROGATES = re.compile("[\ud800-\udfff]+")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextError(ValueError):
    """A file that is no text we read; the message says which, why, and what to do."""


def read_text(path: Path) -> str:
    """The text of a file, without its byte order mark (Notepad, Excel and PowerShell write one).

    Raises:
        TextError: if it is neither UTF-8 nor marked as UTF-16.
        OSError: if it cannot be read.
    """
    return "".join(read_lines(path))


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a file one at a time, their ends included and as they are.

    Raises:
        TextError: if it is neither UTF-8 nor marked as UTF-16.
        OSError: if it cannot be read.
    """
    with open_text(path) as lines:
        try:
            yield from lines
        except UnicodeError as error:
            raise TextError(f"{path}: not UTF-8 text ({error}); save it as UTF-8") from error


def read_line_bytes(path: Path) -> Iterator[bytes]:
    """The lines of a file as UTF-8 bytes, without a byte order mark, one at a time.

    What is wrong with one line is then that line's fault: a line that is no UTF-8 comes as it is.

    Raises:
        TextError: if it is marked as UTF-16 and is none.
        OSError: if it cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.peek(3)[:3]
        if start[:2] not in _UTF_16:
            stream.read(len(codecs.BOM_UTF8) if start == codecs.BOM_UTF8 else 0)
            yield from stream
            return
        try:
            for line in io.TextIOWrapper(stream, encoding="utf-16", newline="\n"):
                yield line.encode()
        except UnicodeError as error:
            raise TextError(f"{path}: not UTF-16 text ({error}); save it as UTF-8") from error


def open_text(path: Path) -> TextIO:
    """A file opened for reading text, after its byte order mark; line ends stay as they are.

    Reading it raises UnicodeError where it is neither UTF-8 nor marked as UTF-16.

    Raises:
        OSError: if it cannot be read.
    """
    stream = path.open("rb")
    # Looked at, not read: a pipe cannot be read twice.
    encoding = "utf-16" if stream.peek(2)[:2] in _UTF_16 else "utf-8-sig"
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


def open_marked(path: Path) -> BinaryIO:
    """A file opened for reading bytes, after its byte order mark if it has one.

    Raises:
        TextError: if it is marked as UTF-16.
        OSError: if it cannot be read.
    """
    stream = path.open("rb")
    start = stream.read(3)
    if start[:2] in _UTF_16:
        stream.close()
        raise TextError(f"{path}: this is UTF-16 text; save it as UTF-8")
    stream.seek(3 if start == codecs.BOM_UTF8 else 0)
    return stream


def check_unmarked(path: Path) -> None:
    """Passes if a file that other libraries read, as UTF-8, starts without a byte order mark.

    Raises:
        TextError: if it has one.
        OSError: if it cannot be read.
    """
    with path.open("rb") as stream:
        start = stream.read(3)
    if start[:2] in _UTF_16:
        raise TextError(f"{path}: this is UTF-16 text; save it as UTF-8")
    if start == codecs.BOM_UTF8:
        raise TextError(f"{path}: it starts with a byte order mark; save it as UTF-8 without one")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """JSON text that UTF-8 can hold.

    Letters stand as they are. Bytes of a file's name that are no UTF-8 (Python has them as lone
    surrogates) become escapes, which reading turns back into the same name.

    Raises:
        ValueError: if a number is not finite (JSON has no NaN).
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, allow_nan=False)
    return _LONE_SURROGATES.sub(lambda found: json.dumps(found[0])[1:-1], text)
