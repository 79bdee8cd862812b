"""What is finished: atomic files, one journal per stage and shard, commit records, digests.

Rules that make a killed run resumable:

- A file appears under its own name only when it is whole: it is written beside and renamed.
- A reference is finished in a stage when its journal line exists; a line names every file with its
  size and digest. A torn last line is no line.
- A shard is finished in a stage when its commit record exists; it is written last, after every file
  was flushed to the disk. It carries the digests of the inputs it used, so that a shard whose
  inputs were made again is itself made again.
- Nothing is discovered by listing images.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from seagull.files.text import to_json

STAGES = ("reference", "masks", "distort", "label", "chat", "pack")
UPSTREAM: Mapping[str, tuple[str, ...]] = {
    "reference": (),
    "masks": ("reference",),
    "distort": ("reference",),
    "label": ("reference", "masks", "distort"),
    "chat": ("masks", "label"),
    "pack": ("reference", "masks", "distort", "label", "chat"),
}


def digest(data: bytes) -> str:
    """BLAKE2b-128 in hexadecimal."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def digest_of(value: Any) -> str:
    """The digest of a value's canonical JSON."""
    return digest(json.dumps(value, sort_keys=True).encode())


@dataclass(frozen=True)
class FileEntry:
    """One written file: path below the output folder, size, digest of bytes and of pixels."""

    path: str
    size: int
    digest: str
    pixels: str | None = None


@dataclass(frozen=True)
class Entry:
    """One journal line: what a stage did for one reference (or, in ``pack``, for one shard).

    Args:
        id: the reference.
        fingerprint: of the stage's settings.
        inputs: digest of what it read.
        files: what it wrote; empty if it failed.
        counts: numbers for the statistics, e.g. cells and regions.
        seconds: time by operation.
        error: why it failed (class, message, cell, attempts), None if it did not.
    """

    id: str
    fingerprint: str
    inputs: str
    files: tuple[FileEntry, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None

    @property
    def output(self) -> str:
        """A digest of what was written: pixels where there are pixels, bytes elsewhere."""
        return digest_of([[file.path, file.pixels or file.digest] for file in self.files])

    @classmethod
    def from_line(cls, line: str) -> Entry:
        """The entry of a journal line; ValueError, KeyError or TypeError if it is not one."""
        plain = json.loads(line)
        return cls(**{**plain, "files": tuple(FileEntry(**file) for file in plain["files"])})

    def to_line(self) -> str:
        """The journal line, newline included."""
        return to_json(asdict(self)) + "\n"


class OutputTree:
    """Where things lie below an output folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "_state"

    def settings(self) -> Path:
        """The settings that decide the output."""
        return self.state / "settings.json"

    def config(self) -> Path:
        """The whole configuration of the last command."""
        return self.state / "config.json"

    def plan(self) -> Path:
        """The plan's head: counts and digests of its shards."""
        return self.state / "plan.json"

    def plan_shard(self, shard: int) -> Path:
        """The planned photos of one shard."""
        return self.state / "plan" / f"shard-{shard:05d}.jsonl"

    def journal(self, stage: str, shard: int) -> Path:
        """The lines of finished and failed references."""
        return self.state / stage / f"shard-{shard:05d}.jsonl"

    def journals(self, stage: str) -> list[Path]:
        """The journals of a stage that exist."""
        return sorted((self.state / stage).glob("shard-*.jsonl"))

    def commit(self, stage: str, shard: int) -> Path:
        """The record that a stage is finished with a shard."""
        return self.state / stage / f"shard-{shard:05d}.commit.json"

    def current(self, shard: int) -> Path:
        """What a worker has under its hands: the heartbeat that names a suspect."""
        return self.state / "running" / f"shard-{shard:05d}.json"

    def write(self, relative: str, data: bytes, *, flush: bool = False) -> FileEntry:
        """Writes a file whole or not at all."""
        target = self.root / relative
        scratch = self.state / "tmp" / f"{os.getpid()}-{uuid.uuid4().hex}.part"
        for attempt in range(2):
            try:
                with scratch.open("wb") as handle:
                    handle.write(data)
                    if flush:
                        handle.flush()
                        os.fsync(handle.fileno())
                scratch.replace(target)
                break
            except FileNotFoundError:
                if attempt:
                    raise
                scratch.parent.mkdir(parents=True, exist_ok=True)
                target.parent.mkdir(parents=True, exist_ok=True)
            except OSError:
                scratch.unlink(missing_ok=True)
                raise
        return FileEntry(relative, len(data), digest(data))

    @contextlib.contextmanager
    def whole_file(self, relative: str, files: list[Any]) -> Iterator[Path]:
        """A scratch path to write a large file to; it gets its name, and an entry, at the end."""
        target = self.root / relative
        scratch = self.state / "tmp" / f"{os.getpid()}-{uuid.uuid4().hex}.part"
        scratch.parent.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield scratch
            with scratch.open("rb") as handle:
                mark = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16))
            size = scratch.stat().st_size
            scratch.replace(target)
        finally:
            scratch.unlink(missing_ok=True)
        files.append(FileEntry(relative, size, mark.hexdigest()))

    def write_json(self, path: Path, value: Any) -> None:
        """Writes a JSON file whole or not at all, and flushes it to the disk."""
        text = to_json(value, indent=1) + "\n"
        self.write(str(path.relative_to(self.root)), text.encode(), flush=True)

    def inspected(self) -> Path:
        """What was seen of each photo while planning."""
        return self.state / "inspected.jsonl"

    def forget_plan(self, *, seen: bool) -> None:
        """Removes the plan, by which nothing may have been made, and perhaps what it has seen."""
        for file in (self.plan(), *((self.inspected(),) if seen else ())):
            file.unlink(missing_ok=True)
        shutil.rmtree(self.state / "plan", ignore_errors=True)

    def clear_scratch(self) -> None:
        """Removes what killed processes left half-written; only the holder of the lock may."""
        shutil.rmtree(self.state / "tmp", ignore_errors=True)
        shutil.rmtree(self.state / "running", ignore_errors=True)

    def whole(self, file: FileEntry) -> bool:
        """Whether a file is there with the size and bytes it was written with."""
        path = self.root / file.path
        try:
            if path.stat().st_size != file.size:
                return False
            with path.open("rb") as handle:
                mark = hashlib.file_digest(handle, lambda: hashlib.blake2b(digest_size=16))
        except OSError:
            return False
        return mark.hexdigest() == file.digest


