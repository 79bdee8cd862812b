"""Numbers of the report, collected in one pass over the label files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data_tools.chat import read_calibration
from data_tools.label_table import labels_path
from data_tools.pack import finished_ids, packed_path
from data_tools.state import OutputTree, read_json

BINS = 50


@dataclass
class Numbers:
    """Sums over all label rows.

    Args:
        ladders: by (type, direction or kind): per level the count, sum and sum of squares, (20, 3).
        quality: histogram over [0, 1]; ``importance`` likewise.
        quality_by_type: the same by type.
        areas: histogram of the ROIs' share of the photo, log10 from 1e-3 to 1.
        regions: ROIs per photo, by count.
        talk: counts of forms and words in the conversations.
    """

    rows: int = 0
    ladders: dict[tuple[str, str], NDArray[np.float64]] = field(default_factory=dict)
    quality: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    importance: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    quality_by_type: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    areas: NDArray[np.int64] = field(default_factory=lambda: np.zeros(30, np.int64))
    regions: Counter[int] = field(default_factory=Counter)
    talk: Counter[str] = field(default_factory=Counter)


def collect(tree: OutputTree, shards: int) -> Numbers:
    """The numbers of all finished references; one label file in memory at a time."""
    found = Numbers()
    calibrated = (tree.state / "calibration.json").exists()
    calibration = read_calibration(tree) if calibrated else None
    for path in _label_files(tree, shards):
        names = ["type", "k", "kind", "direction", "quality", "importance_raw"]
        table = pq.read_table(path, columns=names)
        quality = np.clip(table["quality"].to_numpy(), 0, 1)
        found.rows += quality.size
        found.quality += _histogram(quality)
        if calibration is not None:
            important = calibration.importance(table["importance_raw"].to_numpy())
            found.importance += _histogram(important)
        _add_ladders(found, table, quality)
    for path in _mask_files(tree, shards):
        _add_regions(found, path)
    for shard in range(shards):
        record = read_json(tree.commit("chat", shard))
        found.talk.update(record["counts"] if record else {})
    return found


def _label_files(tree: OutputTree, shards: int) -> Iterator[Path]:
    for shard in range(shards):
        for name in finished_ids(tree, "label", shard):
            yield tree.root / labels_path(name)


def _mask_files(tree: OutputTree, shards: int) -> Iterator[Path]:
    for shard in range(shards):
        path = tree.root / packed_path("masks", shard)
        if path.exists():
            yield path


def _histogram(values: NDArray[Any]) -> NDArray[np.int64]:
    return np.histogram(values, bins=BINS, range=(0.0, 1.0))[0].astype(np.int64)


def _add_ladders(found: Numbers, table: Any, quality: NDArray[np.float64]) -> None:
    kinds = np.asarray(table["type"].to_pylist())
    variants = np.asarray(
        [
            kind if direction == "one" else direction
            for kind, direction in zip(
                table["kind"].to_pylist(), table["direction"].to_pylist(), strict=True
            )
        ]
    )
    levels = table["k"].to_numpy()
    for kind in np.unique(kinds):
        mine = kinds == kind
        total = found.quality_by_type.setdefault(str(kind), np.zeros(BINS, np.int64))
        total += _histogram(quality[mine])
        for variant in np.unique(variants[mine]):
            rows = mine & (variants == variant)
            sums = found.ladders.setdefault((str(kind), str(variant)), np.zeros((21, 3)))
            for column, weights in enumerate((None, quality[rows], quality[rows] ** 2)):
                sums[:, column] += np.bincount(levels[rows], weights=weights, minlength=21)


def _add_regions(found: Numbers, path: Path) -> None:
    table = pq.read_table(path, columns=["id", "area", "height", "width"])
    share = table["area"].to_numpy() / (table["height"].to_numpy() * table["width"].to_numpy())
    found.areas += np.histogram(np.log10(share), bins=30, range=(-3, 0))[0]
    found.regions.update(Counter(Counter(table["id"].to_pylist()).values()))
