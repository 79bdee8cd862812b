"""Checks a data set against its plan and its own records: is everything there, and is it whole?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from data_tools.assemble import SPLITS
from data_tools.card import CARD
from data_tools.config import DataConfig
from data_tools.label_table import labels_path
from data_tools.pack import finished_ids
from data_tools.plan import read_plan, read_shard
from data_tools.png import decode_png
from data_tools.render import cell_path, settings_of
from data_tools.sources import pixel_digest
from data_tools.state import STAGES, FileEntry, OutputTree, latest, read_journal, read_json
from seagull.language.prompts import CLEAN_ANSWER
from seagull.records import json_records
from seagull.types import DistortionType

_LISTED = 20


@dataclass
class Validation:
    """What was found.

    Args:
        cells: images there, by type.
        missing: images that should be there and are not (the first ones by name).
        problems: everything else that is wrong.
        quarantined: references left out with a reason; no problem, but counted.
        ladders: per type: ROI ladders looked at, and how many have |SRCC| >= .98 with the level.
        no_effect: per type: share of label rows where nothing is visible.
    """

    references: int = 0
    expected: int = 0
    cells: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    missing_count: int = 0
    problems: list[str] = field(default_factory=list)
    quarantined: int = 0
    ladders: dict[str, list[int]] = field(default_factory=dict)
    no_effect: dict[str, float] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether nothing is missing or wrong."""
        return not self.missing_count and not self.problems

    def miss(self, name: str) -> None:
        """Notes a missing image."""
        self.missing_count += 1
        if len(self.missing) < _LISTED:
            self.missing.append(name)


def validate(tree: OutputTree, config: DataConfig, *, deep: bool = False) -> Validation:
    """Checks completeness (id x type x k), sizes, labels and splits.

    Args:
        tree: the output folder.
        config: the settings it was made with.
        deep: also re-read every recorded file, and decode the images among them.

    Raises:
        PlanError: if nothing is planned.
    """
    found = Validation()
    for shard in range(len(read_plan(tree)["shards"])):
        _check_shard(tree, config, shard, found, deep)
    _finish_effects(found)
    assembled = read_json(tree.state / "assembled.json") or {"files": []}
    files = (FileEntry(*file) for file in assembled["files"] if file[0] != CARD)  # people edit that
    _check_files(tree, files, found, deep)
    if (tree.root / "conversations").is_dir():
        _check_conversations(tree, config, found)
    else:
        found.problems.append("conversations are not there yet; run `seagull-data chat`, then pack")
    return found


def _check_shard(
    tree: OutputTree, config: DataConfig, shard: int, found: Validation, deep: bool
) -> None:
    journals = {stage: latest(read_journal(tree.journal(stage, shard))) for stage in STAGES}
    for photo in read_shard(tree, shard):
        found.references += 1
        entries = {stage: journals[stage].get(photo.id) for stage in STAGES if stage != "pack"}
        if any(entry is not None and entry.error is not None for entry in entries.values()):
            found.quarantined += 1
            continue
        entry = entries.pop("distort")
        there = {file.path: file for file in entry.files} if entry else {}
        for setting in settings_of(config, photo.id):
            _check_cell(tree, photo.id, setting.type.value, setting.k, there, found, deep)
        for stage, entry in entries.items():
            if entry is None:
                found.problems.append(f"{photo.id}: the {stage} stage has not reached it")
            else:
                _check_files(tree, entry.files, found, deep)
    for packed in journals["pack"].values():
        _check_files(tree, packed.files, found, deep)
    for name in finished_ids(tree, "label", shard):
        if (tree.root / labels_path(name)).is_file():
            _check_labels(tree.root / labels_path(name), config, found)


def _check_cell(
    tree: OutputTree,
    image_id: str,
    kind: str,
    k: int,
    there: dict[str, FileEntry],
    found: Validation,
    deep: bool,
) -> None:
    path = cell_path(image_id, DistortionType(kind), k)
    found.expected += 1
    file = there.get(path)
    if file is None or not (tree.root / path).is_file():
        found.miss(path)
        return
    found.cells[kind] += 1
    _check_files(tree, [file], found, deep)


def _check_files(
    tree: OutputTree, files: Iterable[FileEntry], found: Validation, deep: bool
) -> None:
    for file in files:
        full = tree.root / file.path
        if not full.is_file():
            found.problems.append(f"{file.path}: recorded as finished, but not there")
        elif (size := full.stat().st_size) != file.size:
            found.problems.append(f"{file.path}: {size} bytes, recorded are {file.size}")
        elif deep and (reason := _unlike(tree, file)):
            found.problems.append(f"{file.path}: {reason}")


