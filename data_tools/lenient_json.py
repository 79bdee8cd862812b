"""JSON as Python's ``json`` writes it: ``NaN`` and ``Infinity``, which are no JSON, become texts.

A number that is none is the fault of the annotation that has it, not of the file.
"""

from __future__ import annotations

import re
from typing import BinaryIO

_WORDS = (b"NaN", b"Infinity")
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*("?)|-?(?:NaN|Infinity)', re.DOTALL)
_LONGEST = len(b"-Infinity")


class LenientStream:
    """A stream of JSON with ``"NaN"`` for ``NaN``.

    Args:
        stream: of JSON in UTF-8.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._rest = stream, b""

    def read(self, size: int = -1) -> bytes:
        """About so many bytes, never none before the end."""
        while size:
            chunk = self._stream.read(size)
            text = self._rest + chunk
            end = len(text) if not chunk or size < 0 else _whole(text)
            self._rest = text[end:]
            if end or not chunk:
                return _TOKENS.sub(_as_text, text[:end])
        return b""  # asked to tell bytes from text


def _as_text(match: re.Match[bytes]) -> bytes:
    return match[0] if match[0].startswith(b'"') else b'"%s"' % match[0]


def _whole(text: bytes) -> int:
    """How much of a text ends outside a string and a word."""
    end = 0
    for match in _TOKENS.finditer(text):
        if match[1] == b"":  # a string that goes on
            return match.start()
        end = match.end()
    return max(end, len(text) - _LONGEST)


def holds_no_number(stream: BinaryIO) -> bool:
    """Whether one of the words is in a stream, be it in a string; reads all of it."""
    rest = b""
    while chunk := stream.read(1 << 20):
        if any(word in rest + chunk for word in _WORDS):
            return True
        rest = chunk[-_LONGEST:]
    return False
