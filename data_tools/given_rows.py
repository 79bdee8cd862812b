"""Files of regions that came with the photos, as rows of the index (``data_tools.given``)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_tools.coco import CocoImages, Fault, area_of, categories, coco_annotations, shape_of
from seagull.files.text import read_line_bytes

GivenRow = tuple[str, str, int, float, str]
"""Name of the photo, place in the file, number, area, and the region as JSON."""


def jsonl_rows(path: Path) -> Iterator[GivenRow | Fault]:
    """The regions of a JSONL of segments, one photo a line."""
    for line_number, line in enumerate(read_line_bytes(path), start=1):
        place = f"line {line_number}"
        if not line.strip():
            continue
        try:
            photo, segments = _segments(json.loads(line))
        except (ValueError, RecursionError) as error:
            yield Fault(place, str(error))
            continue
        for number, segment in enumerate(segments):
            where = f"{place}, segment {number}"
            try:
                rle = shape_of({"segmentation": segment})
            except ValueError as error:
                yield Fault(where, str(error))
                continue
            yield photo, where, number, area_of(segment), json.dumps(rle)


def _segments(plain: Any) -> tuple[str, list[dict[str, Any]]]:
    wanted = '{"image": ..., "segments": [{"size": ..., "counts": ...}, ...]}'
    if not isinstance(plain, dict) or not isinstance(plain.get("image"), str):
        raise ValueError(f"{wanted} is expected")
    segments = plain.get("segments")
    if not isinstance(segments, list) or not all(isinstance(one, dict) for one in segments):
        raise ValueError(f"{wanted} is expected")
    return plain["image"], segments


def coco_rows(path: Path) -> Iterator[GivenRow | Fault]:
    """The regions of COCO-like JSON.

    Raises:
        ValueError: if it has no images.
    """
    images, names = CocoImages(path), categories(path)
    if not len(images):
        raise ValueError("it has no `images`; COCO's form is expected, or .jsonl of segments")
    yield from images.faults
    for number, found in enumerate(coco_annotations(path)):
        if isinstance(found, Fault):
            yield found
            continue
        place, item = found
        try:
            image = images.of(item)
            region = _coco_region(item, image.height, image.width)
        except ValueError as error:
            yield Fault(place, str(error))
            continue
        region["category"] = names.get(str(item.get("category_id")))
        yield image.file_name, place, number, area_of(item), json.dumps(region)


def _coco_region(item: Mapping[str, Any], height: int, width: int) -> dict[str, Any]:
    return shape_of(item) | ({"size": [height, width]} if height and width else {})
