"""What a baseline's run learns from: its photos, their order, and their depth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from seagull.baselines.config import BaselineConfig
from seagull.baselines.depth.maps import GivenMaps
from seagull.baselines.depth.sources import DepthSource, depth_source
from seagull.baselines.samples import Progress, RegionDataset, usable_photos
from seagull.files.config import ConfigError
from seagull.training.data.packs import group_by_photo
from seagull.training.data.plan import BatchPlan
from seagull.training.data.records import build_index


@dataclass(frozen=True, eq=False)
class RunData:
    """What a run learns from.

    Attributes:
        dataset: samples by photo number.
        plan: their order.
        steps: of the run.
    """

    dataset: RegionDataset
    plan: BatchPlan
    steps: int


def open_data(
    config: BaselineConfig,
    depth: DepthSource | None,
    progress: Progress = lambda what, done, total: None,
) -> RunData:
    """The photos that can be learned from, their order, and the number of steps.

    Raises:
        ConfigError: if there is no source.
        ValueError: if a record or photo is faulty, or nothing can be learned.
    """
    if not config.data.train:
        raise ConfigError("data.train: name at least one source, e.g. - path: records.jsonl")
    index = build_index(config.data.train)
    photos = usable_photos(index, group_by_photo(index), config, progress)
    source = index.source[np.array([own[0] for own in photos])]
    plan = BatchPlan(
        bucket=np.zeros(len(photos), dtype=np.int64),
        length=np.zeros(len(photos), dtype=np.int64),
        source=source,
        weights=tuple(one.weight for one in config.data.train),
        batch_size=config.batch_size,
        micro_batch=config.batch_size,
        seed=config.seed,
        group_length=False,
    )
    steps = plan.steps(config.epochs, config.max_steps)
    return RunData(RegionDataset(index, photos, config, depth), plan, steps)


def run_depth(config: BaselineConfig, device: str) -> DepthSource | None:
    """The source of depth; what an estimator makes is kept beside the run unless told otherwise."""
    if not config.sees_depth:
        return None
    cache = config.depth.cache or str(Path(config.output) / "depth")
    return depth_source(replace(config.depth, cache=cache), device)


def prepare_depth(config: BaselineConfig, dataset: RegionDataset, progress: Progress) -> None:
    """Lets an estimator make all maps once, before workers read them.

    Raises:
        BaselineError: if a given map is called like several photos.
    """
    if isinstance(dataset.depth, GivenMaps):
        for place in dataset.places():
            dataset.depth.take(place)
    if dataset.depth is None or config.depth.source != "model":
        return
    for number in range(len(dataset)):
        dataset.depth(dataset.photo(number))
        progress("Depth maps", number + 1, len(dataset))
