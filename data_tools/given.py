"""Regions that came with the photos: COCO-like JSON, or a JSONL of segments a photo.

Either is brought once into one form below the output folder: a JSONL with an index of offsets, so
that a worker reads the lines of its own photos and nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import ijson

from data_tools.config import ConfigError
from data_tools.settings import digest_files, given_files
from data_tools.state import OutputTree, read_json
from seagull.regions.masks import polygon_mask
from seagull.regions.rle import Rle, decode
from seagull.text_files import open_marked, read_lines
from seagull.types import BoolMask

UnitBox = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class GivenRegion:
    """An annotated region: a mask at its own resolution, or a box as shares of the sides."""

    mask: BoolMask | None
    box: UnitBox = (0.0, 0.0, 1.0, 1.0)
    category: str | None = None


class GivenRegions:
    """The prepared annotations of one output folder.

    Args:
        tree: the output folder; `prepare_given` has run there.
        sources: path of each photo below the input folder, by id.
    """

    def __init__(self, tree: OutputTree, sources: dict[str, str]) -> None:
        head = read_json(tree.state / "given.json") or {}
        self.name = str(head.get("name", "given"))
        self._sources = sources
        self._path = tree.state / "given.sqlite"

    def of(self, image_id: str) -> Iterator[GivenRegion]:
        """The regions of one photo, largest first; none if it is not annotated."""
        source = PurePosixPath(self._sources[image_id])
        with sqlite3.connect(f"file:{self._path}?mode=ro", uri=True) as index:
            for name in (str(source), *(str(PurePosixPath(*source.parts[i:])) for i in (-2, -1))):
                rows = index.execute(
                    "SELECT region FROM regions WHERE photo = ? ORDER BY area DESC, number", (name,)
                ).fetchall()
                if rows:
                    break
            else:
                rows = index.execute(
                    "SELECT region FROM regions WHERE stem = ? ORDER BY area DESC, number",
                    (source.stem,),
                ).fetchall()
        for (text,) in rows:
            yield _region(json.loads(text))


def prepare_given(tree: OutputTree, path: Path) -> int:
    """Indexes annotations for `GivenRegions`; returns the number of regions.

    Args:
        tree: the output folder.
        path: a file, or a pattern with ``*`` for several.

    Raises:
        ConfigError: if there is no such file, or one is of neither form.
    """
    files = given_files(path)
    if not files:
        raise ConfigError(f"masks.given: there is no file {path}")
    mark = digest_files(files)
    head = read_json(tree.state / "given.json")
    if head is not None and head["digest"] == mark:
        return int(head["regions"])
    tree.state.mkdir(parents=True, exist_ok=True)
    scratch = tree.state / "given.sqlite.part"
    scratch.unlink(missing_ok=True)
    index = sqlite3.connect(scratch)
    try:
        index.execute("CREATE TABLE regions (photo, stem, number INTEGER, area REAL, region)")
        for file in files:
            rows = _jsonl_rows(file) if file.suffix == ".jsonl" else _coco_rows(file)
            index.executemany("INSERT INTO regions VALUES (?, ?, ?, ?, ?)", rows)
        index.execute("CREATE INDEX by_photo ON regions (photo)")
        index.execute("CREATE INDEX by_stem ON regions (stem)")
        (count,) = index.execute("SELECT count(*) FROM regions").fetchone()
        index.commit()
    except (ValueError, KeyError, TypeError, ijson.JSONError) as error:
        raise ConfigError(f"masks.given: {file} cannot be read: {error!r}") from error
    finally:
        index.close()
    scratch.replace(tree.state / "given.sqlite")
    tree.write_json(
        tree.state / "given.json", {"digest": mark, "name": path.name, "regions": int(count)}
    )
    return int(count)


_Row = tuple[str, str, int, float, str]


def _jsonl_rows(path: Path) -> Iterator[_Row]:
    for line in read_lines(path):
        plain = json.loads(line)
        photo = str(plain["image"])
        for number, segment in enumerate(plain["segments"]):
            rle = {"size": segment["size"], "counts": segment["counts"]}
            area = float(segment.get("area", 0))
            yield photo, PurePosixPath(photo).stem, number, area, json.dumps({"rle": rle})


def _coco_rows(path: Path) -> Iterator[_Row]:
    images: dict[Any, tuple[str, int, int]] = {}
    with open_marked(path) as handle:
        for image in ijson.items(handle, "images.item", use_float=True):
            images[image["id"]] = (image["file_name"], int(image["height"]), int(image["width"]))
    with open_marked(path) as handle:
        categories = {
            item["id"]: str(item["name"])
            for item in ijson.items(handle, "categories.item", use_float=True)
        }
    with open_marked(path) as handle:
        for number, item in enumerate(ijson.items(handle, "annotations.item", use_float=True)):
            photo, height, width = images[item["image_id"]]
            region = _coco_region(item, height, width)
            region["category"] = categories.get(item.get("category_id"))
            area = float(item.get("area", 0))
            yield photo, PurePosixPath(photo).stem, number, area, json.dumps(region)


def _coco_region(item: dict[str, Any], height: int, width: int) -> dict[str, Any]:
    segmentation = item.get("segmentation")
    if isinstance(segmentation, dict):
        return {"rle": segmentation}
    if segmentation:
        return {"polygon": segmentation, "size": [height, width]}
    x, y, w, h = item["bbox"]
    return {"box": [x / width, y / height, (x + w) / width, (y + h) / height]}


def _region(plain: dict[str, Any]) -> GivenRegion:
    category = plain.get("category")
    if "rle" in plain:
        return GivenRegion(decode(Rle.from_dict(plain["rle"])), category=category)
    if "polygon" in plain:
        mask = polygon_mask(plain["polygon"], tuple(plain["size"]))
        return GivenRegion(mask, category=category)
    x1, y1, x2, y2 = plain["box"]
    return GivenRegion(None, (x1, y1, x2, y2), category)
