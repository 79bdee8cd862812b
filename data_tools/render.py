"""Cells of one reference: each setting applied once, written, and scored while in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.config import DataConfig
from data_tools.distort.config import DEFAULT_CONFIG, DistortConfig
from data_tools.distort.registry import apply, distortion_key, ladder
from data_tools.distort.setting import DistortionSetting
from data_tools.label_table import LabelTable, labels_path
from data_tools.labels import label_rois
from data_tools.masks import Roi
from data_tools.metrics.labeller import Labeller
from data_tools.png import encode_png, read_png
from data_tools.reference.reference import Reference
from data_tools.sources import pixel_digest
from data_tools.work import StageOutput, Workbench
from seagull.files.config import read_yaml
from seagull.types import DistortionType, Region


def type_folder(kind: DistortionType) -> str:
    """The name of a type's folder in SEAGULL-100w's tree, e.g. ``Blur``."""
    return kind.value.capitalize()


def cell_path(image_id: str, kind: DistortionType, k: int) -> str:
    """Where a distorted image lies, as in SEAGULL-100w."""
    name = type_folder(kind)
    return f"Dist.Images/{name}/{name}_{k}/{image_id}.png"


def settings_of(config: DataConfig, image_id: str) -> list[DistortionSetting]:
    """All cells of one reference, type by type, weakest first."""
    ladders = load_ladders(config.distort.ladders)
    found = []
    for name in config.distort.types:
        rungs = ladder(DistortionType(name), image_id, config.seed, ladders)
        found += [rung for rung in rungs if rung.k in config.distort.levels]
    return found


@lru_cache(maxsize=4)
def load_ladders(path: str | None) -> DistortConfig:
    """The ladders of a YAML file, or the measured defaults.

    Raises:
        ValueError: if the file is missing or says something unknown.
    """
    if path is None:
        return DEFAULT_CONFIG
    if not Path(path).is_file():
        raise ValueError(f"distort.ladders: there is no file {path}")
    return DistortConfig.from_dict(read_yaml(Path(path)))


@lru_cache(maxsize=2)
def load_labeller(metric: str) -> Labeller:
    """The full-reference metric of that name.

    Raises:
        ValueError: if it needs something that is not installed.
    """
    if metric == "haarpsi":
        from data_tools.metrics.haarpsi import HaarPsi

        return HaarPsi()
    from data_tools.metrics.topiq import TopiqFr

    return TopiqFr()


def render(bench: Workbench, reference: Reference, rois: Sequence[Roi]) -> dict[str, StageOutput]:
    """Makes or reads every cell; writes images if ``distort`` is wanted, labels if ``label`` is."""
    cells = _Cells(bench, reference, rois)
    for setting in settings_of(bench.config, reference.image_id):
        bench.cell = f"{setting.type.value}_{setting.k}"
        cells.add(setting)
    bench.cell = ""
    return cells.finish()


class _Cells:
    def __init__(self, bench: Workbench, reference: Reference, rois: Sequence[Roi]) -> None:
        self.bench = bench
        self.reference = reference
        self.distort = StageOutput()
        self.label = StageOutput()
        self.writing = "distort" in bench.wanted
        self.scoring = "label" in bench.wanted
        if self.scoring:
            self.labeller = load_labeller(bench.config.label.metric)
            self.cache = self.labeller.prepare(reference.srgb)
            self.regions = [Region(roi.mask, roi.id) for roi in rois]
            self.table = LabelTable(reference.image_id, [roi.id for roi in rois])

    def add(self, setting: DistortionSetting) -> None:
        pixels = self._make(setting) if self.writing else self._read(setting)
        if self.scoring:
            start = time.perf_counter()
            labels = label_rois(self.cache, pixels, self.regions, self.labeller)
            self.table.add(setting, labels, self.labeller.score_image(self.cache, pixels))
            self.label.seconds["score"] += time.perf_counter() - start
            self.label.counts["scores"] += 2 * len(self.regions)

    def _make(self, setting: DistortionSetting) -> NDArray[np.uint8]:
        seconds, marks = self.distort.seconds, [time.perf_counter()]
        key = distortion_key(setting.type, self.reference.image_id, self.bench.config.seed)
        pixels = apply(setting, self.reference, key)
        marks.append(time.perf_counter())
        data = encode_png(pixels)
        marks.append(time.perf_counter())
        path = cell_path(self.reference.image_id, setting.type, setting.k)
        entry = replace(self.bench.tree.write(path, data), pixels=pixel_digest(pixels))
        marks.append(time.perf_counter())
        names = (f"distort:{setting.type.value}", "encode", "write")
        for name, begin, end in zip(names, marks, marks[1:], strict=False):
            seconds[name] += end - begin
        self.distort.files.append(entry)
        self.distort.counts["images"] += 1
        return pixels

    def _read(self, setting: DistortionSetting) -> NDArray[np.uint8]:
        start = time.perf_counter()
        path = cell_path(self.reference.image_id, setting.type, setting.k)
        pixels = read_png(self.bench.tree.root / path)
        self.label.seconds["decode"] += time.perf_counter() - start
        return pixels

    def finish(self) -> dict[str, StageOutput]:
        outputs = {"distort": self.distort} if self.writing else {}
        if self.scoring:
            start = time.perf_counter()
            data = self.table.to_parquet()
            path = labels_path(self.reference.image_id)
            self.label.files.append(self.bench.tree.write(path, data))
            self.label.counts["rows"] += self.table.rows
            self.label.seconds["write"] += time.perf_counter() - start
            outputs["label"] = self.label
        return outputs
