"""Photos on their way to a server: each is sent once, and again when the server has lost it."""

from __future__ import annotations

import hashlib
import io
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from PIL import Image

from seagull.client.errors import ServerError
from seagull.client.http import Http
from seagull.photos import Photo, PhotoError, PhotoSource, read_photo

T = TypeVar("T")

IMAGE_NOT_FOUND = "image_not_found"
_KEPT = 1024
_KNOWN_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
"""Of JPEG, PNG and WebP, which every server reads; other photos are sent as their pixels."""


@dataclass(frozen=True)
class SentImage:
    """A photo that the server has, or had.

    Attributes:
        id: that the server gave it.
        width: in pixels, upright.
        height: in pixels, upright.
        sha256: digest of the pixels as the server sees them.
    """

    id: str
    width: int
    height: int
    sha256: str

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> SentImage:
        """Of the server's answer."""
        return cls(
            str(plain["id"]), int(plain["width"]), int(plain["height"]), str(plain["sha256"])
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.height, self.width


class Upload:
    """A photo as it can be sent: its file, where every server reads such files, or its pixels.

    Args:
        image: as ``read_photo`` takes it, or a ``Photo``.

    Attributes:
        path: of its file, for the report; None if it came from memory.
        key: tells photos apart.
        file: the bytes of its file; None if its pixels are sent.
        photo: the pixels; None where they were not read here.

    Raises:
        PhotoError: if it cannot be read.
    """

    def __init__(self, image: Photo | PhotoSource) -> None:
        content = _file_bytes(image)
        known = content is not None and content.startswith(_KNOWN_STARTS)
        self.file = content if known else None
        self.photo: Photo | None = None
        if isinstance(image, Photo):
            self.photo = image
        elif self.file is None:
            self.photo = read_photo(image)
        self.path = _path(image)
        self.key = self._key()

    def _key(self) -> str:
        if self.photo is not None:
            return f"pixels {self.photo.sha256}"
        assert self.file is not None  # one of the two is always there
        return f"file {hashlib.sha256(self.file).hexdigest()}"

    def png(self) -> bytes:
        """The pixels as a PNG file.

        Raises:
            PhotoError: if the file holds no photo.
        """
        photo = self.photo or read_photo(self.file or b"")
        made = io.BytesIO()
        Image.fromarray(photo.pixels).save(made, "PNG", compress_level=1)
        return made.getvalue()


class Uploads:
    """The photos that one client has sent; for use from several threads.

    Args:
        http: to the server.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._lock = Lock()
        self._sent: OrderedDict[str, SentImage] = OrderedDict()

    def sent(self, upload: Upload) -> SentImage:
        """The photo on the server; sent now unless it was before.

        Raises:
            ServerError, ServerUnavailable: if it cannot be sent.
        """
        with self._lock:
            known = self._sent.get(upload.key)
            if known is not None:
                self._sent.move_to_end(upload.key)
        if known is None:
            known = self._send(upload)
            with self._lock:
                self._sent[upload.key] = known
                while len(self._sent) > _KEPT:
                    self._sent.popitem(last=False)
        return known

    def _send(self, upload: Upload) -> SentImage:
        """Sends the file; where it has other pixels than the photo in hand, these."""
        if upload.file is not None:
            sent = self._post(upload.file)
            if upload.photo is None or upload.photo.sha256 == sent.sha256:
                return sent
        return self._post(upload.png())

    def _post(self, content: bytes) -> SentImage:
        return SentImage.from_json(self._http.send_file("/v1/images", content))

    def using(self, upload: Upload, ask: Callable[[SentImage], T]) -> T:
        """What ``ask`` answers; if the server has lost the photo, it is sent again, once.

        Raises:
            ServerError, ServerUnavailable: as ``sent`` and as ``ask`` does.
        """
        sent = self.sent(upload)
        try:
            return ask(sent)
        except ServerError as error:
            if error.code != IMAGE_NOT_FOUND:
                raise
        with self._lock:
            if self._sent.get(upload.key) == sent:
                del self._sent[upload.key]
        return ask(self.sent(upload))


def _file_bytes(image: Photo | PhotoSource) -> bytes | None:
    """The bytes of a photo's file; None where it has none."""
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    place = image.path if isinstance(image, Photo) else image
    if not isinstance(place, str | PathLike):
        return None
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise PhotoError(f"{place}: it cannot be read ({error.strerror})") from error


def _path(image: Photo | PhotoSource) -> str | None:
    if isinstance(image, Photo):
        return image.path
    return str(image) if isinstance(image, str | PathLike) else None
