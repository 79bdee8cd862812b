"""EvaluationItem: a photo, regions of it and what is known about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path

from seagull.photos import Photo
from seagull.records import InstructionRecord, RegionLabels
from seagull.records.files import FaultyRecord, each_record
from seagull.records.photos import record_photo, record_place
from seagull.records.sources import RecordFile
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
        problem: why it cannot be evaluated, if it cannot; it has no labels then.
        place: finds where the photo's bytes lie, as ``seagull.records.photos.record_place`` says.
    """

    id: str
    image: str
    group: str
    load: Callable[[], Photo]
    regions: tuple[RegionSpec, ...]
    labels: Mapping[str, RegionLabels]
    folder: Path | None = None
    problem: str | None = None
    place: Callable[[], str] | None = None

    @classmethod
    def failed(cls, id: str, problem: str) -> EvaluationItem:
        """An item that cannot be evaluated, and why."""

        def load() -> Photo:
            raise ValueError(problem)

        return cls(id, id, id, load, (), {}, problem=problem)

    def build(self, photo: Photo, only: Sequence[str] | None = None) -> list[Region]:
        """The regions on the photo; those named in ``only`` if given.

        Raises:
            ValueError: if one does not fit the photo or would need a segmenter.
        """
        specs = [spec for spec in self.regions if only is None or spec.id in only]
        return [spec.build(photo.size, folder=self.folder) for spec in specs]


def record_items(files: Sequence[RecordFile]) -> Iterator[EvaluationItem]:
    """The labelled regions of record files, each once however many records speak of it.

    Records about one photo that follow one another make one item. What is not a record is a failed
    item.

    Raises:
        ValueError: if two records have one id, or a file as a whole cannot be read.
    """
    marks, ids = set[bytes](), set[bytes]()
    for file in files:
        photo_records: list[tuple[InstructionRecord, list[RegionSpec]]] = []
        for place, record in each_record(file.path):
            if isinstance(record, FaultyRecord):
                yield EvaluationItem.failed(f"{file.path.name}, {place}", record.reason)
                continue
            _check_id(file, record, ids)
            new_regions = [spec for spec in record.regions if _is_fresh(file, record, spec, marks)]
            if photo_records and not _joins(photo_records, record, new_regions):
                yield _item(photo_records, file.folder)
                photo_records = []
            if new_regions:
                photo_records.append((record, new_regions))
        if photo_records:
            yield _item(photo_records, file.folder)


def _check_id(file: RecordFile, record: InstructionRecord, ids: set[bytes]) -> None:
    mark = _digest(record.id)
    if mark in ids:
        raise ValueError(
            f"{file.path}: the id {record.id!r} is that of several records; answers are told apart "
            "by ids: give each record its own (`seagull-data convert` does)"
        )
    ids.add(mark)


def _joins(
    waiting: Sequence[tuple[InstructionRecord, list[RegionSpec]]],
    record: InstructionRecord,
    new_regions: Sequence[RegionSpec],
) -> bool:
    """Whether a record goes on with the photo of those before it, its regions told apart by id.

    A photo's regions are assessed together many times faster than one by one.
    """
    first_record = waiting[0][0]
    names = {spec.id for _, specs in waiting for spec in specs}
    same_photo = (record.image, record.reference) == (first_record.image, first_record.reference)
    return same_photo and not names & {spec.id for spec in new_regions}


def _item(
    records: Sequence[tuple[InstructionRecord, list[RegionSpec]]], folder: Path
) -> EvaluationItem:
    first_record = records[0][0]
    return EvaluationItem(
        id=first_record.id,
        image=first_record.image,
        group=first_record.reference or first_record.image,
        load=partial(record_photo, first_record.image, folder),
        regions=tuple(spec for _, specs in records for spec in specs),
        labels={spec.id: record.labels[spec.id] for record, specs in records for spec in specs},
        folder=folder,
        place=partial(record_place, first_record.image, folder),
    )


def _is_fresh(
    file: RecordFile, record: InstructionRecord, spec: RegionSpec, marks: set[bytes]
) -> bool:
    labels = record.labels.get(spec.id)
    if labels is None or labels == RegionLabels():
        return False
    text = repr((str(file.folder), record.image, spec, labels.to_dict()))
    mark = _digest(text)
    if mark in marks:
        return False
    marks.add(mark)
    return True


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
