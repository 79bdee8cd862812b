"""Regions that came with the photos: COCO-like JSON, or a JSONL of segments a photo.

Either is brought once into one form below the output folder: an index by photo, so that a worker
reads the annotations of its own photos and nothing else. Which photo an annotation's file name
means is decided once for all photos (``seagull.photos.identity``).
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_tools.coco import (
    Fault,
    faults_note,
)
from data_tools.given_rows import GivenRow, coco_rows, jsonl_rows
from data_tools.settings import digest_files, given_files
from data_tools.state import OutputTree, read_json
from seagull.files.config import ConfigError
from seagull.photos.identity import AmbiguousPhotoError, PhotoNames
from seagull.regions.geometry import Size, checked_geometry, pixel_corners, turned
from seagull.regions.masks import box_of
from seagull.regions.spec import RegionSpec
from seagull.types import BoolMask

logger = logging.getLogger(__name__)

UnitBox = tuple[float, float, float, float]
LEFT_OUT = "annotations left out"
"""Name of a count of the masks stage."""
_FORM = 3
"""Of the index; one of another form is made anew."""


@dataclass(frozen=True, eq=False)
class GivenRegion:
    """An annotated region: a mask at its own resolution, or a box as shares of the sides."""

    mask: BoolMask | None
    box: UnitBox = (0.0, 0.0, 1.0, 1.0)
    category: str | None = None


@dataclass(frozen=True)
class Shown:
    """The photo that annotations are compared with.

    Args:
        size: height and width of the upright photo.
        given_size: ``MasksConfig.given_size``.
        orientation: EXIF orientation that masks have to be turned by; 1 for none.
    """

    size: Size
    given_size: str = "photo"
    orientation: int = 1

    def size_of_annotation(self, stated: Size | None) -> Size:
        """The size at which an annotation's numbers are pixels.

        Raises:
            GeometryError: if the stated size is not the one it has to be.
        """
        if self.given_size == "scaled":
            return self.size if stated is None else stated
        size = self.size[::-1] if self.orientation in (5, 6, 7, 8) else self.size
        checked_geometry(size, stated=stated, what="the photo it was made for")
        return size


class GivenRegions:
    """The prepared annotations of one output folder.

    Args:
        tree: the output folder; `prepare_given` and `match_given` have run there.
        sources: path of each photo below the input folder, by id.
        shown: the photo that is asked about; without it sizes are not compared.
    """

    def __init__(
        self, tree: OutputTree, sources: Mapping[str, str], shown: Shown | None = None
    ) -> None:
        self._shown = shown
        head = read_json(tree.state / "given.json") or {}
        self.name = str(head.get("name", "given"))
        self.faults: list[Fault] = []
        self._sources = sources
        self._path = _index_path(tree)

    def of(self, image_id: str) -> Iterator[GivenRegion]:
        """The regions of one photo, largest first; one that does not fit it is among ``faults``.

        Raises:
            AmbiguousPhotoError: if its annotations could be another photo's.
        """
        source, name = self._sources[image_id], self.annotated(image_id)
        with closing(_opened(self._path)) as index:
            rows = index.execute(
                "SELECT place, region FROM regions WHERE photo = ? ORDER BY area DESC, number",
                (name,),
            ).fetchall()
        for place, text in rows:
            try:
                region = _region(json.loads(text), self._shown)
            except ValueError as error:
                reason = str(error).removeprefix("region 1: ")
                self.faults.append(Fault(place, reason))
                logger.warning("%s: %s of %s left out: %s", source, place, self.name, reason)
                continue
            yield region

    def annotated(self, image_id: str) -> str | None:
        """The name that the annotations have for a photo; None if it is not annotated.

        Raises:
            AmbiguousPhotoError: if they could be another photo's.
        """
        with closing(_opened(self._path)) as index:
            name, problem = index.execute(
                "SELECT name, problem FROM matches WHERE photo = ?", (self._sources[image_id],)
            ).fetchone() or (None, None)
        if problem is not None:
            raise AmbiguousPhotoError(problem)
        return None if name is None else str(name)


def prepare_given(tree: OutputTree, path: Path) -> int:
    """Indexes annotations for `GivenRegions`; returns the number of regions.

    An annotation that cannot be a region is left out, with a warning that names it.

    Args:
        tree: the output folder.
        path: a file, or a pattern with ``*`` for several.

    Raises:
        ConfigError: if there is no such file, one is of neither form, or none has a region.
    """
    files = given_files(path)
    if not files:
        raise ConfigError(f"masks.given: there is no file {path}")
    mark = digest_files(files)
    head = read_json(tree.state / "given.json")
    if head is None or (head["digest"], head.get("form")) != (mark, _FORM):
        head = _index(tree, path, files, mark)
    if head["note"] is not None:
        logger.warning("%s: %s", path, head["note"])
    return int(head["regions"])


def _index(tree: OutputTree, path: Path, files: list[Path], mark: str) -> dict[str, Any]:
    tree.state.mkdir(parents=True, exist_ok=True)
    scratch = tree.state / "given.sqlite.part"
    scratch.unlink(missing_ok=True)
    faults: list[Fault] = []
    with closing(sqlite3.connect(scratch)) as index:
        index.execute("CREATE TABLE regions (photo, place, number INTEGER, area REAL, region)")
        index.execute("CREATE TABLE matches (photo PRIMARY KEY, name, problem)")
        for file in files:
            try:
                rows = jsonl_rows(file) if file.suffix == ".jsonl" else coco_rows(file)
                index.executemany("INSERT INTO regions VALUES (?, ?, ?, ?, ?)", _good(rows, faults))
            except ValueError as error:
                raise ConfigError(f"masks.given: {file} cannot be read: {error}") from error
        index.execute("CREATE INDEX by_photo ON regions (photo)")
        (count,) = index.execute("SELECT count(*) FROM regions").fetchone()
        index.commit()
    note = faults_note(faults)
    if not count:
        raise ConfigError(f"masks.given: {path} has no region{f': {note}' if note else ''}")
    scratch.replace(_index_path(tree))
    head = {
        "digest": mark, "name": path.name, "regions": int(count), "form": _FORM,
        "left_out": len(faults), "note": note,
    }  # fmt: skip
    tree.write_json(tree.state / "given.json", head)
    return head


def match_given(tree: OutputTree, photos: Iterable[str]) -> None:
    """Decides which annotations belong to which photo; warns if none belongs to any.

    Args:
        tree: the output folder; `prepare_given` has run there.
        photos: paths of all photos of the input folder, below it.
    """
    photos = list(photos)
    with closing(sqlite3.connect(_index_path(tree))) as index:
        names = [name for (name,) in index.execute("SELECT DISTINCT photo FROM regions")]
        joined = PhotoNames(names, photos, any_ending=True)
        index.execute("DELETE FROM matches")
        used, unclear = set[str](), 0
        for photo in photos:
            name, problem = None, None
            try:
                name = joined.find(photo)
            except AmbiguousPhotoError as error:
                problem, unclear = str(error), unclear + 1
            if name is not None or problem is not None:
                index.execute("INSERT INTO matches VALUES (?, ?, ?)", (photo, name, problem))
            if name is not None:
                used.add(name)
        index.commit()
    if not used and not unclear and names and photos:
        logger.warning(
            "no photo of the input folder is annotated: it has %s, the annotations have %s",
            photos[0], names[0],
        )  # fmt: skip
    elif len(used) < len(names):
        logger.info("%d of %d annotated photos are there", len(used), len(names))


def left_out(tree: OutputTree) -> int:
    """How many annotations could not be used when they were indexed."""
    head = read_json(tree.state / "given.json") or {}
    return int(head.get("left_out", 0))


def _index_path(tree: OutputTree) -> Path:
    return tree.state / "given.sqlite"


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)


def _good(rows: Iterable[GivenRow | Fault], faults: list[Fault]) -> Iterator[GivenRow]:
    for row in rows:
        if isinstance(row, Fault):
            faults.append(row)
        else:
            yield row


def _region(plain: dict[str, Any], shown: Shown | None) -> GivenRegion:
    """The region of an index's row.

    Raises:
        ValueError: if it does not fit the photo, or covers no pixel.
    """
    category, stated = plain.pop("category", None), plain.pop("size", None)
    spec = RegionSpec.from_dict(plain)
    size = _stated_size(spec, stated)
    if shown is not None:
        try:
            size = shown.size_of_annotation(size)
        except ValueError as error:
            raise ValueError(f"{error} (or say what it is: masks.given_size)") from error
    if size is None:
        raise ValueError("its image has no `height` and `width`")
    orientation = 1 if shown is None else shown.orientation
    if spec.box is None or orientation != 1:
        return _placed(turned(spec.build(size).mask, orientation), spec, category)
    x1, y1, x2, y2 = pixel_corners(spec.box, spec.box_format, size)
    height, width = size
    return GivenRegion(None, (x1 / width, y1 / height, x2 / width, y2 / height), category)


def _placed(mask: BoolMask, spec: RegionSpec, category: str | None) -> GivenRegion:
    if spec.box is None:
        return GivenRegion(mask, category=category)
    (x1, y1, x2, y2), (height, width) = box_of(mask), mask.shape
    return GivenRegion(None, (x1 / width, y1 / height, x2 / width, y2 / height), category)


def _stated_size(spec: RegionSpec, stated: Any) -> Size | None:
    """The size that an annotation says its photo has; None if it does not say.

    Raises:
        ValueError: if it says two.
    """
    size = None if stated is None else (int(stated[0]), int(stated[1]))
    if spec.rle is None:
        return size
    if size is not None:
        checked_geometry(size, stated=spec.rle.size, what="its mask")
    return spec.rle.size