def read_journal(path: Path) -> Iterator[Entry]:
    """The entries of a journal, without a torn last line and with the latest entry of each id last.

    Raises:
        ValueError: if a line in the middle is not an entry (the file was changed by hand).
    """
    if not path.exists():
        return
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith("\n"):
                return
            try:
                yield Entry.from_line(line)
            except (ValueError, KeyError, TypeError) as error:
                raise ValueError(
                    f"{path}, line {number}: not a journal line ({error}); "
                    f"remove the file to have this shard done again"
                ) from error


def latest(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The last entry of each reference."""
    return {entry.id: entry for entry in entries}


def append_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Appends lines in one write each, cutting off a torn line that a crash left."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _cut_torn_line(path)
    with path.open("ab", buffering=0) as out:
        for entry in entries:
            out.write(entry.to_line().encode())


def _cut_torn_line(path: Path) -> None:
    if not path.exists() or path.stat().st_size == 0:
        return
    with path.open("rb+") as handle:
        handle.seek(-1, os.SEEK_END)
        if handle.read(1) == b"\n":
            return
        handle.seek(0)
        kept = handle.read().rfind(b"\n") + 1
        handle.truncate(kept)


def replace_journal(tree: OutputTree, path: Path, entries: Iterable[Entry]) -> None:
    """Writes a journal anew."""
    data = "".join(entry.to_line() for entry in entries).encode()
    tree.write(str(path.relative_to(tree.root)), data, flush=True)


def flush_files(tree: OutputTree, files: Iterable[FileEntry]) -> None:
    """Waits until files have reached the disk.

    Raises:
        OSError: if one is missing or the disk refuses it.
    """
    for file in files:
        handle = os.open(tree.root / file.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_json(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None if there is none."""
    try:
        value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return value
