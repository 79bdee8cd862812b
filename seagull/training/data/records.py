"""The records of a run: an index in memory, the records themselves read when they are needed."""

from __future__ import annotations

import logging
import os
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seagull.files.config import ConfigError
from seagull.language.prompts import QUALITY_SLOT
from seagull.records import InstructionRecord
from seagull.records.files import FaultyRecord, each_record, read_record, records_of
from seagull.records.sources import RecordFile, file_digest, source_files
from seagull.training.config import Source
from seagull.training.data.index_cache import FileIndex, load_index, store_index
from seagull.training.data.photo_checks import (
    check_regions,
    faulty_photos,
    photo_size,
    region_fault,
)

logger = logging.getLogger(__name__)

_COLUMNS = 7
"""Numbers of each record in its file's index."""
_REMEMBERED_PHOTOS = 1 << 16
"""Records about one photo mostly lie close together, so its header is read once."""


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """Where each record lies and what batching needs to know of it: 72 bytes a record.

    Attributes:
        files: that hold records.
        file: index into ``files`` per record, shape (n,).
        place: byte offset in a JSONL, row in a table, shape (n,).
        source: index of the source per record, shape (n,).
        size: height and width of the photo, shape (n, 2).
        length: characters of the conversation, shape (n,).
        image: number of the photo, in the order they first appear in, shape (n,).
        photos: a mark of each photo, by its number, see ``photo_mark``, shape (photos,).
        scene: number of the group inside which its regions are put in order, likewise; that of its
            photo where there is none, shape (n,).
        open: 1 where an answer has ``QUALITY_SLOT`` in place of a word, else 0, shape (n,).
        left_out: records that cannot be used.
    """

    files: tuple[RecordFile, ...]
    file: NDArray[np.int64]
    place: NDArray[np.int64]
    source: NDArray[np.int64]
    size: NDArray[np.int64]
    length: NDArray[np.int64]
    image: NDArray[np.int64]
    photos: NDArray[np.int64]
    scene: NDArray[np.int64]
    open: NDArray[np.int64]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.file)

    def read(self, index: int) -> InstructionRecord:
        """The record with this number."""
        return read_record(self.files[self.file[index]].path, int(self.place[index]))

    def folder(self, index: int) -> Path:
        """Where the paths in the record with this number start."""
        return self.files[self.file[index]].folder


def build_index(sources: Sequence[Source], *, check_photos: bool = False) -> RecordIndex:
    """Reads every record and the ends of every photo's file once; faults show before training.

    A large file's index is kept in the cache folder, see ``seagull.training.data.index_cache``.

    Args:
        sources: of the records.
        check_photos: decode every photo and make every region; records with one that cannot be
            used are left out, with a warning, instead of ending the run.

    Raises:
        ConfigError: if a source has no records.
        ValueError: with file and line, if a record is faulty or has the id of another one of its
            file.
        PhotoError: if a photo cannot be opened or is cut off.
    """
    files: list[RecordFile] = []
    indexes: list[FileIndex] = []
    owners: list[int] = []
    for number, source in enumerate(sources):
        record_files = source_files(source.path, source.split)
        parts = [_file_index(file, check_photos) for file in record_files]
        if not sum(map(len, parts)):
            left_out = sum(part.left_out for part in parts)
            note = f" that can be used; {left_out} are left out" if left_out else ""
            raise ConfigError(f"{source.path}: there are no records{note}")
        files, indexes, owners = (
            files + record_files,
            indexes + parts,
            owners + [number] * len(record_files),
        )
    counts = [len(part) for part in indexes]
    image, photos = _numbered(np.concatenate([part.image for part in indexes]))
    return RecordIndex(
        files=tuple(files),
        file=np.repeat(np.arange(len(files)), counts),
        place=np.concatenate([part.place for part in indexes]),
        source=np.repeat(np.array(owners, dtype=np.int64), counts),
        size=np.concatenate([part.size for part in indexes]),
        length=np.concatenate([part.length for part in indexes]),
        image=image,
        photos=photos,
        scene=_numbered(np.concatenate([part.scene for part in indexes]))[0],
        open=np.concatenate([part.open for part in indexes]),
        left_out=sum(part.left_out for part in indexes),
    )


def fingerprint(sources: Sequence[Source]) -> dict[str, str]:
    """Digest of every record file, by path, in the order in which they are read."""
    files = [file.path for source in sources for file in source_files(source.path, source.split)]
    return {str(path): file_digest(path) for path in files}


