"""Which photos are meant by a file, a folder or a pattern, and what is left out there."""

from __future__ import annotations

import glob
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from seagull.photos.files import EXTENSIONS, PhotoError
from seagull.photos.raw import RAW_SUFFIXES

HEIC_SUFFIXES = frozenset((".heic", ".heif", ".hif"))
PHOTO_ENDINGS = EXTENSIONS | RAW_SUFFIXES | HEIC_SUFFIXES
"""Endings, in lower case, by which photos are found in folders, patterns and shards."""

_OPTIONAL = (("RAW", RAW_SUFFIXES, "rawpy", "raw"), ("HEIC", HEIC_SUFFIXES, "pillow_heif", "heic"))
"""Types that need a package of their own: the package, and the extra that installs it."""
_HIDDEN, _LINKED, _CLOSED = "hidden", "linked folder", "folder that cannot be read"
_DANGLING, _UNREADABLE, _OTHER = "link to nothing", "file that cannot be read", "device or pipe"
_FOLDER, _NO_ENDING = "folder", "file without an ending"
_PLURALS = {
    _LINKED: "linked folders", _CLOSED: "folders that cannot be read", _FOLDER: "folders",
    _DANGLING: "links to nothing", _UNREADABLE: "files that cannot be read",
    _OTHER: "devices or pipes", _NO_ENDING: "files without an ending",
}  # fmt: skip

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class LeftOut:
    """Something below a folder, or matched by a pattern, that is not used.

    Attributes:
        path: where it is.
        kind: why: its type (``TXT``), or what it is, in the singular.
    """

    path: Path
    kind: str


@dataclass(frozen=True)
class Listing:
    """The photos of a folder or pattern, and all else that is there.

    Attributes:
        photos: in natural order: ``a2`` before ``a10``.
        left_out: in the order of their paths.
    """

    photos: tuple[Path, ...]
    left_out: tuple[LeftOut, ...] = ()


def listed(folder: Path, *, skip: Path | None = None) -> Listing:
    """All below a folder: photos by their endings, and what is left out.

    Linked folders are not entered: they may lead in circles; they can be named as folders.

    Args:
        folder: an existing folder.
        skip: a folder below that is not looked at, e.g. an output folder.
    """
    left_out: list[LeftOut] = []
    files = [here / name for here, names in _walk(folder, left_out, skip) for name in names]
    return _sorted_out(files, left_out)


def _walk(
    folder: Path, left_out: list[LeftOut], skip: Path | None = None
) -> Iterator[tuple[Path, list[str]]]:
    """The folder and all below it that are entered, each with the names of its files.

    Adds to ``left_out`` the folders that are not entered.
    """

    def closed(error: OSError) -> None:
        left_out.append(LeftOut(Path(os.fsdecode(error.filename)), _CLOSED))

    for root, folders, names in os.walk(folder, onerror=closed):
        here = Path(root)
        left_out += [LeftOut(here / name, _HIDDEN) for name in folders if name[0] == "."]
        folders[:] = [name for name in folders if name[0] != "." and not _same(here / name, skip)]
        linked = [here / name for name in folders if os.path.islink(here / name)]  # noqa: PTH114
        left_out += [LeftOut(path, _LINKED) for path in linked]
        yield here, names


def list_photos(patterns: Sequence[str | Path]) -> Listing:
    """The photos meant by files, folders (with all below them) and glob patterns.

    A file named as such is taken whatever its ending. Within a folder or pattern, only files with
    a photo's ending count, hidden ones (``.name``) do not. A photo meant twice, such as by its
    relative and its absolute path, is listed once; a link to a photo is another photo.

    Raises:
        PhotoError: if one of the patterns means no photo.
    """
    return joined([_matches(str(pattern)) for pattern in patterns])


def joined(listings: Sequence[Listing]) -> Listing:
    """Several listings as one: everything once, and what one of them has is not left out."""
    place = _placing()
    photos: dict[str, Path] = {}
    left_out: dict[str, LeftOut] = {}
    for one in listings:
        for photo in one.photos:
            photos.setdefault(place(photo), photo)
        for item in one.left_out:
            left_out.setdefault(place(item.path), item)
    rest = tuple(item for where, item in left_out.items() if where not in photos)
    return Listing(tuple(photos.values()), rest)


def _placing() -> Callable[[Path], str]:
    """Gives a path's place: the same for all names of a file, but not for a link to it."""
    real = cache(os.path.realpath)
    return lambda path: os.path.join(real(path.parent), path.name)  # noqa: PTH118


def find_photos(patterns: Sequence[str | Path]) -> list[Path]:
    """The photos of ``list_photos``; what is left out is logged as a warning.

    Raises:
        PhotoError: if one of the patterns means no photo.
    """
    found = list_photos(patterns)
    if found.left_out:
        logger.warning("%s", left_out_text(found.left_out))
    return list(found.photos)


