"""Checkpoints that can be downloaded, and the cache where they go."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from seagull.files.fetch import DownloadError, Progress, fetch
from seagull.files.home import HomeError, home_path

__all__ = [
    "DOWNLOADS",
    "Download",
    "DownloadError",
    "HomeError",
    "Progress",
    "cache_dir",
    "cached",
    "download",
    "fetch",
    "find_download",
]


@dataclass(frozen=True)
class Download:
    """A file that can be fetched.

    Args:
        name: by which people ask for it.
        url: where it is.
        filename: its name in the cache.
        size: in bytes.
        sha256: digest of the whole file, hexadecimal.
        about: one line for a list.
    """

    name: str
    url: str
    filename: str
    size: int
    sha256: str
    about: str


def _sam(letter: str, filename: str, size: int, sha256: str) -> Download:
    return Download(
        name=f"sam-vit-{letter}",
        url=f"https://dl.fbaipublicfiles.com/segment_anything/{filename}",
        filename=filename,
        size=size,
        sha256=sha256,
        about=f"Segment Anything, ViT-{letter.upper()} (Meta, Apache-2.0)",
    )


# The six hexadecimal digits in the official names begin the MD5, not the SHA-256.
_SAM = (
    _sam(
        "b",
        "sam_vit_b_01ec64.pth",
        375_042_383,
        "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
    ),
    _sam(
        "l",
        "sam_vit_l_0b3195.pth",
        1_249_524_607,
        "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
    ),
    _sam(
        "h",
        "sam_vit_h_4b8939.pth",
        2_564_550_879,
        "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
    ),
)
DOWNLOADS: dict[str, Download] = {download.name: download for download in _SAM}
"""What ``seagull download`` offers, by name."""


def cache_dir() -> Path:
    """The folder of downloaded files: ``seagull`` in the user's cache (XDG_CACHE_HOME).

    Raises:
        HomeError: if there is no such variable and no home folder.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else home_path("~/.cache")
    return root / "seagull"


def cached(name: str) -> Path | None:
    """The downloaded file of that name, if it is there whole.

    Raises:
        DownloadError: if there is no download of that name.
    """
    download = find_download(name)
    path = cache_dir() / download.filename
    return path if path.is_file() and path.stat().st_size == download.size else None


def find_download(name: str) -> Download:
    """The entry of ``DOWNLOADS`` of that name.

    Raises:
        DownloadError: naming the nearest ones, if there is none.
    """
    if name in DOWNLOADS:
        return DOWNLOADS[name]
    near = difflib.get_close_matches(name, DOWNLOADS, n=3) or sorted(DOWNLOADS)
    raise DownloadError(f"there is no download {name!r}; did you mean {', '.join(near)}?")


def download(name: str, progress: Progress | None = None) -> Path:
    """The path of a file of ``DOWNLOADS``, fetched unless it is in the cache.

    Raises:
        DownloadError: if the name is unknown or the file cannot be had.
    """
    wanted = find_download(name)
    if path := cached(name):
        return path
    target = cache_dir() / wanted.filename
    return fetch(wanted.url, target, sha256=wanted.sha256, size=wanted.size, progress=progress)
