"""Other people's sets of labelled regions, like COCO's, as InstructionRecords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_tools.coco import CocoImage, CocoImages, Fault, coco_annotations, shape_of
from data_tools.converters import LABELS, LeftOut, question_and_answer, relative_to_records
from seagull.language import prompts
from seagull.levels import IMPORTANCE, QUALITY, LevelScale
from seagull.photos.identity import AmbiguousPhotoError, photo_file, photo_files_of
from seagull.photos.upright import open_upright
from seagull.records import InstructionRecord, RegionLabels
from seagull.regions.geometry import checked_geometry
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, Message

LabelledRegion = tuple[dict[str, Any], RegionLabels]
"""A region's shape as ``RegionSpec.from_dict`` takes it, and its labels."""


def convert_regions(
    annotations: Path, images: Path, target: Path, left_out: LeftOut | None = None
) -> Iterator[InstructionRecord]:
    """One record a photo from a COCO-like region set, for sets whose annotations carry labels.

    An annotation may have ``quality`` and ``importance`` in [0, 1] and ``distortions`` as pairs of
    type and severity word (as SEAGULL-3k has); regions without any of them are left out and
    counted.

    Args:
        annotations: JSON with ``images``, ``annotations``; small enough to be held by photo.
        images: folder of the photos.
        target: the records' file.
        left_out: takes annotations that cannot be used.

    Raises:
        ValueError: if the file is not COCO-like.
    """
    left_out = LeftOut() if left_out is None else left_out
    photos = CocoImages(annotations)
    if not len(photos):
        raise ValueError(f"{annotations} is not COCO-like JSON: it has no `images`")
    left_out.faults += photos.faults
    regions: dict[str, list[tuple[str, LabelledRegion]]] = {}
    names: dict[str, str] = {}
    for found in coco_annotations(annotations):
        if isinstance(found, Fault):
            left_out.faults.append(found)
            continue
        place, item = found
        if not LABELS & set(item):
            left_out.unlabelled.append(place)
            continue
        try:
            image = photos.of(item)
            labelled = labelled_region(item)
        except ValueError as error:
            left_out.faults.append(Fault(place, str(error)))
            continue
        regions.setdefault(image.id, []).append((place, labelled))
        names[image.id] = image.file_name
    moved = photo_files_of(images, names.values())
    for image_id, items in regions.items():
        name = names[image_id]
        file = moved.get(name) or photo_file(images, name)
        if isinstance(file, AmbiguousPhotoError):
            left_out.faults.append(Fault(f"image {image_id}", str(file)))
            continue
        kept = [labelled for _, labelled in items]
        if file.is_file():
            kept = list(_fitting(file, photos.named(image_id), items, left_out))
        else:
            left_out.absent.append(name)
        if kept:
            record = f"{annotations.stem}.{image_id}"
            numbered = {str(number): one for number, one in enumerate(kept, start=1)}
            yield region_record(record, relative_to_records(file, target), name, numbered)


def _fitting(
    file: Path,
    image: CocoImage,
    items: Sequence[tuple[str, LabelledRegion]],
    left_out: LeftOut,
) -> Iterator[LabelledRegion]:
    """The regions that fit the photo in a file; the others are left out."""
    stated = (image.height, image.width) if image.height and image.width else None
    try:
        with open_upright(file) as picture:
            size = picture.size
        checked_geometry(size, stated=stated, what="the photo of its annotations")
    except ValueError as error:
        left_out.faults.append(Fault(f"image {image.id}", str(error)))
        return
    for place, (shape, labels) in items:
        try:
            RegionSpec.from_dict(shape).check_fit(size)
        except ValueError as error:
            left_out.faults.append(Fault(place, str(error)))
            continue
        yield shape, labels


def labelled_region(item: Mapping[str, Any]) -> LabelledRegion:
    """The region and the labels of an annotation.

    Raises:
        ValueError: if either cannot be used.
    """
    labels = RegionLabels.from_dict(
        {key: item[key] for key in LABELS & set(item)} | {"metric": str(item.get("metric", "mos"))}
    )
    for name in ("quality", "importance"):
        value = getattr(labels, name)
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} lies in [0, 1], got {value:g}")
    shape = shape_of(item)
    RegionSpec.from_dict(shape)
    return shape, labels


def region_record(
    name: str, image: str, reference: str, items: Mapping[str, LabelledRegion]
) -> InstructionRecord:
    """The record of a photo's labelled regions, by their ids."""
    specs, messages, labels = [], list[Message](), {}
    for region, (shape, known) in items.items():
        specs.append(RegionSpec.from_dict({"id": region, **shape}))
        labels[region] = known
        messages += _known_answers(known, region)
    return InstructionRecord(name, image, tuple(specs), tuple(messages), labels, reference)


def _known_answers(labels: RegionLabels, region: str) -> Iterator[Message]:
    scales: tuple[tuple[AssessmentTask, float | None, LevelScale, Any], ...] = (
        (AssessmentTask.QUALITY, labels.quality, QUALITY, prompts.quality_answer),
        (AssessmentTask.IMPORTANCE, labels.importance, IMPORTANCE, prompts.importance_answer),
    )
    for task, score, scale, answer in scales:
        if score is not None:
            yield from question_and_answer(task, answer(scale.word(score)), region)
    if labels.distortions is not None:
        text = prompts.distortion_answer(labels.distortions)
        yield from question_and_answer(AssessmentTask.DISTORTION, text, region)
