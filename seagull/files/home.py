"""Paths that begin at the home folder, which not every user has."""

from __future__ import annotations

from pathlib import Path


class HomeError(ValueError):
    """There is no home folder; the message says what to set."""


def home_path(path: str | Path) -> Path:
    """The path, with ``~`` or ``~user`` in front replaced by that home folder.

    Raises:
        HomeError: if there is no such home folder (a user that the machine does not know).
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise HomeError(
            f"{path}: there is no such home folder; set HOME or XDG_CACHE_HOME to a folder of "
            "yours, or give a whole path"
        ) from error
