"""Finds the record files of a source: a file, a folder, a pattern or a Hugging Face dataset."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seagull.files.config import ConfigError
from seagull.files.home import home_path
from seagull.photos.lists import matching
from seagull.records.files import JSON_LINES
from seagull.records.shards import TAR
from seagull.tables.columnar import TABLES, RowTableError, open_table

ENDINGS = (*JSON_LINES, *TABLES, TAR)
HF = "hf:"
"""In front of the path or name of a set of the ``datasets`` library."""
WHOLE_DIGEST = 256 << 20
"""Larger files that hold photos are told apart by their size and by samples of their bytes."""
_SAMPLES, _SAMPLE_BYTES = 64, 1 << 16


@dataclass(frozen=True)
class RecordFile:
    """A file of records.

    Args:
        path: of the file, absolute.
        folder: where relative paths in its records start.
    """

    path: Path
    folder: Path


def source_files(path: str, split: str = "train") -> list[RecordFile]:
    """The record files that a path means, in the order of their names.

    Args:
        path: a file, a folder or pattern of files, or ``hf:`` and the folder or name of a set of
            Hugging Face datasets; the folder of a saved set is one without it.
        split: of a set of Hugging Face datasets.

    Raises:
        ConfigError: if there are none, or the set cannot be opened.
    """
    place = home_path(path)
    if path.startswith(HF) or _is_saved(place):
        return _dataset_files(path.removeprefix(HF), split)
    if place.is_dir():
        candidates = [file for ending in ENDINGS for file in place.glob(f"*{ending}")]
    else:
        candidates = [place] if place.is_file() else matching(str(place))
    files = sorted(file.resolve() for file in candidates if file.suffix in ENDINGS)
    if not files:
        raise ConfigError(f"{path}: no record files ({' or '.join(ENDINGS)}) are there")
    return [RecordFile(file, file.parent) for file in files]


def file_digest(path: Path) -> str:
    """SHA-256 of a file; of its size and of samples of its bytes where it holds many photos."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if path.suffix not in (*TABLES, TAR) or size <= WHOLE_DIGEST:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        digest = hashlib.sha256(str(size).encode())
        # The last sample ends with the file: a Parquet file's table of contents is there.
        for number in range(_SAMPLES):
            stream.seek(number * max(0, size - _SAMPLE_BYTES) // (_SAMPLES - 1))
            digest.update(stream.read(_SAMPLE_BYTES))
        return digest.hexdigest()


def _dataset_files(name: str, split: str) -> list[RecordFile]:
    """The Arrow files behind a split, which are read without the library from then on."""
    place = home_path(name)
    dataset = _load(name, place, split)
    paths = [Path(cache_file["filename"]).resolve() for cache_file in dataset.cache_files]
    folder = place.resolve() if place.is_dir() else place.resolve().parent
    try:
        rows = sum(len(open_table(path)) for path in paths)
    except RowTableError as error:
        raise ConfigError(f"{HF}{name}: {error}") from error
    if not paths or rows != len(dataset):
        raise ConfigError(
            f"{HF}{name}: the split holds a selection ({len(dataset)} of {rows} rows); write it "
            "with save_to_disk and name that folder, or use `weight`"
        )
    return [RecordFile(path, folder) for path in paths]


def _is_saved(place: Path) -> bool:
    """Whether a folder was written by ``save_to_disk``."""
    return any((place / mark).is_file() for mark in ("dataset_dict.json", "state.json"))


def _load(name: str, place: Path, split: str) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ConfigError(
            f'{HF}{name}: the library `datasets` is missing: pip install "seagull-iqa[datasets]"'
        ) from error
    if not place.exists() and (place.is_absolute() or name.startswith(".")):
        raise ConfigError(f"{HF}{name}: there is no such folder")
    try:
        if not _is_saved(place):
            return datasets.load_dataset(str(place) if place.exists() else name, split=split)
        dataset = datasets.load_from_disk(str(place), keep_in_memory=False)
    except Exception as error:  # it raises whatever its readers and builders do
        raise ConfigError(f"{HF}{name}, split {split}: cannot be loaded: {error}") from error
    if not isinstance(dataset, datasets.DatasetDict):
        return dataset
    if split not in dataset:
        raise ConfigError(f"{HF}{name}: split is one of {', '.join(dataset)}, got {split!r}")
    return dataset[split]
