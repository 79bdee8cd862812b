"""Which photo a name means: the one rule for tables, records, annotations, predictions and files.

A photo's identity is its path below its set's root. Two names mean one photo if, in this order,

1. they are equal as written (``\\`` and ``/`` alike);
2. they are equal once ``%20`` is decoded, and upper and lower case are not told apart, and no other
   name is equal as written;
3. one is the end of the other (``sub/a.jpg`` and ``/data/photos/sub/a.jpg``), and no other name of
   either set could be meant as well;
4. where asked for: as 2 and then as 3, whatever the picture's ending (``a`` or ``a.png`` for
   ``a.jpg``).

``bear/1.jpg`` and ``car/1.jpg`` never mean one photo.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from seagull.photos.lists import PHOTO_ENDINGS

_ENDINGS = PHOTO_ENDINGS | {".json", ".xml", ".txt"}
_MOST_LISTED = 1_000_000
"""Files of a folder that are looked through for names that are not found where they point to."""
_KEPT = 3
"""Names kept under one shorter name: two are ambiguous already, the third may be the asked one."""

Parts = tuple[str, ...]


class AmbiguousPhotoError(ValueError):
    """A name that could mean several photos; the message names two of them."""


def photo_identity(name: str) -> Parts:
    """The parts of the path that identifies a photo in its set; a root or ``..`` is none of them.

    A drive (``C:``) and ``file://`` belong to a root, too.
    """
    plain = re.sub(r"^(file:/+|[A-Za-z]:(?=[\\/]))", "", name).replace("\\", "/")
    parts = os.path.normpath("/" + plain).split("/")
    return tuple(part for part in parts if part not in ("", ".", ".."))


def may_be_same(first: str, second: str) -> bool:
    """Whether two names could mean one photo: one is the end of the other."""
    one, two = (_loose(photo_identity(name)) for name in (first, second))
    length = min(len(one), len(two))
    return length > 0 and one[-length:] == two[-length:]


def _loose(parts: Parts) -> Parts:
    decoded = unquote("/".join(parts), errors="surrogateescape")
    return photo_identity(unicodedata.normalize("NFC", decoded).casefold())


def _endless(parts: Parts) -> Parts:
    last = Path(parts[-1]) if parts else Path()
    return (*parts[:-1], last.stem) if last.suffix.lower() in _ENDINGS else parts


class _Ends:
    """The names of one set under their identities and the ends of these."""

    def __init__(self) -> None:
        self.whole: dict[Parts, list[str]] = {}
        self.ends: dict[Parts, list[str]] = {}

    def add(self, parts: Parts, name: str) -> None:
        _keep(self.whole, parts, name)
        for start in range(1, len(parts)):
            _keep(self.ends, parts[start:], name)

    def alike(self, parts: Parts) -> list[str]:
        """Names that are this one; without any, those that are an end of it or end with it."""
        if parts in self.whole:
            return self.whole[parts]
        found = list(self.ends.get(parts, ()))
        for start in range(1, len(parts)):
            found += self.whole.get(parts[start:], ())
        return found


class _Names:
    """The names of one set by every step of the rule."""

    def __init__(self, names: Iterable[str], any_ending: bool) -> None:
        self.written: dict[Parts, list[str]] = {}
        self.loose: dict[Parts, list[str]] = {}
        self.near = {ending: _Ends() for ending in (False, True)[: 1 + any_ending]}
        for name in dict.fromkeys(names):
            written = photo_identity(name)
            loose = _loose(written)
            _keep(self.written, written, name)
            _keep(self.loose, loose, name)
            for ending, near in self.near.items():
                near.add(_endless(loose) if ending else loose, name)

    def as_written(self, name: str) -> list[str]:
        return self.written.get(photo_identity(name), [])

    def as_read(self, name: str) -> list[str]:
        return self.loose.get(_loose(photo_identity(name)), [])

    def equal(self, name: str) -> list[str]:
        return self.as_written(name) or self.as_read(name)

    def alike(self, name: str, any_ending: bool) -> list[str]:
        loose = _loose(photo_identity(name))
        return self.near[any_ending].alike(_endless(loose) if any_ending else loose)


def _keep(names: dict[Parts, list[str]], key: Parts, name: str) -> None:
    if len(kept := names.setdefault(key, [])) < _KEPT:
        kept.append(name)


class PhotoNames:
    """Joins the names of two sets by the rule above.

    Args:
        known: names that can be found.
        asked: names of the other set, each of which may be asked for.
        any_ending: whether names may differ in the picture's ending (step 4).
    """

    def __init__(
        self, known: Iterable[str], asked: Iterable[str], *, any_ending: bool = False
    ) -> None:
        self._known, self._asked = _Names(known, any_ending), _Names(asked, any_ending)

    def find(self, name: str) -> str | None:
        """The known name that means the same photo; None if there is none.

        Raises:
            AmbiguousPhotoError: if there are several, or the one is as near to another asked name.
        """
        if written := self._known.as_written(name):
            return _only(name, written)
        # A name that is equal to an asked one means that photo and no other.
        if read := [one for one in self._known.as_read(name) if not self._asked.as_written(one)]:
            others = [one for one in self._asked.as_read(name) if not self._known.as_written(one)]
            return self._of_one(name, _only(name, read), others)
        for any_ending in self._known.near:
            near = self._known.alike(name, any_ending)
            if near := [one for one in near if not self._asked.equal(one)]:
                found = _only(name, near)
                return self._of_one(name, found, self._asked.alike(found, any_ending))
        return None

    def _of_one(self, name: str, found: str, asked: Iterable[str]) -> str:
        """What was found, unless other asked names mean it as well."""
        identity = photo_identity(name)
        _only(found, [name, *(one for one in asked if photo_identity(one) != identity)])
        return found


def _only(name: str, found: list[str]) -> str:
    different = list(dict.fromkeys(found))
    if len(different) > 1:
        raise AmbiguousPhotoError(
            f"{name} could mean {different[0]} or {different[1]}; write its path below the folder "
            "of the photos"
        )
    return different[0]


def photo_file(folder: Path, name: str) -> Path:
    """The file that a name means from a folder.

    As written; where there is no such file, with ``\\`` read as ``/``, and with ``%20`` decoded; as
    written, if there is none of those either.
    """
    as_written = folder / name
    if not _is_file(as_written):
        slashed = name.replace("\\", "/")
        for other in (slashed, unquote(slashed)):
            if other != name and _is_file(folder / other):
                return folder / other
    return as_written


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or holds a NUL
        return False


def photo_files_of(folder: Path, names: Iterable[str]) -> Mapping[str, Path | AmbiguousPhotoError]:
    """The files that names of one set mean, without those that `photo_file` finds by itself.

    The folder is looked through only if a name is not found where it points to.

    Args:
        folder: where the names start.
        names: all names of the set, so that none gets another one's photo.
    """
    names = list(dict.fromkeys(names))
    found: dict[str, Path | AmbiguousPhotoError] = dict(_decoded_twice(folder, names))
    missing = [name for name in names if not _is_file(photo_file(folder, name))]
    if not missing:
        return found
    joined = PhotoNames(_photos_below(folder), names)
    for name in missing:
        try:
            if (file := joined.find(name)) is not None:
                found[name] = folder / file
        except AmbiguousPhotoError as error:
            found[name] = error
    return found


def _decoded_twice(folder: Path, names: Iterable[str]) -> Iterator[tuple[str, AmbiguousPhotoError]]:
    """Names that mean a file only once ``%20`` is decoded, where another name is that file's."""
    identities = {photo_identity(name) for name in names}
    for name in names:
        decoded = unquote(name)
        if decoded == name or photo_identity(decoded) not in identities:
            continue
        if not _is_file(folder / name) and _is_file(photo_file(folder, name)):
            reason = f"{name} could mean {decoded}, which is there as well; keep one of them"
            yield name, AmbiguousPhotoError(reason)


def _photos_below(folder: Path) -> Iterator[str]:
    seen = 0
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        seen += len(files)
        if seen > _MOST_LISTED:
            return
        for name in files:
            file = Path(place, name)
            if file.suffix.lower() in PHOTO_ENDINGS and not name.startswith("."):
                yield file.relative_to(folder).as_posix()