def _unlike(tree: OutputTree, file: FileEntry) -> str:
    if not tree.whole(file):
        return "its bytes are not those that were written"
    if file.pixels is None:
        return ""
    data = (tree.root / file.path).read_bytes()
    try:
        pixels = decode_png(data)
    except ValueError as error:
        return str(error)
    return "" if pixel_digest(pixels) == file.pixels else "it decodes to other pixels than written"


def _check_labels(path: Path, config: DataConfig, found: Validation) -> None:
    try:
        table = pq.read_table(path, columns=["roi", "type", "k", "quality", "importance_raw"])
    except (ValueError, OSError) as error:
        found.problems.append(f"{path.name}: cannot be read: {error}")
        return
    quality = table["quality"].to_numpy()
    for name in ("quality", "importance_raw"):
        values = table[name].to_numpy()
        if not np.isfinite(values).all() or values.min() < -1e-6 or values.max() > 1 + 1e-6:
            found.problems.append(f"{path.name}: {name} leaves [0, 1]")
    kinds = np.asarray(table["type"].to_pylist())
    rois = np.asarray(table["roi"].to_pylist())
    levels = table["k"].to_numpy()
    for kind in config.distort.types:
        mine = kinds == kind
        rows, shown = int(mine.sum()), int((quality[mine] >= config.label.visible).sum())
        found.no_effect[f"{kind}/rows"] = found.no_effect.get(f"{kind}/rows", 0) + rows
        found.no_effect[f"{kind}/none"] = found.no_effect.get(f"{kind}/none", 0) + shown
        for roi in np.unique(rois[mine]):
            _check_ladder(kind, levels[mine & (rois == roi)], quality[mine & (rois == roi)], found)


def _check_ladder(kind: str, levels: Any, quality: Any, found: Validation) -> None:
    if levels.size < 3 or np.ptp(quality) < 1e-3:
        return
    good = _rank_correlation(levels, quality) <= -0.98
    counts = found.ladders.setdefault(kind, [0, 0])
    counts[0] += 1
    counts[1] += int(good)


def _rank_correlation(first: Any, second: Any) -> float:
    """Spearman's correlation; equal values share their mean rank."""
    ranks = []
    for values in (first, second):
        _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks.append((np.cumsum(counts) - (counts - 1) / 2)[where])
    first_rank, second_rank = (rank - rank.mean() for rank in ranks)
    spread = np.sqrt((first_rank**2).sum() * (second_rank**2).sum())
    return float(first_rank @ second_rank / spread)


def _finish_effects(found: Validation) -> None:
    sums, found.no_effect = found.no_effect, {}
    for name in sorted({key.split("/")[0] for key in sums}):
        found.no_effect[name] = sums[f"{name}/none"] / max(sums[f"{name}/rows"], 1)


def _check_conversations(tree: OutputTree, config: DataConfig, found: Validation) -> None:
    photos: dict[str, set[str]] = {}
    for split in SPLITS:
        path = tree.root / "conversations" / f"{split}.jsonl"
        photos[split] = set()
        count = 0
        for _, line, record in json_records(path):
            if isinstance(record, str):
                found.problems.append(f"{path.name}, line {line}: {record}")
                continue
            count += 1
            photos[split].add(str(record.reference))
            found.problems += [f"{record.id}: {text}" for text in _record_faults(record)]
            if not (path.parent / record.image).is_file():
                found.problems.append(f"{record.id}: its image {record.image} is not there")
        found.records[split] = count
    if both := photos["train"] & photos["validation"]:
        found.problems.append(f"references in both splits: {sorted(both)[:5]}")


def _record_faults(record: Any) -> Iterator[str]:
    spoken: tuple[str, ...] = ()
    for message in record.messages:
        if message.role == "user":
            spoken = message.regions
            continue
        for region in spoken:
            clean = record.labels[region].distortions == ()
            said = message.task == "distortion" and message.content != CLEAN_ANSWER
            if clean and said:
                yield f"region {region} shows nothing, but is called distorted"
        if not message.content:
            yield "an empty answer"


def write_validation(tree: OutputTree, found: Validation) -> None:
    """Stores the result for the report."""
    plain = {**vars(found), "cells": dict(found.cells), "good": found.good}
    path = tree.state / "validation.json"
    tree.write(str(path.relative_to(tree.root)), (json.dumps(plain, indent=1) + "\n").encode())
