"""Images that Label Studio keeps itself (``/data/...``), fetched from it with its own key."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

_PATH = re.compile(r"/data/[^\s\\]{1,2000}")
_PIECE = 1 << 16


class LabelStudioFiles:
    """The files of one Label Studio, which the operator has named.

    Args:
        url: of Label Studio, such as ``http://localhost:8080``; it may be a private address.
        key: an access token of a user there (the legacy kind, which does not run out).
        seconds: longest wait for a connection and for each piece.

    Raises:
        ValueError: if the URL or the key cannot be used.
    """

    def __init__(self, url: str, key: str | None = None, *, seconds: float = 5.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"Label Studio's address is http(s)://HOST[:PORT], got {url!r:.100}")
        if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
            raise ValueError("Label Studio's key is ASCII letters and signs, without spaces")
        self._url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Token {key}"}
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(seconds))

    def holds(self, place: str) -> bool:
        """Whether a task's image is a file of Label Studio's: nothing else there is ever asked."""
        if not _PATH.fullmatch(place):
            return False
        # %2e%2e is .. and %2f is / to some servers; %25 would be decoded once more by a second.
        path = unquote(place.partition("?")[0])
        steps = re.split(r"[/\\]", path)
        return "%" not in path and ".." not in steps and "." not in steps

    def read(self, place: str, most: int) -> bytes:
        """The bytes of a file.

        Args:
            place: a path that it ``holds``.
            most: bytes that are taken.

        Raises:
            ValueError: if it cannot be had, or has more bytes.
        """
        if not self.holds(place):
            raise ValueError(f"{place:.80} is no file of Label Studio's")
        try:
            answer = self._pool.request(
                "GET",
                self._url + place,
                headers=self._headers,
                redirect=False,
                preload_content=False,
            )
            try:
                return _content(answer, place, most)
            finally:
                answer.close()
        except HTTPError as error:
            raise ValueError(
                f"Label Studio did not give {place:.80}: it cannot be reached"
            ) from error


def _content(answer: urllib3.BaseHTTPResponse, place: str, most: int) -> bytes:
    if answer.status != 200:
        raise ValueError(f"Label Studio answered {answer.status} for {place:.80}")
    content = bytearray()
    for piece in answer.stream(_PIECE, decode_content=False):
        content += piece
        if len(content) > most:
            raise ValueError(f"{place:.80} has more than {most} bytes")
    return bytes(content)
