"""Which photos of two folders are one scene before and after, by the one rule of photo identity."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seagull.photos.identity import AmbiguousPhotoError, PhotoNames


@dataclass(frozen=True)
class PhotoPair:
    """The files of one scene, before and after."""

    before: Path
    after: Path


@dataclass(frozen=True)
class Pairing:
    """The pairs of two folders, and what is wrong with all other photos.

    Args:
        pairs: in the order of the photos before.
        problems: one line for each photo without a pair, or with several.
    """

    pairs: tuple[PhotoPair, ...]
    problems: tuple[str, ...]


def pair_photos(before: tuple[Path, Sequence[Path]], after: tuple[Path, Sequence[Path]]) -> Pairing:
    """Pairs photos whose names below their folders mean one photo, whatever their endings.

    Args:
        before: a folder and the photos below it.
        after: the other folder and its photos.
    """
    first, second = _named(*before), _named(*after)
    forward = PhotoNames(second, first, any_ending=True)
    back = PhotoNames(first, second, any_ending=True)
    pairs: list[PhotoPair] = []
    problems: list[str] = []
    used: dict[str, str] = {}
    for name, path in first.items():
        other = _find(forward, name, path, after[0], problems)
        if other is not None and other in used:
            problems.append(f"{path}: its pair {second[other]} is already that of {used[other]}")
        elif other is not None:
            used[other] = name
            pairs.append(PhotoPair(path, second[other]))
    for name, path in second.items():
        if name not in used:
            _find(back, name, path, before[0], problems)
    return Pairing(tuple(pairs), tuple(problems))


def _find(
    names: PhotoNames, name: str, path: Path, folder: Path, problems: list[str]
) -> str | None:
    """The name of the same photo in the other folder; without one, a line more of problems."""
    try:
        found = names.find(name)
    except AmbiguousPhotoError as error:
        problems.append(f"{path}: {error}")
        return None
    if found is None:
        problems.append(f"{path}: no photo of this name below {folder}")
    return found


def _named(folder: Path, photos: Sequence[Path]) -> dict[str, Path]:
    return {Path(os.path.relpath(path, folder)).as_posix(): path for path in photos}
