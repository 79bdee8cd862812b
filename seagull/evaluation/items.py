"""EvaluationItem: a photo, regions of it and what is known about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from seagull.photos import Photo
from seagull.record_photos import record_photo
from seagull.records import InstructionRecord, RegionLabels, read_records
from seagull.regions.spec import RegionSpec
from seagull.types import Region


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
    seen = set[bytes]()
    for record in read_records(path):
        fresh = [spec for spec in record.regions if _is_fresh(record, spec, seen)]
        if fresh:
            yield EvaluationItem(
                id=record.id,
                image=record.image,
                group=record.reference or record.image,
                load=partial(record_photo, record.image, path.parent),
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
