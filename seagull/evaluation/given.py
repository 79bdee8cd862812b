"""Predictions made elsewhere: a JSON Lines file of quality reports or of simple rows.

A simple row is ``{"image": ..., "region": "1", "quality": 0.4, "quality_std": 0.1,
"importance": ..., "distortions": [["blur", "minor"]], "labels": {"quality": 0.5}}``; all but
``image`` may be missing. Rows with labels are evaluated as they stand; others are joined with an
evaluation set by the photo's name and the region's id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from seagull.evaluation.predictions import Prediction, Row, checked, read_rows
from seagull.evaluation.sets import EvaluationSet
from seagull.records import RegionLabels
from seagull.reports.schema import SCHEMA_ID, check_report

_ROW_FIELDS = {
    "id", "image", "region", "group", "labels", "distortions", "quality", "quality_std",
    "importance", "importance_std",
}  # fmt: skip


def read_given(path: Path) -> list[Row]:
    """The rows of a predictions file; rows of reports have no labels.

    Raises:
        ValueError: with the line's number, if a line is neither a report nor a row, or a region
            is there twice.
    """
    if not path.is_file():
        raise ValueError(f"{path}: there is no such file; --predictions takes a .jsonl")
    rows: dict[tuple[str, str], Row] = {}
    for number, plain in read_rows(path):
        try:
            for row in _rows(plain):
                if (row.item, row.region) in rows:
                    raise ValueError(f"region {row.region} of {row.item} is there twice")
                rows[row.item, row.region] = row
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{path}, line {number}: {error}") from error
    if not rows:
        raise ValueError(f"{path}: there is no prediction in it")
    return list(rows.values())


def join(rows: list[Row], data: EvaluationSet, limit: int | None = None) -> tuple[list[Row], int]:
    """The rows with the labels of a set, and how many labelled regions nothing was predicted for.

    A photo is found by its full name; failing that by its last part, where that is unique among
    the predictions.

    Raises:
        ValueError: if no prediction belongs to the set.
    """
    names = _Names(rows)
    joined, missing = [], 0
    for item in data.items(limit):
        for region, labels in item.labels.items():
            row = names.find(item.id, item.image, region)
            if row is None:
                missing += 1
                continue
            known = checked(labels)
            joined.append(Row(item.id, region, item.image, item.group, known, row.prediction))
    if not joined:
        raise ValueError(
            f"no prediction is about a region of {data.path}; photos are matched by `image` "
            f"(such as {next(iter(data.items(1))).image!r}) and regions by `region`"
        )
    return joined, missing


class _Names:
    """Predictions by (photo, region), under the photo's full name, its id and its last part."""

    def __init__(self, rows: list[Row]) -> None:
        self._full: dict[tuple[str, str], Row] = {}
        self._last: dict[tuple[str, str], Row | None] = {}
        for row in rows:
            self._full[row.image, row.region] = row
            key = _last_part(row.image), row.region
            self._last[key] = None if key in self._last else row
        self._ids = {(row.item, row.region): row for row in rows}

    def find(self, item: str, image: str, region: str) -> Row | None:
        found = self._ids.get((item, region)) or self._full.get((image, region))
        return found or self._last.get((_last_part(image), region))


def _last_part(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _rows(plain: Mapping[str, Any]) -> Iterator[Row]:
    if plain.get("schema") != SCHEMA_ID:
        if unknown := sorted(set(plain) - _ROW_FIELDS):
            raise ValueError(f"unknown fields {unknown}; known are {sorted(_ROW_FIELDS)}")
        yield Row.from_dict(plain)
        return
    check_report(plain)
    image = plain["image"]
    name = str(image["path"] or image["sha256"])
    for region in plain["regions"]:
        prediction = Prediction.from_dict({**_scores(region), "distortions": region["distortions"]})
        yield Row(name, region["id"], name, name, RegionLabels(), prediction)


def _scores(region: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for task in ("quality", "importance"):
        if (score := region[task]) is not None:
            found |= {task: score["score"], f"{task}_std": score["std"]}
    return found