def changed_file(earlier: Mapping[str, str], current: Mapping[str, str]) -> str | None:
    """The first record file whose bytes differ between two fingerprints; None if none does.

    The same files may lie elsewhere.
    """
    earlier_digests, current_digests = (
        list(dict.fromkeys(digests.values())) for digests in (earlier, current)
    )
    if earlier_digests == current_digests:
        return None
    new_files = (path for path, mark in current.items() if mark not in earlier_digests)
    removed_files = (path for path, mark in earlier.items() if mark not in current_digests)
    return next(new_files, next(removed_files, "other order of the files"))


def _file_index(file: RecordFile, check_photos: bool) -> FileIndex:
    if (cached := load_index(file, checked=check_photos)) is not None:
        return cached
    size_of = lru_cache(_REMEMBERED_PHOTOS)(partial(photo_size, folder=file.folder))
    faulty: dict[str, str] = {}
    if check_photos:
        records = (record for _, record in each_record(file.path))
        images = (record.image for record in records if not isinstance(record, FaultyRecord))
        faulty = faulty_photos(images, file.folder)
    faults: list[str] = []
    reader = each_record if check_photos else records_of
    # Machine integers from the start: a list of tuples would take six times the memory.
    rows, ids = array("q"), array("q")
    for place, record in reader(file.path):
        if isinstance(record, FaultyRecord):
            faults.append(record.reason)
            continue
        ids.append(_number(record.id))
        fault = faulty.get(record.image)
        if fault is None:
            size = size_of(record.image)
            if check_photos:
                fault = region_fault(record, size, file.folder)
            else:
                check_regions(record, size, file.folder)
        if fault is not None:
            faults.append(f"record {record.id}: {fault}")
            continue
        length = sum(len(message.content) for message in record.messages)
        photo = photo_mark(file, record.image)
        groups = [labels.order.group for labels in record.labels.values() if labels.order]
        scene = photo_mark(file, groups[0]) if groups else photo
        rows.extend((place, *size, length, photo, scene, _has_slot(record)))
    _check_ids(file, np.frombuffer(ids, dtype=np.int64) if ids else np.empty(0, np.int64))
    _warn(file, faults, len(rows) // _COLUMNS + len(faults))
    table = np.array(rows, dtype=np.int64).reshape(-1, _COLUMNS)
    index = FileIndex(
        place=table[:, 0].copy(),
        size=table[:, 1:3].copy(),
        length=table[:, 3].copy(),
        image=table[:, 4].copy(),
        scene=table[:, 5].copy(),
        open=table[:, 6].copy(),
        left_out=len(faults),
    )
    store_index(file, index, checked=check_photos)
    return index


def _has_slot(record: InstructionRecord) -> bool:
    answers = (message.content for message in record.messages if message.role == "assistant")
    return any(QUALITY_SLOT in answer for answer in answers)


def _check_ids(file: RecordFile, ids: NDArray[np.int64]) -> None:
    order = np.argsort(ids, kind="stable")
    repeated = ids[order[1:]] == ids[order[:-1]]
    if repeated.any():
        number = int(order[1:][repeated].min())
        numbered = (record for _, record in each_record(file.path))
        records = (record for record in numbered if not isinstance(record, FaultyRecord))
        record = next(islice(records, number, None))
        raise ValueError(
            f"{file.path}: {repeated.sum()} records have the id of an earlier one, the first of "
            f"them record {number + 1} ({record.id!r}); give each its own (`seagull-data convert` "
            "does)"
        )


def _warn(file: RecordFile, faults: Sequence[str], records: int) -> None:
    if faults and os.environ.get("RANK", "0") == "0":
        logger.warning(
            "%s: %d of %d records are left out: %s%s", file.path, len(faults), records,
            "; ".join(faults[:3]), "; ..." if len(faults) > 3 else "",
        )  # fmt: skip


def photo_mark(file: RecordFile, image: str) -> int:
    """A 63-bit hash of a photo's path: 8 bytes where a path takes a hundred."""
    return _number(str(file.folder / image))


def _number(text: str) -> int:
    mark = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(mark, "big") >> 1


def _numbered(marks: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers from 0 on instead of marks, and the mark of each number.

    Marks would make an order depend on the data's folder.
    """
    different_marks, first_index, mark_index = np.unique(
        marks, return_index=True, return_inverse=True
    )
    order = np.argsort(first_index)
    numbers = np.empty(len(first_index), dtype=np.int64)
    numbers[order] = np.arange(len(first_index))
    return numbers[mark_index.ravel()], different_marks[order]
