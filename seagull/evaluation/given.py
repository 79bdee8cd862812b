"""Predictions made elsewhere: a JSON Lines file of quality reports or of simple rows.

A simple row is ``{"image": ..., "region": "1", "quality": 0.4, "quality_std": 0.1,
"importance": ..., "distortions": [["blur", "minor"]], "labels": {"quality": 0.5}}``; all but
``image`` may be missing. Rows with labels are evaluated as they stand; others are joined with an
evaluation set by the photo's name and the region's id. A file to which ``assess`` appended several
reports on a photo counts with the last one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from seagull.evaluation.items import EvaluationItem, photo_group
from seagull.evaluation.matching import check_same_region
from seagull.evaluation.predictions import START, Prediction, Row, checked
from seagull.evaluation.sets import EvaluationSet
from seagull.files.text import read_line_bytes
from seagull.photos.identity import AmbiguousPhotoError, PhotoNames, may_be_same
from seagull.records import RegionLabels
from seagull.regions.rle import Rle
from seagull.regions.spec import RegionSpec
from seagull.reports.schema import SCHEMA_ID, check_report

_ROW_FIELDS = {
    "id", "image", "region", "group", "labels", "distortions", "quality", "quality_std",
    "importance", "importance_std", "area", "photo",
}  # fmt: skip


@dataclass(frozen=True)
class Given:
    """What a predictions file holds.

    Args:
        rows: of reports without labels; of several reports on a region, the last.
        failed: (line, reason) of lines that are neither a report nor a row.
        replaced: regions of which an earlier report is in the file as well.
    """

    rows: tuple[Row, ...]
    failed: tuple[tuple[str, str], ...] = ()
    replaced: int = 0


@dataclass(frozen=True)
class Joined:
    """Predictions beside the labels of a set.

    Args:
        rows: with labels.
        missing: labelled regions that nothing was predicted for.
        failed: (id, reason) of items that cannot be evaluated.
    """

    rows: tuple[Row, ...]
    missing: int
    failed: tuple[tuple[str, str], ...] = ()


def read_given(path: Path) -> Given:
    """The rows of a predictions file.

    Raises:
        ValueError: if there is no such file or no prediction in it, or, with the line's number, if
            a row is there twice.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file; --predictions takes a .jsonl")
    rows: dict[tuple[str, str], Row] = {}
    failed: list[tuple[str, str]] = []
    replaced = set[tuple[str, str]]()
    spellings: dict[str, str] = {}
    for number, plain in _lines(path):
        location = f"{path}, line {number}"
        try:
            if isinstance(plain, str):
                raise ValueError(plain)
            line_rows = list(_rows(plain, spellings))
        except ValueError as error:
            failed.append((f"line {number}", f"{location}: {error}"))
            continue
        repeated = {(row.item, row.region) for row in line_rows} & set(rows)
        if repeated and plain.get("schema") != SCHEMA_ID:
            item, region = min(repeated)
            raise ValueError(f"{location}: region {region} of {item} is there twice; keep one row")
        replaced |= repeated
        rows.update({(row.item, row.region): row for row in line_rows})
    if not rows:
        reason = f" ({failed[0][1]})" if failed else ""
        raise ValueError(f"{path}: there is no prediction in it{reason}")
    return Given(tuple(rows.values()), tuple(failed), len(replaced))


def join(rows: Sequence[Row], data: EvaluationSet, limit: int | None = None) -> Joined:
    """The rows with the labels of a set.

    A row belongs to the item of its id, or else to the photo that its name means by the rule of
    ``seagull.photos.identity``.

    Raises:
        ValueError: if no prediction belongs to the set, or one could belong to several photos or
            to several regions of one id.
    """
    ids = {(row.item, row.region): row for row in rows}
    images = _by_image(rows)
    known = _known_names(data)
    names = PhotoNames((row.image for row in rows), known.places)
    joined: list[Row] = []
    failed: list[tuple[str, str]] = []
    missing = 0
    for item in data.items(limit):
        try:
            labels_by_region = {region: checked(labels) for region, labels in item.labels.items()}
            if item.problem is not None:
                raise ValueError(item.problem)
        except ValueError as error:
            failed.append((item.id, str(error)))
            continue
        for region, labels in labels_by_region.items():
            row = ids.get((item.id, region))
            if row is None and (name := names.find(item.image)) is not None:
                row = _only(images.get((name, region), ()))
                _check_one_photo(item, known)
                _check_one_shape(row, item, region, known)
            if row is None:
                missing += 1
                continue
            try:
                _check_same_photo(row, item)
                check_same_region(row, item)
            except ValueError as error:
                failed.append((item.id, str(error)))
                continue
            joined.append(Row(item.id, region, item.image, item.group, labels, row.prediction))
    if not joined:
        raise ValueError(_nothing_joined(rows, data, failed))
    return Joined(tuple(joined), missing, tuple(failed))


