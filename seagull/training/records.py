"""The records of a run: an index in memory, the records themselves read when they are needed."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seagull.config import ConfigError
from seagull.record_files import read_record, records_of
from seagull.record_photos import record_photo_size
from seagull.record_sources import RecordFile, file_digest, source_files
from seagull.records import InstructionRecord
from seagull.training.config import Source
from seagull.training.index_cache import FileIndex, load_index, store_index

_REMEMBERED_PHOTOS = 1 << 16
"""Records about one photo mostly lie close together, so its header is read once."""


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """Where each record lies and what batching needs to know of it: 64 bytes a record.

    Attributes:
        files: that hold records.
        file: index into ``files`` per record, shape (n,).
        place: byte offset in a JSONL, row in a table, shape (n,).
        source: index of the source per record, shape (n,).
        size: height and width of the photo, shape (n, 2).
        length: characters of the conversation, shape (n,).
        image: number of the photo, in the order they first appear in, shape (n,).
        scene: number of the group inside which its regions are put in order, likewise; that of its
            photo where there is none, shape (n,).
    """

    files: tuple[RecordFile, ...]
    file: NDArray[np.int64]
    place: NDArray[np.int64]
    source: NDArray[np.int64]
    size: NDArray[np.int64]
    length: NDArray[np.int64]
    image: NDArray[np.int64]
    scene: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.file)

    def read(self, index: int) -> InstructionRecord:
        """The record with this number."""
        return read_record(self.files[self.file[index]].path, int(self.place[index]))

    def folder(self, index: int) -> Path:
        """Where the paths in the record with this number start."""
        return self.files[self.file[index]].folder


def build_index(sources: Sequence[Source]) -> RecordIndex:
    """Reads every record and every photo's header once; faults show before training starts.

    A large file's index is kept in the cache folder, see ``seagull.training.index_cache``.

    Raises:
        ConfigError: if a source has no records.
        ValueError: with file and line, if a record is faulty.
        PhotoError: if a photo cannot be opened.
    """
    files: list[RecordFile] = []
    found: list[FileIndex] = []
    owners: list[int] = []
    for number, source in enumerate(sources):
        mine = source_files(source.path, source.split)
        parts = [_file_index(file) for file in mine]
        if not sum(map(len, parts)):
            raise ConfigError(f"{source.path}: there are no records")
        files, found, owners = files + mine, found + parts, owners + [number] * len(mine)
    counts = [len(part) for part in found]
    return RecordIndex(
        files=tuple(files),
        file=np.repeat(np.arange(len(files)), counts),
        place=np.concatenate([part.place for part in found]),
        source=np.repeat(np.array(owners, dtype=np.int64), counts),
        size=np.concatenate([part.size for part in found]),
        length=np.concatenate([part.length for part in found]),
        image=_numbered(np.concatenate([part.image for part in found])),
        scene=_numbered(np.concatenate([part.scene for part in found])),
    )


def fingerprint(sources: Sequence[Source]) -> dict[str, str]:
    """Digest of every record file, by path."""
    files = [file.path for source in sources for file in source_files(source.path, source.split)]
    return {str(path): file_digest(path) for path in files}


def _file_index(file: RecordFile) -> FileIndex:
    if (known := load_index(file)) is not None:
        return known
    size_of = lru_cache(_REMEMBERED_PHOTOS)(partial(record_photo_size, folder=file.folder))
    # Machine integers from the start: a list of tuples would take six times the memory.
    rows = array("q")
    for place, record in records_of(file.path):
        length = sum(len(message.content) for message in record.messages)
        photo = _mark(file, record.image)
        groups = [known.order.group for known in record.labels.values() if known.order]
        scene = _mark(file, groups[0]) if groups else photo
        rows.extend((place, *size_of(record.image), length, photo, scene))
    table = np.frombuffer(rows, dtype=np.int64).reshape(-1, 6) if rows else np.empty((0, 6), int)
    columns = table[:, 0], table[:, 1:3], table[:, 3], table[:, 4], table[:, 5]
    index = FileIndex(*(column.copy() for column in columns))
    store_index(file, index)
    return index


def _mark(file: RecordFile, image: str) -> int:
    """63 bits that tell a photo from others: 8 bytes where a path takes a hundred."""
    name = str(file.folder / image).encode("utf-8", "surrogateescape")
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big") >> 1


def _numbered(marks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers from 0 on instead of marks, which would make an order depend on the data's folder."""
    _, first, which = np.unique(marks, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), dtype=np.int64)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[which.ravel()]