def left_out_text(items: Sequence[LeftOut]) -> str:
    """One line: ``3 left out: 2 TXT (a/notes.txt ...), 1 link to nothing (b.jpg)``; or nothing."""
    kinds: dict[str, list[Path]] = {}
    for item in items:
        kinds.setdefault(item.kind, []).append(item.path)
    most_first = sorted(kinds.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    parts = [
        f"{len(paths)} {_PLURALS.get(kind, kind) if paths[1:] else kind} "
        f"({paths[0]}{' ...' if paths[1:] else ''})"
        for kind, paths in most_first
    ]
    hints = [
        f"{name} photos need {package}: pip install 'seagull-iqa[{extra}]'"
        for name, suffixes, package, extra in _OPTIONAL
        if any(item.path.suffix.lower() in suffixes for item in items) and not _installed(package)
    ]
    return "; ".join([f"{len(items)} left out: {', '.join(parts)}", *hints]) if items else ""


def names_a_pattern(text: str) -> bool:
    """Whether an argument means what matches it; a name that exists means itself."""
    return glob.has_magic(text) and not os.path.lexists(text)


def matching(pattern: str) -> list[Path]:
    """What matches a glob pattern; leading folders that exist are meant as they are written.

    ``**`` enters no linked folder, see ``listed``; those that are there are logged as a warning.
    """
    found, left_out = _matched(pattern)
    if left_out:
        logger.warning("%s", left_out_text(left_out))
    return found


def first_match(pattern: str, paths: Iterable[Path]) -> Path | None:
    """The first of these paths that a glob pattern matches or would match, if it were there."""
    folder, parts = _split(pattern)
    start, place = Path(os.path.realpath(folder)), _placing()
    for path in paths:
        where = Path(place(path))
        if where.is_relative_to(start) and _fits(where.relative_to(start).parts, parts):
            return path
    return None


def _matched(pattern: str) -> tuple[list[Path], list[LeftOut]]:
    """What matches a pattern, and the folders that ``**`` did not enter, but hidden ones."""
    left_out: list[LeftOut] = []
    folder, parts = _split(pattern)
    found = dict.fromkeys(Path(name) for name in _glob(folder, parts, left_out))
    return list(found), [item for item in dict.fromkeys(left_out) if item.kind != _HIDDEN]


def _split(pattern: str) -> tuple[str, Sequence[str]]:
    """The leading folders of a pattern that exist, and its other parts."""
    parts = Path(pattern).parts
    exist = (n for n in range(len(parts) - 1, 0, -1) if Path(*parts[:n]).is_dir())
    fixed = next(exist, 0)
    return str(Path(*parts[:fixed])), parts[fixed:]


def _glob(folder: str, parts: Sequence[str], left_out: list[LeftOut]) -> Iterator[str]:
    """What the parts of a pattern match in a folder; adds to ``left_out`` as ``_walk`` does."""
    if "**" not in parts:
        yield from glob.iglob(str(Path(glob.escape(folder), *parts)))  # noqa: PTH207
        return
    stars = parts.index("**")
    tops = _glob(folder, parts[:stars], left_out) if stars else [folder]
    for top in tops:
        if os.path.isdir(top):  # noqa: PTH112
            for here, _ in _walk(Path(top), left_out):
                yield from _glob(str(here), parts[stars + 1 :] or ["*"], left_out)


def _fits(names: Sequence[str], parts: Sequence[str]) -> bool:
    """Whether the names of a path fit the parts of a pattern, by the rules of ``_glob``."""
    if not names or not parts:
        return not names and not parts
    first, rest = parts[0], parts[1:]
    visible = first.startswith(".") or not names[0].startswith(".")
    if first == "**":
        return _fits(names, rest or ["*"]) or (visible and _fits(names[1:], parts))
    return visible and fnmatch(names[0], first) and _fits(names[1:], rest)


def _matches(pattern: str) -> Listing:
    path = Path(pattern)
    if _is_file(path):
        return Listing((path,))
    if os.path.isdir(path):  # noqa: PTH112
        found, problem = listed(path), "no photo in this folder or below it"
    elif names_a_pattern(pattern):
        found, problem = _sorted_out(*_matched(pattern)), "no photo matches this pattern"
    else:
        raise PhotoError(f"{pattern}: there is no such file or folder; check the path")
    if not found.photos:
        left_out = left_out_text(found.left_out)
        raise PhotoError(f"{pattern}: {problem}" + (f"; {left_out}" if left_out else ""))
    return found


def _sorted_out(paths: Iterable[Path], not_entered: Iterable[LeftOut]) -> Listing:
    photos: list[Path] = []
    left_out = list(not_entered)
    for path in paths:
        if (kind := _why_not(path)) is None:
            photos.append(path)
        else:
            left_out.append(LeftOut(path, kind))
    return Listing(tuple(sorted(photos, key=_natural_key)), tuple(sorted(left_out, key=_by_path)))


def _why_not(path: Path) -> str | None:
    """What a path is, if it is not used as a photo."""
    if path.name.startswith("."):
        return _HIDDEN
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where permissions are missing
        return _FOLDER
    if not _is_file(path):
        if os.path.exists(path):  # noqa: PTH110
            return _OTHER
        return _DANGLING if os.path.islink(path) else _UNREADABLE  # noqa: PTH114
    ending = path.suffix.lower()
    if ending in PHOTO_ENDINGS and _decodable(ending):
        return None
    return ending[1:].upper() or _NO_ENDING


@lru_cache(maxsize=64)
def _decodable(ending: str) -> bool:
    return all(_installed(package) for _, suffixes, package, _ in _OPTIONAL if ending in suffixes)


def _installed(package: str) -> bool:
    return find_spec(package) is not None


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where permissions are missing


def _same(path: Path, skip: Path | None) -> bool:
    return skip is not None and path.resolve() == skip.resolve()


def _by_path(item: LeftOut) -> tuple[tuple[tuple[bool, int, str], ...], ...]:
    return _natural_key(item.path)


def _natural_key(path: Path) -> tuple[tuple[tuple[bool, int, str], ...], ...]:
    def split(part: str) -> Iterator[tuple[bool, int, str]]:
        for piece in filter(None, re.split(r"([0-9]+)", part.casefold())):
            digits = piece[0] in "0123456789"
            yield digits, int(piece) if digits else 0, piece

    return tuple(tuple(split(part)) for part in path.parts)
