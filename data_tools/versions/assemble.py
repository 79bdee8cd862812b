"""The record files, once the versions of all references are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from data_tools.calibrate import Calibration, ScoreColumns, calibrate_scores
from data_tools.config import DataConfig
from data_tools.state import OutputTree, read_json
from data_tools.versions.label import CLEAN
from data_tools.versions.records import SceneRecords
from data_tools.versions.unit import versions_path
from seagull.records import InstructionRecord, write_records

FILES = ("train", "validation", "sensitivity")
CALIBRATION_FILE = "versions-calibration.json"
"""The scale of importance, in the folder of the state."""


def records_path(name: str) -> str:
    """Where one of the record files (a name of ``FILES``) lies."""
    return f"versions/{name}.jsonl"


def assemble_versions(
    tree: OutputTree,
    config: DataConfig,
    image_ids: Sequence[str],
    given: Calibration | None = None,
) -> dict[str, int]:
    """Calibrates importance and writes the record files; returns the records of each.

    Args:
        tree: the output folder.
        config: the settings.
        image_ids: references with versions, in the order of the plan.
        given: the calibration to use instead of this set's own.

    Raises:
        ValueError: if no region of any version shows a distortion, which its own needs.
    """
    calibration = given or calibrate_scores(_scores(tree, image_ids), config.label.visible)
    tree.write_json(tree.state / CALIBRATION_FILE, calibration.to_dict())
    wanted: dict[str, _Wanted] = {
        "train": lambda photo, scene: scene.questions() if photo["split"] == "train" else (),
        "validation": lambda photo, scene: (
            scene.questions() if photo["split"] == "validation" else ()
        ),
        "sensitivity": lambda photo, scene: (
            scene.sensitivity() if photo["split"] == "validation" else ()
        ),
    }
    counts = {}
    with ExitStack() as stack:
        for name in FILES:
            path = stack.enter_context(tree.whole_file(records_path(name), []))
            records = _records(tree, config, image_ids, calibration, wanted[name])
            counts[records_path(name)] = write_records(path, records)
    return counts


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
        labels = [
            label
            for scene in photo["scenes"]
            for version in scene["versions"]
            for label in version["labels"]
            if label["state"] != CLEAN
        ]
        quality = np.asarray([label["quality"] for label in labels], dtype=np.float32)
        raw = np.asarray([label["importance_raw"] for label in labels], dtype=np.float32)
        yield quality, raw, {photo["metric"]}
