"""Finds the adapter of a model folder: the one shipped with seagull-nano, or a training run's."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from seagull.model.folders import ADAPTER_FILE, NANO_FOLDER


def nano_adapter() -> Path | None:
    """The trained adapter inside the package; None where it has none."""
    place = resources.files("seagull.model.presets") / "nano" / ADAPTER_FILE
    file = Path(str(place))
    return file if file.is_file() else None


def adapter_in(folder: Path) -> Path | None:
    """The adapter of a training run's folder or an adapter's folder; None for a model folder."""
    if (folder / "config.json").is_file():
        return None
    for file in (folder / ADAPTER_FILE, folder / "adapter" / ADAPTER_FILE):
        if file.is_file():
            return file
    return None


def shipped_adapter(folder: Path) -> Path | None:
    """The shipped adapter that a model folder is completed by; None for all but nano's."""
    return nano_adapter() if folder.name == NANO_FOLDER else None


def file_digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
