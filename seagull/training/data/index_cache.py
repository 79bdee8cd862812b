"""Caches the indexes of large record files, so that a run starts at once.

An index belongs to a file's path, size and time of change. Photos beside the file are not looked at
again: replacing one by another of other size takes a new file of records, or an emptied cache.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seagull.files.download import cache_dir
from seagull.records.sources import RecordFile

logger = logging.getLogger(__name__)

SMALLEST_KEPT = 4 << 20
"""Smaller files, in bytes, are read anew each time: that is quick, and finds faults."""
_VERSION = 6
_COLUMNS = ("place", "size", "length", "image", "scene", "open")


@dataclass(frozen=True, eq=False)
class FileIndex:
    """What is known of the records of one file.

    Attributes:
        place: byte offset or row, shape (n,).
        size: height and width of the photo, shape (n, 2).
        length: characters of the conversation, shape (n,).
        image: a number per photo, shape (n,).
        scene: a number per group of regions whose order is known, shape (n,).
        open: 1 where an answer has ``QUALITY_SLOT`` in place of a word, else 0, shape (n,).
        left_out: records of the file that cannot be used.
    """

    place: NDArray[np.int64]
    size: NDArray[np.int64]
    length: NDArray[np.int64]
    image: NDArray[np.int64]
    scene: NDArray[np.int64]
    open: NDArray[np.int64]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.place)


def load_index(file: RecordFile, *, checked: bool) -> FileIndex | None:
    """The index that was kept of the file as it is now, if there is one.

    Args:
        file: of records.
        checked: whether the index is one without records whose photo or region cannot be used.
    """
    place = _place(file, checked)
    try:
        with np.load(place, allow_pickle=False) as archive:
            columns = {name: archive[name].astype(np.int64) for name in _COLUMNS}
            left_out = int(archive["left_out"]) if "left_out" in archive else 0
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        logger.warning("%s: not used, the records are read again (%s)", place, error)
        return None
    logger.info("%s: the index of an earlier run is used", file.path)
    if left_out:
        logger.warning("%s: %d records are left out, as before", file.path, left_out)
    return FileIndex(**columns, left_out=left_out)


def store_index(file: RecordFile, index: FileIndex, *, checked: bool) -> None:
    """Keeps the index of a large file, if the cache folder can be written to."""
    if file.path.stat().st_size < SMALLEST_KEPT:
        return
    place = _place(file, checked)
    scratch = place.with_suffix(f".{os.getpid()}.part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        # Processes of one run may write the same index at the same time.
        with scratch.open("wb") as out:
            columns = {name: getattr(index, name) for name in _COLUMNS}
            np.savez(out, left_out=np.array(index.left_out), **columns)
        scratch.replace(place)
    except OSError as error:
        logger.warning("%s: the index is not kept (%s)", place, error)
        scratch.unlink(missing_ok=True)


def _place(file: RecordFile, checked: bool) -> Path:
    status = file.path.stat()
    about = (
        _VERSION,
        str(file.path),
        str(file.folder),
        status.st_size,
        status.st_mtime_ns,
        checked,
    )
    name = hashlib.sha256(repr(about).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return cache_dir() / "indexes" / f"{name}.npz"
