"""Whether outputs can be written, each to a place of its own, and none among the photos."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from seagull.cli.pictures import PICTURE_ENDINGS, common_folder, is_folder, picture_path
from seagull.files.streams import is_stream, leads_to_stdout
from seagull.photos.lists import first_match, names_a_pattern


def check_stdout(paths: Mapping[str, Path | None], json: bool) -> None:
    """Passes if at most one output writes to stdout.

    Args:
        paths: by option, where each output goes.
        json: whether JSON goes to stdout.

    Raises:
        ValueError: naming the options.
    """
    taken = [f"--{name} {path}" for name, path in paths.items() if path and leads_to_stdout(path)]
    taken += ["--json"] if json else []
    if len(taken) > 1:
        raise ValueError(f"{' and '.join(taken)} both write to stdout; give one a file")


def check_distinct(
    paths: Mapping[str, Path | None], pictures: Collection[str], several: bool
) -> None:
    """Passes if no two outputs name one file.

    Args:
        paths: by option, where each output goes.
        pictures: options that may name a folder, and the same one: their files' names differ.
        several: whether more than one result may come.

    Raises:
        ValueError: naming the options.
    """
    taken: dict[str, str] = {}
    for name, path in paths.items():
        if path is None or is_stream(path):
            continue
        other = taken.setdefault(os.path.realpath(path), name)
        share = {name, other} <= set(pictures) and is_folder(path, several)
        if other != name and not share:
            raise ValueError(
                f"--{other} and --{name} both name {path}, where one would overwrite the other; "
                "give each a file of its own"
            )


def check_file(option: str, path: Path | None) -> None:
    """Passes if a file can be written there, or nothing is to be.

    Raises:
        ValueError: naming the option.
    """
    if path is None or is_stream(path):
        return
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise ValueError(f"--{option} {path}: {what}; name a file in a folder that exists")


def check_picture(option: str, path: Path | None, several: bool) -> None:
    """Passes if pictures can be written there: a file of one photo's, a folder of several's.

    Raises:
        ValueError: naming the option.
    """
    if path is None:
        return
    if several and path.suffix.lower() in PICTURE_ENDINGS and not path.is_dir():
        raise ValueError(f"--{option} {path}: several photos need a folder here, not one file")
    if several and path.exists() and not path.is_dir():
        raise ValueError(f"--{option} {path}: it is a file; several photos need a folder here")
    if is_folder(path, several):
        return
    if path.suffix.lower() not in PICTURE_ENDINGS:
        raise ValueError(f"--{option} {path}: pictures end in {', '.join(PICTURE_ENDINGS)}")
    if not path.parent.is_dir():
        raise ValueError(f"--{option} {path}: there is no folder {path.parent}; make it first")


def check_outside(option: str, path: Path, arguments: Sequence[str]) -> None:
    """Passes if pictures do not go into a folder that is looked through for photos.

    Args:
        option: that names where pictures go.
        path: where they go.
        arguments: what photos are named by.

    Raises:
        ValueError: naming the option.
    """
    for folder in [Path(one).resolve() for one in arguments if Path(one).is_dir()]:
        if path.resolve().is_relative_to(folder):
            raise ValueError(
                f"--{option} {path}: inside {folder}, where the next run would take the "
                "pictures for photos; name a folder outside"
            )


def check_unmatched(
    option: str, path: Path, photos: Sequence[Path], arguments: Sequence[str]
) -> None:
    """Passes if no picture overwrites a photo, or is matched by a pattern of photos.

    Args:
        option: that names the folder of pictures.
        path: this folder.
        photos: of which pictures are drawn.
        arguments: what photos are named by.

    Raises:
        ValueError: naming the option.
    """
    root = common_folder(photos)
    pictures = [picture_path(path, photo, root, option) for photo in photos]
    read = {os.path.abspath(photo) for photo in photos}  # noqa: PTH100 - it takes out ".."
    for picture in pictures:
        if os.path.abspath(picture) in read:  # noqa: PTH100
            raise ValueError(
                f"--{option} {path}: a picture would overwrite the photo {picture}; name another "
                "folder"
            )
    for pattern in filter(names_a_pattern, arguments):
        if (found := first_match(pattern, pictures)) is not None:
            raise ValueError(
                f"--{option} {path}: the next run would take {found} for a photo, since "
                f"{pattern} matches it; name another folder"
            )
