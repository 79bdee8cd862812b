"""EvaluationItem: a photo, regions of it and what is known about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from seagull.photos import Photo, PhotoError, read_photo
from seagull.records import InstructionRecord, RegionLabels, read_records
from seagull.regions.spec import RegionSpec
from seagull.types import Region

MAX_ROW_GROUP_BYTES = 2 << 30
"""Largest Parquet row group that is read for one photo."""


@dataclass(frozen=True, eq=False)
class EvaluationItem:
    """One version of a photo with labelled regions.

    Args:
        id: unique in its set.
        image: names this version of the photo.
        group: names the photo whatever was done to it; splits and resampling go by this.
        load: decodes the photo.
        regions: the labelled regions.
        labels: by region id.
        folder: where relative mask paths start.
    """

    id: str
    image: str
    group: str
    load: Callable[[], Photo]
    regions: tuple[RegionSpec, ...]
    labels: Mapping[str, RegionLabels]
    folder: Path | None = None

    def build(self, photo: Photo, only: Sequence[str] | None = None) -> list[Region]:
        """The regions on the photo; those named in ``only`` if given.

        Raises:
            ValueError: if one does not fit the photo or would need a segmenter.
        """
        wanted = [spec for spec in self.regions if only is None or spec.id in only]
        return [spec.build(photo.size, folder=self.folder) for spec in wanted]


def record_items(path: Path) -> Iterator[EvaluationItem]:
    """The labelled regions of a record file, each once however many records speak of it.

    Raises:
        ValueError: if a line is not a record.
    """
    photos, seen = _Photos(path.parent), set[bytes]()
    for record in read_records(path):
        fresh = [spec for spec in record.regions if _is_fresh(record, spec, seen)]
        if fresh:
            yield EvaluationItem(
                id=record.id,
                image=record.image,
                group=record.reference or record.image,
                load=partial(photos.load, record.image),
                regions=tuple(fresh),
                labels={spec.id: record.labels[spec.id] for spec in fresh},
                folder=path.parent,
            )


def _is_fresh(record: InstructionRecord, spec: RegionSpec, seen: set[bytes]) -> bool:
    labels = record.labels.get(spec.id)
    if labels is None or labels == RegionLabels():
        return False
    text = repr((record.image, spec, labels.to_dict()))
    mark = blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
    if mark in seen:
        return False
    seen.add(mark)
    return True


class _Photos:
    """Photos by the ``image`` of a record: a file, or a row of a Parquet table."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables: dict[str, ParquetImages] = {}

    def load(self, image: str) -> Photo:
        name, marker, row = image.rpartition("#")
        if not (marker and row.isdecimal() and name.lower().endswith(".parquet")):
            return read_photo(self._folder / image)
        if name not in self._tables:
            self._tables[name] = ParquetImages(self._folder / name)
        return read_photo(self._tables[name].read(int(row)))


class ParquetImages:
    """Encoded images of a Parquet table by row number; the last row group read is kept.

    Args:
        path: a table with an ``image`` column of bytes, or of structs with ``bytes``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_parquet(path)
        if "image" not in self._file.schema_arrow.names:
            raise PhotoError(f"{path}: there is no column `image`")
        self._group = -1
        self._first = 0
        self._images: Any = None

    def read(self, row: int) -> bytes:
        """The bytes of a row.

        Raises:
            PhotoError: if the table has no such row or no bytes in it.
        """
        if self._images is None or not 0 <= row - self._first < len(self._images):
            self._open_group(row)
        value = self._images[row - self._first].as_py()
        found = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(found, bytes):
            raise PhotoError(f"{self._path}, row {row}: no image bytes")
        return found

    def _open_group(self, row: int) -> None:
        metadata, first = self._file.metadata, 0
        for group in range(metadata.num_row_groups):
            about = metadata.row_group(group)
            if first <= row < first + about.num_rows:
                if about.total_byte_size > MAX_ROW_GROUP_BYTES:
                    raise PhotoError(
                        f"{self._path}: a row group of {about.total_byte_size / 1e9:.1f} GB; write "
                        "the table with row groups of about 100 images"
                    )
                self._images = self._file.read_row_group(group, columns=["image"])["image"]
                self._first = first
                return
            first += about.num_rows
        raise PhotoError(f"{self._path}: there is no row {row}, the table has {first}")


def open_parquet(path: Path) -> Any:
    """The opened Parquet file.

    Raises:
        ValueError: if it cannot be read, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ValueError(
            f"{path}: Parquet needs pyarrow; install it: pip install 'seagull-iqa[data]'"
        ) from error
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: not a Parquet table that can be read ({error})") from error
