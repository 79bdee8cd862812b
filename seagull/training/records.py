"""The records of a run: an index in memory, the records themselves read when they are needed."""

from __future__ import annotations

import glob
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seagull.config import ConfigError
from seagull.record_photos import record_photo_size
from seagull.records import InstructionRecord
from seagull.training.config import Source

ENDINGS = (".jsonl", ".parquet")


@dataclass(frozen=True, eq=False)
class RecordIndex:
    """Where each record lies and what batching needs to know of it.

    Attributes:
        files: that hold records.
        file: index into ``files`` per record, shape (n,).
        place: byte offset in a JSONL, row in a Parquet file, shape (n,).
        source: index of the source per record, shape (n,).
        size: height and width of the photo, shape (n, 2).
        length: characters of the conversation, shape (n,).
        image: the same number for records about one photo, shape (n,).
    """

    files: tuple[Path, ...]
    file: NDArray[np.int64]
    place: NDArray[np.int64]
    source: NDArray[np.int64]
    size: NDArray[np.int64]
    length: NDArray[np.int64]
    image: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.file)

    def read(self, index: int) -> InstructionRecord:
        """The record with this number."""
        file, place = self.files[self.file[index]], int(self.place[index])
        if file.suffix == ".parquet":
            return InstructionRecord.from_dict(_plain(_parquet_rows(file)[place]))
        with file.open("rb") as stream:
            stream.seek(place)
            return InstructionRecord.from_dict(json.loads(stream.readline()))

    def folder(self, index: int) -> Path:
        """Where the paths in the record with this number start."""
        return self.files[self.file[index]].parent


def build_index(sources: Sequence[Source]) -> RecordIndex:
    """Reads every record and every photo's header once; faults show before training starts.

    Raises:
        ConfigError: if a source has no records.
        ValueError: with file and line, if a record is faulty.
        PhotoError: if a photo cannot be opened.
    """
    files: list[Path] = []
    rows: list[tuple[int, ...]] = []
    sizes: dict[Path, tuple[int, int]] = {}
    images: dict[Path, int] = {}
    for number, source in enumerate(sources):
        before = len(rows)
        for file in source_files(source.path):
            files.append(file)
            for place, record in _records_of(file):
                where = file.parent / record.image
                if where not in sizes:
                    sizes[where] = record_photo_size(record.image, file.parent)
                length = sum(len(message.content) for message in record.messages)
                image = images.setdefault(where, len(images))
                rows.append((len(files) - 1, place, number, *sizes[where], length, image))
        if len(rows) == before:
            raise ConfigError(f"{source.path}: there are no records")
    columns = np.array(rows, dtype=np.int64).reshape(-1, 7).T
    which, offset, number_of, height, width, lengths, image_of = columns
    size = np.stack([height, width], axis=1)
    return RecordIndex(tuple(files), which, offset, number_of, size, lengths, image_of)


def source_files(path: str) -> list[Path]:
    """The record files of a source's path, sorted.

    Raises:
        ConfigError: if there are none.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        found = [file for ending in ENDINGS for file in place.glob(f"*{ending}")]
    else:
        found = [Path(name) for name in glob.glob(str(place))]  # noqa: PTH207 - absolute patterns
    kept = sorted(file.resolve() for file in found if file.suffix in ENDINGS)
    if not kept:
        raise ConfigError(f"{path}: no record files ({' or '.join(ENDINGS)}) are there")
    return kept


def fingerprint(sources: Sequence[Source]) -> dict[str, str]:
    """SHA-256 of every record file, by path."""
    digests = {}
    for source in sources:
        for file in source_files(source.path):
            with file.open("rb") as stream:
                digests[str(file)] = hashlib.file_digest(stream, "sha256").hexdigest()
    return digests


def _records_of(file: Path) -> Iterator[tuple[int, InstructionRecord]]:
    if file.suffix == ".parquet":
        for row, plain in enumerate(_parquet_rows(file)):
            yield row, _checked(_plain(plain), f"{file}, row {row}")
        return
    offset = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield offset, _checked(line, f"{file}, line {number}")
            offset += len(line)


def _checked(content: bytes | dict[str, Any], where: str) -> InstructionRecord:
    try:
        plain = json.loads(content) if isinstance(content, bytes) else content
        return InstructionRecord.from_dict(plain)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{where}: {error}") from error


_tables: dict[Path, list[dict[str, Any]]] = {}


def _parquet_rows(file: Path) -> list[dict[str, Any]]:
    """All rows of a table of records, which is small beside its photos; kept per process."""
    if file not in _tables:
        import pyarrow.parquet as pq

        _tables[file] = pq.read_table(file).to_pylist()
    return _tables[file]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row's nested parts, which tables may hold as JSON text."""
    return {
        key: json.loads(value) if key in ("regions", "messages", "labels") else value
        for key, value in row.items()
    }
