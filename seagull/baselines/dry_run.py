"""What a baseline's run would be, without running it: sizes, steps, and what a step is made of."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from seagull.baselines.config import BaselineConfig
from seagull.baselines.depth.sources import depth_source
from seagull.baselines.folder import teacher_folder
from seagull.baselines.run_data import open_data
from seagull.baselines.samples import collate
from seagull.baselines.systems import build_network
from seagull.training.data.plan import ProcessBatches


@dataclass(frozen=True)
class DryRun:
    """Sizes of a run.

    Attributes:
        parameters: by part of the network.
        photos: that something can be learned from.
        steps: of the run.
        lines: what the first step is made of.
    """

    parameters: dict[str, int]
    photos: int
    steps: int
    lines: tuple[str, ...]


def dry_run(config: BaselineConfig) -> DryRun:
    """The sizes of a run; no weight is loaded or fetched.

    Raises:
        ConfigError, ValueError: as the run itself would, for settings, records and a teacher.
    """
    teacher_folder(config)
    with torch.device("meta"):
        network = build_network(config)
    sizes = {
        name: sum(value.numel() for value in part.parameters())
        for name, part in network.parts().items()
    }
    # An estimator is not loaded for its sizes.
    estimated = config.depth.source == "model"
    source = depth_source(config.depth, "cpu") if config.sees_depth and not estimated else None
    data = open_data(config, source)
    items = next(iter(ProcessBatches(data.plan, data.steps, 0, 0, 1)))
    batch = collate([data.dataset[item] for item in items])
    views, known = batch.views, batch.known
    side = config.view.side
    lines = [
        f"the first step shows {len(items)} photos as {len(views.pixels)} views of {side} x {side} "
        f"px with {len(known)} regions ({config.protocol} protocol)",
        f"known: {int((~known[:, 0].isnan()).sum())} qualities ({config.data.metric}), "
        f"{int((~known[:, 1].isnan()).sum())} importances",
    ]
    if config.sees_depth:
        lines.append(f"depth: {config.depth.model if estimated else config.depth.source}")
    if batch.unlabelled is not None:
        lines.append(f"{len(items)} crops for the teacher {config.qfm_iqm.distil.teacher}")
    return DryRun(sizes, len(data.dataset), data.steps, tuple(lines))
