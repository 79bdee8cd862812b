"""Records and photos in tar shards, as WebDataset writes them, each read by its place.

A sample is a run of files that share everything before the first dot of their names: one ``.json``
with a record, or with a list of records about the same photo, and the photo. Shards are not
compressed, so every file in them can be read without those before it.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from seagull.photos.lists import PHOTO_ENDINGS

TAR = ".tar"
MAX_RECORDS = tarfile.BLOCKSIZE
"""Most records of one sample: a place is the sample's, a multiple of this, plus the record's."""
MAX_JSON_BYTES = 64 << 20
MAX_PHOTO_BYTES = 1 << 30


class TarShardError(ValueError):
    """A shard that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True)
class _File:
    """A file in a shard: its name, where its header begins, where its content lies."""

    name: str
    header: int
    start: int
    size: int

    @property
    def key(self) -> str:
        folder, slash, base = self.name.rpartition("/")
        return folder + slash + base.split(".", 1)[0]

    @property
    def ending(self) -> str:
        return Path(self.name).suffix.lower()


def shard_records(shard: Path) -> Iterator[tuple[int, dict[str, Any] | TarShardError]]:
    """Places and bodies of all records of a shard, in order, or why a sample has none.

    Raises:
        TarShardError: if the shard is damaged or compressed.
    """
    with _opened(shard) as stream:
        sample: list[_File] = []
        for file in _files(shard, stream, 0):
            if sample and file.key != sample[0].key:
                yield from _records_or_fault(shard, stream, sample)
                sample = []
            sample.append(file)
        if sample:
            yield from _records_or_fault(shard, stream, sample)


def _records_or_fault(
    shard: Path, stream: IO[bytes], sample: list[_File]
) -> Iterator[tuple[int, dict[str, Any] | TarShardError]]:
    try:
        yield from _records(shard, stream, sample)
    except TarShardError as error:
        yield sample[0].header, error


def shard_record(shard: Path, place: int) -> dict[str, Any]:
    """The body of the record at a place.

    Raises:
        TarShardError: as ``shard_records``, or if there is no record.
    """
    header, number = place // MAX_RECORDS * MAX_RECORDS, place % MAX_RECORDS
    with _opened(shard) as stream:
        sample: list[_File] = []
        for file in _files(shard, stream, header):
            if sample and file.key != sample[0].key:
                break
            sample.append(file)
        bodies = dict(_records(shard, stream, sample)) if sample else {}
    if place not in bodies:
        raise TarShardError(f"{shard}, byte {header}: there is no record {number}")
    return bodies[place]


def shard_photo(shard: Path, header: int) -> bytes:
    """The content of the photo whose header begins at this byte.

    Raises:
        TarShardError: if there is none.
    """
    with _opened(shard) as stream:
        file = next(_files(shard, stream, header), None)
        if file is None or file.ending not in PHOTO_ENDINGS:
            raise TarShardError(f"{shard}, byte {header}: there is no photo")
        return _content(shard, stream, file, MAX_PHOTO_BYTES)


def _opened(shard: Path) -> IO[bytes]:
    try:
        return shard.open("rb")
    except OSError as error:
        raise TarShardError(f"{shard}: cannot be opened ({error.strerror})") from error


def _files(shard: Path, stream: IO[bytes], header: int) -> Iterator[_File]:
    """The regular files from a header on."""
    stream.seek(header)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as opened:
            for member in opened:
                if member.isreg():
                    yield _File(member.name, member.offset, member.offset_data, member.size)
    except (tarfile.TarError, OSError, ValueError, EOFError) as error:
        raise TarShardError(
            f"{shard}: not a plain tar file, or damaged ({error}); unpack a compressed one first"
        ) from error


def _records(
    shard: Path, stream: IO[bytes], sample: list[_File]
) -> Iterator[tuple[int, dict[str, Any]]]:
    location = f"{shard}, sample {sample[0].key}"
    texts = [file for file in sample if file.ending == ".json"]
    photos = [file for file in sample if file.ending in PHOTO_ENDINGS]
    if len(texts) != 1 or len(photos) != 1:
        raise TarShardError(
            f"{location}: one .json and one photo were expected, there are "
            f"{', '.join(file.name for file in sample)}"
        )
    content = _content(shard, stream, texts[0], MAX_JSON_BYTES)
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise TarShardError(f"{location}: {error}") from error
    bodies = parsed if isinstance(parsed, list) else [parsed]
    if len(bodies) > MAX_RECORDS or not all(isinstance(body, dict) for body in bodies):
        raise TarShardError(f"{location}: a record, or a list of at most {MAX_RECORDS} records")
    image = f"{shard}#{photos[0].header}"
    for number, body in enumerate(bodies):
        yield sample[0].header + number, body | {"image": image}


def _content(shard: Path, stream: IO[bytes], file: _File, limit: int) -> bytes:
    if file.size > limit:
        raise TarShardError(f"{shard}: {file.name} has {file.size} bytes, at most {limit} are read")
    stream.seek(file.start)
    content = stream.read(file.size)
    if len(content) < file.size:
        raise TarShardError(f"{shard}: it ends within {file.name}; copy it again")
    return content
