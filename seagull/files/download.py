"""Checkpoints that can be downloaded, each with its digests, and the cache where they go."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from seagull.files.fetch import DownloadError, Progress, fetch
from seagull.files.home import HomeError, home_path

__all__ = [
    "DOWNLOADS",
    "Download",
    "DownloadError",
    "HomeError",
    "Progress",
    "WebFile",
    "cache_dir",
    "cached",
    "download",
    "fetch",
    "find_download",
]


@dataclass(frozen=True)
class WebFile:
    """A file that can be fetched; the last part of its address is its name.

    Args:
        url: where it is.
        size: in bytes.
        sha256: digest of the whole file, hexadecimal.
    """

    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """Its name in the cache."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Download:
    """Something that can be fetched: a file, or a folder of some.

    Args:
        name: by which people ask for it.
        files: what it consists of.
        about: one line for a list.
        folder: where its files lie in the cache; empty for one file in the cache itself.
        package: without which it cannot be read, as imported; empty where the core reads it.
        extra: of Seagull, that installs the package.
    """

    name: str
    files: tuple[WebFile, ...]
    about: str
    folder: str = ""
    package: str = ""
    extra: str = ""

    @property
    def size(self) -> int:
        """All of its bytes."""
        return sum(file.size for file in self.files)

    @property
    def path(self) -> Path:
        """Where it is once it is fetched: its folder, or its file."""
        return cache_dir() / (self.folder or self.files[0].name)

    def place(self, file: WebFile) -> Path:
        """Where one of its files lies."""
        return cache_dir() / self.folder / file.name


def _sam(letter: str, filename: str, size: int, sha256: str) -> Download:
    url = f"https://dl.fbaipublicfiles.com/segment_anything/{filename}"
    return Download(
        name=f"sam-vit-{letter}",
        files=(WebFile(url, size, sha256),),
        about=f"Segment Anything, ViT-{letter.upper()} (Meta, Apache-2.0)",
        package="segment_anything",
        extra="sam",
    )


_SAM2_TINY_AT = (
    "https://huggingface.co/facebook/sam2.1-hiera-tiny/resolve/"
    "de431c4043854a71d8101e17995dfe596bf101a5"
)
_SAM2_TINY = Download(
    name="sam2.1-tiny",
    files=(
        WebFile(
            f"{_SAM2_TINY_AT}/config.json",
            5_695,
            "860aff9751b139d83a4ad7df1e5535416fded533e0ead02625edbefcb9953cce",
        ),
        WebFile(
            f"{_SAM2_TINY_AT}/model.safetensors",
            155_908_064,
            "48c14467e5cf9e51870511feb72c89688e82dd74523142c0538b663e193ac2a7",
        ),
    ),
    about="Segment Anything 2.1, tiny (Meta, Apache-2.0)",
    folder="sam2.1-hiera-tiny",
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
DOWNLOADS: dict[str, Download] = {download.name: download for download in (_SAM2_TINY, *_SAM)}
"""What ``seagull download`` offers, by name; all are segmenters."""


def cache_dir() -> Path:
    """The folder of downloaded files: ``seagull`` in the user's cache (XDG_CACHE_HOME).

    Raises:
        HomeError: if there is no such variable and no home folder.
    """
    base = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(base) if base and Path(base).is_absolute() else home_path("~/.cache")
    return root / "seagull"


def cached(name: str) -> Path | None:
    """The downloaded file or folder of that name, if it is there whole.

    Raises:
        DownloadError: if there is no download of that name.
    """
    wanted = find_download(name)
    return wanted.path if all(_is_whole(wanted, file) for file in wanted.files) else None


def _is_whole(wanted: Download, file: WebFile) -> bool:
    path = wanted.place(file)
    return path.is_file() and path.stat().st_size == file.size


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
    """The path of an entry of ``DOWNLOADS``, fetched unless it is in the cache.

    Raises:
        DownloadError: if the name is unknown, a file cannot be had, or the package that reads it
            is not installed: said before hundreds of megabytes are fetched.
    """
    wanted = find_download(name)
    if wanted.package and not cached(name) and find_spec(wanted.package) is None:
        raise DownloadError(
            f"{name} is read by the package {wanted.package}, which is not installed; "
            f"pip install 'seagull-iqa[{wanted.extra}]' first"
        )
    done = 0
    for file in wanted.files:
        if not _is_whole(wanted, file):
            tell = progress and _beyond(done, wanted.size, progress)
            place = wanted.place(file)
            fetch(file.url, place, sha256=file.sha256, size=file.size, progress=tell)
        done += file.size
    return wanted.path


def _beyond(done: int, total: int, progress: Progress) -> Progress:
    """Progress of one file as that of all."""
    return lambda here, _: progress(done + here, total)
