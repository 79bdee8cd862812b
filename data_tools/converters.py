"""Other people's data sets as InstructionRecords: opinion tables, and region sets like COCO's."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from data_tools.compat import iter_rows
from data_tools.state import digest
from seagull import prompts
from seagull.levels import IMPORTANCE, QUALITY, LevelScale
from seagull.records import InstructionRecord, RegionLabels
from seagull.regions.rle import Rle
from seagull.regions.spec import RegionSpec
from seagull.text_files import open_marked, read_lines
from seagull.types import AssessmentTask, DistortionType, Message


@dataclass(frozen=True)
class OpinionColumns:
    """Which columns of a table mean what.

    Args:
        image: path or name of the photo; or encoded image bytes.
        mos: mean opinion score.
        std: spread of the opinions, if the table has it.
        name: name of the photo where ``image`` holds bytes.
        reference: id of the pristine photo, for splits, if there is one.
        lowest: the scale's worst score. ``highest``: its best; may be below ``lowest`` for DMOS.
    """

    image: str = "image"
    mos: str = "mos"
    std: str | None = None
    name: str | None = None
    reference: str | None = None
    lowest: float = 0.0
    highest: float = 1.0


def convert_opinions(
    table: Path, columns: OpinionColumns, images: Path | None, target: Path, metric: str = "mos"
) -> Iterator[InstructionRecord]:
    """One record a photo about the whole of it, streamed from CSV, TSV, JSONL or Parquet.

    Image bytes in a Parquet table are not copied: the record's image is ``FILE.parquet#ROW``.

    Args:
        table: with image and MOS columns.
        columns: their names and the scale.
        images: folder the image column is relative to; the table's own folder if None.
        target: the records' file; image paths are written relative to its folder.
        metric: what the labels are called.

    Raises:
        ValueError: naming the row, if a column is missing or a score leaves the scale.
    """
    if columns.highest == columns.lowest:
        raise ValueError(f"the scale from {columns.lowest} to {columns.highest} has no length")
    base = (images or table.parent).resolve()
    for number, row in enumerate(_rows(table, columns), start=1):
        missing = [name for name in (columns.image, columns.mos) if row.get(name) in (None, "")]
        if missing:
            raise ValueError(
                f"{table}, row {number}: no {' and no '.join(missing)}; "
                f"the table has {', '.join(map(str, row))}"
            )
        quality = _scaled(float(row[columns.mos]), columns, f"{table}, row {number}")
        place = str(row[columns.image])
        inside = place.startswith("#")
        full = table.resolve() if inside else base / place
        path = _relative(full, target) + (place if inside else "")
        name = str(row[columns.name]) if columns.name else place
        std = row.get(columns.std) if columns.std else None
        span = abs(columns.highest - columns.lowest)
        labels = RegionLabels(
            quality=quality,
            quality_std=None if std in (None, "") else round(float(str(std)) / span, 6),
            metric=metric,
        )
        word = QUALITY.word(quality)
        yield InstructionRecord(
            id=f"{table.stem}.{Path(name).stem if not inside else place[1:]}",
            image=path,
            regions=(RegionSpec(id="1", whole=True),),
            messages=_question(AssessmentTask.QUALITY, prompts.quality_answer(word), "1"),
            labels={"1": labels},
            reference=str(row[columns.reference]) if columns.reference else f"{table.stem}.{name}",
        )


def _question(task: AssessmentTask, answer: str, region: str) -> tuple[Message, Message]:
    question = prompts.INSTRUCTIONS[task]
    return Message("user", question, (region,)), Message("assistant", answer, (), task)


def _relative(path: Path, target: Path) -> str:
    return Path(os.path.relpath(path.resolve(), target.resolve().parent)).as_posix()


def _scaled(value: float, columns: OpinionColumns, where: str) -> float:
    score = (value - columns.lowest) / (columns.highest - columns.lowest)
    if not -1e-6 <= score <= 1 + 1e-6:
        raise ValueError(
            f"{where}: the score {value} leaves the scale from {columns.lowest} (worst) to "
            f"{columns.highest} (best); say which scale the table uses"
        )
    return round(min(max(score, 0.0), 1.0), 6)


def _rows(table: Path, columns: OpinionColumns) -> Iterator[dict[str, Any]]:
    suffix = table.suffix.lower()
    if suffix == ".parquet":
        yield from _parquet_rows(table, columns)
    elif suffix == ".jsonl":
        yield from (json.loads(line) for line in read_lines(table) if line.strip())
    elif suffix in (".csv", ".tsv", ".txt"):
        with table.open(encoding="utf-8-sig", newline="") as lines:
            yield from csv.DictReader(lines, delimiter="\t" if suffix == ".tsv" else ",")
    else:
        raise ValueError(f"{table}: a table is .csv, .tsv, .jsonl or .parquet")


def _parquet_rows(table: Path, columns: OpinionColumns) -> Iterator[dict[str, Any]]:
    file = pq.ParquetFile(table)
    schema = file.schema_arrow
    names = [name for name in schema.names if name != columns.image]
    holds_text = columns.image in schema.names and str(schema.field(columns.image).type) == "string"
    if holds_text:
        names.append(columns.image)
    row = 0
    for batch in file.iter_batches(4096, columns=names):
        for plain in batch.to_pylist():
            if not holds_text and columns.image in schema.names:
                plain[columns.image] = f"#{row}"
            yield plain
            row += 1


def convert_regions(annotations: Path, images: Path, target: Path) -> Iterator[InstructionRecord]:
    """One record a photo from a COCO-like region set, for sets whose annotations carry labels.

    An annotation may have ``quality`` and ``importance`` in [0, 1] and ``distortions`` as pairs of
    type and severity word (as SEAGULL-3k has); regions without any of them are left out.

    Args:
        annotations: JSON with ``images``, ``annotations``; small enough to be held by photo.
        images: folder of the photos.
        target: the records' file.

    Raises:
        ValueError: if the file is not COCO-like.
    """
    import ijson

    photos: dict[Any, str] = {}
    regions: dict[Any, list[dict[str, Any]]] = {}
    try:
        with open_marked(annotations) as handle:
            for image in ijson.items(handle, "images.item", use_float=True):
                photos[image["id"]] = str(image["file_name"])
        with open_marked(annotations) as handle:
            for item in ijson.items(handle, "annotations.item", use_float=True):
                if {"quality", "importance", "distortions"} & set(item):
                    regions.setdefault(item["image_id"], []).append(item)
    except (ijson.JSONError, KeyError, TypeError) as error:
        raise ValueError(f"{annotations} is not COCO-like JSON: {error!r}") from error
    for image_id, items in regions.items():
        place = _relative(images / photos[image_id], target)
        yield _region_record(f"{annotations.stem}.{image_id}", place, photos[image_id], items)


def _region_record(
    name: str, image: str, reference: str, items: list[dict[str, Any]]
) -> InstructionRecord:
    specs, messages, labels = [], list[Message](), {}
    for number, item in enumerate(items, start=1):
        region = str(number)
        specs.append(_spec(region, item))
        labels[region] = RegionLabels.from_dict(
            {key: item[key] for key in ("quality", "importance", "distortions") if key in item}
            | {"metric": str(item.get("metric", "mos"))}
        )
        messages += _known_answers(labels[region], region)
    return InstructionRecord(name, image, tuple(specs), tuple(messages), labels, reference)


def _known_answers(labels: RegionLabels, region: str) -> Iterator[Message]:
    scales: tuple[tuple[AssessmentTask, float | None, LevelScale, Any], ...] = (
        (AssessmentTask.QUALITY, labels.quality, QUALITY, prompts.quality_answer),
        (AssessmentTask.IMPORTANCE, labels.importance, IMPORTANCE, prompts.importance_answer),
    )
    for task, score, scale, answer in scales:
        if score is not None:
            yield from _question(task, answer(scale.word(score)), region)
    if labels.distortions is not None:
        text = prompts.distortion_answer(labels.distortions)
        yield from _question(AssessmentTask.DISTORTION, text, region)


def _spec(region: str, item: dict[str, Any]) -> RegionSpec:
    segmentation = item.get("segmentation")
    if isinstance(segmentation, dict):
        return RegionSpec(id=region, rle=Rle.from_dict(segmentation))
    if segmentation:
        return RegionSpec(id=region, polygon=tuple(tuple(ring) for ring in segmentation))
    x, y, width, height = item["bbox"]
    return RegionSpec(id=region, box=(x, y, x + width, y + height))


def convert_published(
    root: Path, rois: Path, scores: Path, target: Path, fields: dict[str, str]
) -> Iterator[InstructionRecord]:
    """One record an image from a SEAGULL-100w tree; the score JSON is read as a stream.

    Args:
        root: folder with ``Dist.Images``.
        rois: JSON of masks (held in memory, it is small: masks belong to references).
        scores: JSON of scores, of any size; rows of one image must follow each other.
        target: the records' file.
        fields: our name of a field to the file's name.

    Raises:
        ValueError: if a row has not the fields that are needed, with those it has.
    """
    masks: dict[tuple[str, str], Rle] = {}
    for row in iter_rows(rois, fields):
        _need(row, ("id", "roi", "size", "counts"), rois)
        masks[str(row["id"]), str(row["roi"])] = Rle(tuple(row["size"]), row["counts"])
    group: list[dict[str, Any]] = []
    for row in iter_rows(scores, fields):
        _need(row, ("image", "roi", "quality"), scores)
        if group and group[0]["image"] != row["image"]:
            yield _published_record(root, group, masks, target)
            group = []
        group.append(row)
    if group:
        yield _published_record(root, group, masks, target)


def _need(row: dict[str, Any], names: tuple[str, ...], path: Path) -> None:
    if missing := [name for name in names if name not in row]:
        raise ValueError(
            f"{path}: rows have {', '.join(row)}; say which of them is {', '.join(missing)} "
            "(field=NAME_IN_FILE)"
        )


def _published_record(
    root: Path, rows: list[dict[str, Any]], masks: dict[tuple[str, str], Rle], target: Path
) -> InstructionRecord:
    place = str(rows[0]["image"])
    image_id, items = Path(place).stem, []
    kind = Path(place).parts[0].lower()
    known = kind in [item.value for item in DistortionType]
    for row in rows:
        roi = str(row["roi"])
        if (image_id, roi) not in masks:
            raise ValueError(f"{place}: region {roi} has scores, but no mask")
        item: dict[str, Any] = {
            "segmentation": masks[image_id, roi].to_dict(),
            "metric": "published",
        }
        item |= {key: row[key] for key in ("quality", "importance") if key in row}
        if known and "severity" in row:
            item["distortions"] = [[kind, row["severity"]]]
        items.append(item)
    image = _relative(root / "Dist.Images" / place, target)
    name = f"{image_id}.{digest(place.encode())[:8]}"
    return _region_record(name, image, image_id, items)
