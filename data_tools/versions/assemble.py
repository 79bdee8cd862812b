"""The record files, once the versions of all references are there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_tools.calibrate import Calibration, ScoreColumns, calibrate_scores
from data_tools.config import DataConfig
from data_tools.state import OutputTree, read_json
from data_tools.versions.known import Reading, Readings
from data_tools.versions.records import SceneRecords
from data_tools.versions.unit import picture_path, versions_path
from seagull.files.text import read_lines
from seagull.photos.identity import AmbiguousPhotoError, PhotoNames
from seagull.records import InstructionRecord, write_records

FILES = ("train", "validation", "sensitivity")
LANGUAGE = "language"
"""The record file that is written with readings of a model alone."""
CALIBRATION_FILE = "versions-calibration.json"
"""The scale of importance, in the folder of the state."""


def records_path(name: str) -> str:
    """Where one of the record files (a name of ``FILES``, or ``LANGUAGE``) lies."""
    return f"versions/{name}.jsonl"


def assemble_versions(
    tree: OutputTree,
    config: DataConfig,
    image_ids: Sequence[str],
    given: Calibration | None = None,
    readings: Readings | None = None,
) -> dict[str, int]:
    """Calibrates importance and writes the record files; returns the records of each.

    Args:
        tree: the output folder.
        config: the settings.
        image_ids: references with versions, in the order of the plan.
        given: the calibration to use instead of this set's own.
        readings: of a model, for ``language``, which is all that is written then.

    Raises:
        ValueError: if no scene has a region, which its own needs; or readings are of others.
    """
    calibration = given or calibrate_scores(_scores(tree, image_ids), config.label.visible)
    tree.write_json(tree.state / CALIBRATION_FILE, calibration.to_dict())
    if readings is not None:
        joined = join_readings(readings, _pictures(tree, image_ids))
        return _write(tree, LANGUAGE, _language(tree, config, image_ids, calibration, joined))
    wanted: dict[str, _Wanted] = {
        "train": lambda photo, scene: scene.questions() if photo["split"] == "train" else (),
        "validation": lambda photo, scene: (
            scene.questions() if photo["split"] == "validation" else ()
        ),
        "sensitivity": lambda photo, scene: (
            scene.sensitivity() if photo["split"] == "validation" else ()
        ),
    }
    counts: dict[str, int] = {}
    for name in FILES:
        records = _records(tree, config, image_ids, calibration, wanted[name])
        counts |= _write(tree, name, records)
    return counts


def _write(tree: OutputTree, name: str, records: Iterator[InstructionRecord]) -> dict[str, int]:
    with tree.whole_file(records_path(name), []) as path:
        return {records_path(name): write_records(path, records)}


def _language(
    tree: OutputTree,
    config: DataConfig,
    image_ids: Sequence[str],
    calibration: Calibration,
    readings: Readings,
) -> Iterator[InstructionRecord]:
    for photo in _photos(tree, image_ids):
        if photo["split"] == "train":
            for scene in photo["scenes"]:
                yield from SceneRecords(photo, scene, calibration, config, readings).language()


def _pictures(tree: OutputTree, image_ids: Sequence[str]) -> list[str]:
    """Paths of all pictures of the set."""
    return [
        picture_path(scene["id"], version["number"])
        for photo in _photos(tree, image_ids)
        for scene in photo["scenes"]
        for version in scene["versions"]
    ]


def join_readings(readings: Readings, pictures: Sequence[str]) -> Readings:
    """Readings under the pictures of a set that their names mean (``seagull.photos.identity``).

    Args:
        readings: by any name of a picture, and region.
        pictures: paths in the set.

    Raises:
        ValueError: if a name could mean several pictures, or none means any.
    """
    by_name: dict[str, dict[str, Reading]] = {}
    for (name, region), reading in readings.items():
        by_name.setdefault(name, {})[region] = reading
    names = PhotoNames(by_name, pictures)
    joined: dict[tuple[str, str], Reading] = {}
    for picture in pictures:
        try:
            found = names.find(picture)
        except AmbiguousPhotoError as error:
            raise ValueError(f"versions.readings: {error}") from error
        if found is not None:
            joined |= {(picture, region): one for region, one in by_name[found].items()}
    if by_name and pictures and not joined:
        raise ValueError(
            "versions.readings: they are of other pictures: of "
            f"{next(iter(by_name))}, the set has {pictures[0]}"
        )
    return joined


def given_readings(config: DataConfig) -> dict[tuple[str, str], Reading] | None:
    """What a model reads of regions, from the file that the settings name; None where they don't.

    By picture, as the file names it, and region; of several lines about one region the last counts.

    Raises:
        ValueError: with the line, if the file is not there or faulty.
    """
    if config.versions.readings is None:
        return None
    path = Path(config.versions.readings)
    try:
        lines = list(read_lines(path))
    except OSError as error:
        raise ValueError(f"versions.readings: {path} cannot be read: {error}") from error
    return dict(_reading(line, f"{path}, line {n}") for n, line in enumerate(lines, start=1))


def _reading(line: str, where: str) -> tuple[tuple[str, str], Reading]:
    try:
        row = json.loads(line)
        key = str(row["image"]), str(row["region"])
        return key, Reading(float(row["quality"]), float(row["std"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"versions.readings: {where}: image, region, quality and std are expected ({error})"
        ) from error


def given_calibration(config: DataConfig, metric: str) -> Calibration | None:
    """The calibration of the other data set that the settings name; None where they name none.

    Args:
        config: the settings.
        metric: id and version of the metric that this set is labelled by.

    Raises:
        ValueError: if it is not there, or of another metric.
    """
    given = config.versions.calibration
    if given is None:
        return None
    path = OutputTree(Path(given)).state / CALIBRATION_FILE
    plain = read_json(path)
    if plain is None:
        raise ValueError(f"versions.calibration: {given} has no versions (there is no {path})")
    calibration = Calibration.from_dict(plain)
    if calibration.metric != metric:
        raise ValueError(
            f"versions.calibration: {given} was labelled by {calibration.metric}, this set by "
            f"{metric}; labels of different metrics never mix"
        )
    return calibration


_Wanted = Callable[[dict[str, Any], SceneRecords], Iterable[InstructionRecord]]


def _records(
    tree: OutputTree,
    config: DataConfig,
    image_ids: Sequence[str],
    calibration: Calibration,
    wanted: _Wanted,
) -> Iterator[InstructionRecord]:
    for photo in _photos(tree, image_ids):
        for scene in photo["scenes"]:
            yield from wanted(photo, SceneRecords(photo, scene, calibration, config))


def _photos(tree: OutputTree, image_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    for image_id in image_ids:
        path = tree.root / versions_path(image_id)
        photo = read_json(path)
        if photo is None:
            raise ValueError(f"there is no {path}; run the same command again")
        yield photo


def _scores(tree: OutputTree, image_ids: Sequence[str]) -> Iterator[ScoreColumns]:
    for photo in _photos(tree, image_ids):
        raw = [
            region["importance_raw"]
            for scene in photo["scenes"]
            for region in scene["regions"].values()
            if region["importance_raw"] is not None
        ]
        # Every region counts: its importance does not depend on what a version does to it.
        yield np.zeros(len(raw)), np.asarray(raw, dtype=np.float64), {photo["metric"]}