class _KnownNames(NamedTuple):
    """What the names of a set mean.

    Attributes:
        places: where the photo of each name lies.
        shared: names that several photos have.
        two_shapes: (photo, region id) where several regions of the photo have the id.
    """

    places: dict[str, str]
    shared: set[str]
    two_shapes: set[tuple[str, str]]


def _known_names(data: EvaluationSet) -> _KnownNames:
    places: dict[str, str] = {}
    shared, two_shapes = set[str](), set[tuple[str, str]]()
    shapes: dict[tuple[str, str], RegionSpec] = {}
    for item in data.items():
        if item.problem is None:
            place = item.image if item.place is None else item.place()
            if places.setdefault(item.image, place) != place:
                shared.add(item.image)
            for spec in item.regions:
                key = photo_group(item.image), spec.id
                if shapes.setdefault(key, spec) != spec:
                    two_shapes.add(key)
    return _KnownNames(places, shared, two_shapes)


def _check_one_shape(
    row: Row | None, item: EvaluationItem, region: str, known: _KnownNames
) -> None:
    """Passes if a region's id means one shape in the photo, or the prediction's mask tells which.

    Raises:
        ValueError: if not.
    """
    if row is None or row.mask is not None:
        return
    if (photo_group(item.image), region) in known.two_shapes:
        raise ValueError(
            f"region {region} of {item.image} is several shapes in the set; give predictions the "
            f"`id` of their item, such as {item.id!r}"
        )


def _check_one_photo(item: EvaluationItem, known: _KnownNames) -> None:
    """Passes if only one photo of the set has the item's name.

    Raises:
        AmbiguousPhotoError: if not.
    """
    if item.image in known.shared:
        raise AmbiguousPhotoError(
            f"several photos of the set are called {item.image}; give predictions the `id` of "
            f"their item, such as {item.id!r}"
        )


def _check_same_photo(row: Row, item: EvaluationItem) -> None:
    """Passes unless a row that belongs to an item by its id names another photo."""
    if row.item == item.id and row.image != row.item and not may_be_same(row.image, item.image):
        raise ValueError(f"the prediction of this id is about {row.image}, not {item.image}")


def _by_image(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    images: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        images.setdefault((row.image, row.region), []).append(row)
    return images


def _only(rows: Sequence[Row]) -> Row | None:
    if len(rows) > 1:
        first, second = rows[0], rows[1]
        raise ValueError(
            f"two predictions ({first.item}, {second.item}) are about region {first.region} of "
            f"{first.image}; keep one of them"
        )
    return rows[0] if rows else None


def _nothing_joined(
    rows: Sequence[Row], data: EvaluationSet, failed: Sequence[tuple[str, str]]
) -> str:
    example = next((item.image for item in data.items() if item.problem is None), None)
    if example is None:
        return f"{data.path}: nothing of it can be evaluated; the first reason: {failed[0][1]}"
    return (
        f"no prediction is about a region of {data.path}; photos are matched by `image` (such as "
        f"{example!r} there, {rows[0].image!r} here) and regions by `region`"
    )


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """The objects of a JSON Lines file with their line numbers, without a predictions header.

    What is wrong with a line that holds no object is there instead of it.
    """
    for number, line in enumerate(read_line_bytes(path), start=1):
        if not line.strip() or line.startswith(START):
            continue
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"not JSON ({error})"
            continue
        yield number, plain if isinstance(plain, dict) else "an object is needed"


def _rows(plain: Mapping[str, Any], spellings: dict[str, str]) -> Iterator[Row]:
    if plain.get("schema") != SCHEMA_ID:
        if unknown := sorted(set(plain) - _ROW_FIELDS):
            raise ValueError(f"unknown fields {unknown}; known are {sorted(_ROW_FIELDS)}")
        yield Row.from_dict(plain)
        return
    check_report(plain)
    name = _photo_of(plain["image"], spellings)
    for region in plain["regions"]:
        scores = _scores(region, spread="fixed_std" not in plain["model"])
        prediction = Prediction.from_dict({**scores, "distortions": region["distortions"]})
        mask = Rle.from_dict(region["mask"])
        yield Row(name, region["id"], name, name, RegionLabels(), prediction, mask)


def _photo_of(image: Mapping[str, Any], spellings: dict[str, str]) -> str:
    """A report's photo: its path as first written, for the same pixels under a path that ends alike

    (``assess img`` and ``assess /data/img`` report on the same photos).
    """
    path, sha256 = image["path"], str(image["sha256"])
    if path is None:
        return sha256
    spelling = spellings.setdefault(sha256, str(path))
    return spelling if may_be_same(spelling, str(path)) else str(path)


def _scores(region: Mapping[str, Any], *, spread: bool) -> dict[str, float]:
    """A region's scores, with their spreads where the model knows them."""
    scores: dict[str, float] = {}
    for task in ("quality", "importance"):
        if (score := region[task]) is not None:
            scores[task] = score["score"]
            if spread:
                scores[f"{task}_std"] = score["std"]
    return scores
