"""One file from the web: resumed where it stopped, checked before it stands under its name.

Only https, except from this machine itself. Until the file is whole and its SHA-256 is right, it is
``NAME.part``.
"""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import logging
import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes expected."""

_BLOCK = 1 << 20
_TIMEOUT = 30.0
_ATTEMPTS = 3


class DownloadError(ValueError):
    """A download that failed; the message says which, why, and what to do."""


def fetch(
    url: str,
    target: Path,
    *,
    sha256: str,
    size: int | None = None,
    max_size: int = 20 << 30,
    progress: Progress | None = None,
) -> Path:
    """Brings a file to ``target``; goes on with what an earlier attempt left.

    Args:
        url: https, or http from a loopback address.
        target: where the file will stand once it is whole; its folder is made.
        sha256: digest that the file must have, hexadecimal.
        size: bytes it must have, if known.
        max_size: bytes after which a file of unknown size is refused.
        progress: told how far it is.

    Returns:
        ``target``.

    Raises:
        DownloadError: if the address is refused or cannot be reached, the disk is too small, or
            the file is not the one expected (it is then removed).
    """
    _check_address(url)
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _receive(_Transfer(url, part, size, size or max_size, progress))
        _check_digest(url, part, sha256)
        part.replace(target)
    except OSError as error:
        raise DownloadError(f"{target}: cannot be written ({error.strerror or error})") from error
    return target


@dataclass(frozen=True)
class _Transfer:
    url: str
    part: Path
    size: int | None
    limit: int
    progress: Progress | None

    @property
    def have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise DownloadError(f"{url}: only https addresses are fetched")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to addresses that could have been asked for."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        _check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _receive(transfer: _Transfer) -> None:
    """Fills the part file, asking again where the connection broke."""
    for attempt in range(1, _ATTEMPTS + 1):
        before = transfer.have
        if transfer.size is not None and before > transfer.size:
            transfer.part.unlink()
        if transfer.size is not None and before == transfer.size:
            return
        problem = _receive_once(transfer)
        if problem is None:
            return
        if attempt == _ATTEMPTS:
            raise DownloadError(
                f"{transfer.url}: {problem}; what has arrived is kept, run the command again "
                "to go on"
            )
        logger.info("%s: %s; asking for the rest", transfer.url, problem)


def _receive_once(transfer: _Transfer) -> str | None:
    """One request; None if the file is whole, else what went wrong on the way."""
    have = transfer.have
    request = urllib.request.Request(transfer.url, headers={"User-Agent": "seagull"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    opener = urllib.request.build_opener(_CheckedRedirects)
    try:
        with opener.open(request, timeout=_TIMEOUT) as response:
            return _store(transfer, response, have)
    except urllib.error.HTTPError as error:
        if error.code == 416:
            # Nothing lies beyond what is there: either it is whole, or it is another file's part.
            return _beyond_the_end(transfer, error)
        raise DownloadError(
            f"{transfer.url}: the server answers {error.code} {error.reason}"
        ) from error
    except urllib.error.URLError as error:
        raise DownloadError(
            f"{transfer.url}: cannot be reached ({error.reason}); check the network and run the "
            "command again"
        ) from error
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        return f"the connection broke ({type(error).__name__})"


def _beyond_the_end(transfer: _Transfer, error: urllib.error.HTTPError) -> str | None:
    total = error.headers.get("Content-Range", "").rpartition("/")[2]
    if total == str(transfer.have):
        return None
    transfer.part.unlink()
    return "the part that was here is not of this file"


def _store(transfer: _Transfer, response: http.client.HTTPResponse, have: int) -> str | None:
    resumed = response.status == 206 and _starts_at(response, have)
    have = have if resumed else 0
    length = response.headers.get("Content-Length", "")
    total = have + int(length) if length.isascii() and length.isdigit() else transfer.size
    _check_total(transfer, total, have)
    with transfer.part.open("ab" if resumed else "wb") as out:
        while block := response.read(_BLOCK):
            have += len(block)
            if have > transfer.limit:
                raise DownloadError(f"{transfer.url}: more than {transfer.limit} bytes; stopped")
            out.write(block)
            if transfer.progress:
                transfer.progress(have, total or have)
    if total is not None and have < total:
        return f"the connection broke after {have} of {total} bytes"
    return None


def _starts_at(response: http.client.HTTPResponse, have: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {have}-")


def _check_total(transfer: _Transfer, total: int | None, have: int) -> None:
    if total is None:
        return
    if total > transfer.limit or (transfer.size is not None and total != transfer.size):
        wanted = transfer.size if transfer.size is not None else f"at most {transfer.limit}"
        raise DownloadError(f"{transfer.url}: the file has {total} bytes, expected {wanted}")
    free = shutil.disk_usage(transfer.part.parent).free
    if total - have > free:
        raise DownloadError(
            f"{transfer.part.parent}: {(total - have) >> 20} MiB are needed, {free >> 20} MiB are "
            "free; make room or set XDG_CACHE_HOME to a larger disk"
        )


def _check_digest(url: str, part: Path, sha256: str) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256.lower():
        part.unlink()
        raise DownloadError(
            f"{url}: the file's SHA-256 is {found[:16]}..., expected {sha256[:16].lower()}...; "
            "it was removed, run the command again"
        )
