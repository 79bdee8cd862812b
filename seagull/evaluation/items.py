"""EvaluationItem: a photo, regions of it and what is known about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

from seagull.photos import Photo
from seagull.photos.identity import photo_identity
from seagull.records import InstructionRecord, RegionLabels
from seagull.records.files import FaultyRecord, each_record
from seagull.records.photos import record_photo, record_place
from seagull.records.sources import RecordFile
from seagull.regions.spec import RegionSpec
from seagull.types import Region

_Labelled = tuple[RegionSpec, RegionLabels]


@dataclass(frozen=True, eq=False)
class EvaluationItem:
    """One version of a photo with labelled regions.

    Args:
        id: unique in its set.
        image: names this version of the photo.
        group: names the photo whatever was done to it, in one spelling (``photo_group``); splits
            and resampling go by this.
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


@dataclass(eq=False)
class _PhotoRecords:
    """Records about one photo that follow one another.

    Attributes:
        first: of them.
        folder: where the paths in them start.
        regions: by id, with what they say of each.
    """

    first: InstructionRecord
    folder: Path
    regions: dict[str, _Labelled]

    def takes(self, record: InstructionRecord, new: Mapping[str, _Labelled]) -> bool:
        """Whether a record goes on with the photo, its regions told apart by id.

        A photo's regions are assessed together many times faster than one by one.
        """
        first = self.first
        same_photo = (record.image, record.reference) == (first.image, first.reference)
        return same_photo and all(
            self.regions[id][0] == spec and _comparable(self.regions[id][1], labels)
            for id, (spec, labels) in new.items()
            if id in self.regions
        )

    def add(self, new: Mapping[str, _Labelled]) -> None:
        """Adds what a record says that others before it did not."""
        for id, (spec, labels) in new.items():
            known = self.regions.get(id, (spec, labels))[1]
            self.regions[id] = spec, known.merged(labels)

    def item(self) -> EvaluationItem:
        """The item."""
        image = self.first.image
        return EvaluationItem(
            id=self.first.id,
            image=image,
            group=photo_group(self.first.reference or image),
            load=partial(record_photo, image, self.folder),
            regions=tuple(spec for spec, _ in self.regions.values()),
            labels={id: labels for id, (_, labels) in self.regions.items()},
            folder=self.folder,
            place=partial(record_place, image, self.folder),
        )


def photo_group(name: str) -> str:
    """One name of a photo for all its spellings (``seagull.photos.identity``)."""
    return "/".join(photo_identity(name)) or name


def record_items(files: Sequence[RecordFile]) -> Iterator[EvaluationItem]:
    """The labelled regions of record files; each label counts once, in however many records it is.

    Records about one photo that follow one another make one item, and their labels of a region are
    put together. A later record adds what was not known before. Labels of two metrics are two
    items. What is not a record is a failed item.

    Raises:
        ValueError: if two records have one id or contradict each other about a region, or a file as
            a whole cannot be read.
    """
    known: dict[bytes, list[RegionLabels]] = {}
    ids = set[bytes]()
    for file in files:
        waiting: _PhotoRecords | None = None
        for place, record in each_record(file.path):
            if isinstance(record, FaultyRecord):
                yield EvaluationItem.failed(f"{file.path.name}, {place}", record.reason)
                continue
            _check_id(file, record, ids)
            new = _new_labels(file, record, known)
            if waiting is not None and not waiting.takes(record, new):
                yield waiting.item()
                waiting = None
            if new:
                waiting = waiting or _PhotoRecords(record, file.folder, {})
                waiting.add(new)
        if waiting is not None:
            yield waiting.item()


def _check_id(file: RecordFile, record: InstructionRecord, ids: set[bytes]) -> None:
    mark = _digest(record.id)
    if mark in ids:
        raise ValueError(
            f"{file.path}: the id {record.id!r} is that of several records; answers are told apart "
            "by ids: give each record its own (`seagull-data convert` does)"
        )
    ids.add(mark)


def _new_labels(
    file: RecordFile, record: InstructionRecord, known: dict[bytes, list[RegionLabels]]
) -> dict[str, _Labelled]:
    """By region id, what a record says that is not known yet; what is known grows by it.

    Raises:
        ValueError: naming record and region, if it contradicts what is known.
    """
    new: dict[str, _Labelled] = {}
    for spec in record.regions:
        labels = record.labels.get(spec.id)
        if labels is None or labels == RegionLabels():
            continue
        of_region = known.setdefault(_digest(repr((str(file.folder), record.image, spec))), [])
        number = next((n for n, one in enumerate(of_region) if _comparable(one, labels)), None)
        if number is None:
            of_region.append(labels)
            new[spec.id] = spec, labels
            continue
        before = of_region[number]
        try:
            of_region[number] = before.merged(labels)
        except ValueError as error:
            raise ValueError(
                f"{file.path}: record {record.id!r}: region {spec.id} of {record.image}: records "
                f"about it contradict each other ({error}); keep one of them"
            ) from error
        added = _beyond(before, of_region[number])
        if added != RegionLabels(metric=added.metric):
            new[spec.id] = spec, added
    return new


def _comparable(first: RegionLabels, second: RegionLabels) -> bool:
    """Whether two labels can be of one metric."""
    return None in (first.metric, second.metric) or first.metric == second.metric


def _beyond(known: RegionLabels, labels: RegionLabels) -> RegionLabels:
    """The labels without those that are known; the metric stays."""
    names = (field.name for field in fields(labels) if field.name != "metric")
    return replace(labels, **{name: None for name in names if getattr(known, name) is not None})


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=12).digest()
