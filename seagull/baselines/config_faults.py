"""What is wrong with the settings of a baseline's run, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seagull.baselines.config import BaselineConfig

SYSTEMS = ("qfm-iqm", "dgiqa")
"""Values of the field ``system:``."""
PROTOCOLS = ("crop", "mask")
TASKS = ("quality", "importance")
DEPTHS = ("prior", "constant", "maps", "model")

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "system": SYSTEMS,
    "protocol": PROTOCOLS,
    "qfm_iqm.match.kind": ("semantic", "random", "none"),
    "qfm_iqm.match.semantics": ("frozen", "student"),
    "dgiqa.bridge": ("tcb", "projection"),
    "dgiqa.guide": ("depth", "rgb"),
    "depth.source": DEPTHS,
    "depth.near": ("bright", "dark"),
    "schedule": ("cosine", "step"),
    "device": ("auto", "cpu", "cuda"),
    "resume": ("auto", "never"),
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "qfm_iqm.heads": (1, 1024),
    "qfm_iqm.queries": (1, 1024),
    "qfm_iqm.match.memory": (1, 1e6),
    "qfm_iqm.match.quality": (0, 1),
    "qfm_iqm.match.similarity": (-1, 1),
    "qfm_iqm.match.quantile": (0, 1),
    "qfm_iqm.match.candidates": (1, 1000),
    "qfm_iqm.strength": (0, 100),
    "qfm_iqm.consistency": (0, 1e6),
    "qfm_iqm.tie": (0, 1e6),
    "qfm_iqm.beta": (1e-6, 100),
    "qfm_iqm.distil.crops": (2, 100),
    "qfm_iqm.distil.spread": (0, 1),
    "qfm_iqm.distil.weight": (0, 1e6),
    "dgiqa.heads": (1, 1024),
    "dgiqa.dilated": (1, 1e5),
    "dgiqa.dropout": (0, 0.95),
    "dgiqa.correlation": (0, 1e6),
    "view.side": (32, 4096),
    "view.short_side": (0, 8192),
    "view.windows": (1, 100),
    "view.margin": (0, 1),
    "data.validation_records": (0, 1e9),
    "data.regions": (1, 1000),
    "data.workers": (0, 1024),
    "weight_decay": (0, 10),
    "warmup": (0, 1e9),
    "epochs": (0, 10_000),
    # A batch of one has no statistics, and no correlation.
    "batch_size": (2, 100_000),
    "clip": (0, 1e9),
    "seed": (0, 2**31),
    "save_every": (0, 1e9),
    "keep": (1, 1e6),
    "log_every": (1, 1e9),
    "validate_every": (0, 1e9),
}


def faults_of(config: BaselineConfig) -> Iterator[str]:
    """What is wrong with the settings, a sentence each."""
    if not config.output:
        yield "output: name the run's folder, e.g. output=runs/qfm"
    for path, choices in _CHOICES.items():
        if (value := attrgetter(path)(config)) not in choices:
            yield f"{path}: one of {', '.join(choices)}, got {value!r}"
    for path, (low, high) in _RANGES.items():
        if not low <= (number := attrgetter(path)(config)) <= high:
            yield f"{path}: a number from {low:g} to {high:g}, got {number}"
    if config.max_steps is not None and config.max_steps < 1:
        yield f"max_steps: at least 1, or null to go by epochs, got {config.max_steps}"
    if unknown := sorted(set(config.lr) - {"encoder", "default"}):
        yield f"lr: unknown groups {unknown}; known are encoder, default"
    if negative := [group for group, rate in config.lr.items() if not 0 <= rate < 10]:
        yield f"lr: a rate from 0 to 10, got another one for {', '.join(negative)}"
    yield from _task_faults(config)
    yield from _system_faults(config)


def _task_faults(config: BaselineConfig) -> Iterator[str]:
    if config.tasks not in (("quality",), TASKS):
        yield f"tasks: [quality] or [quality, importance], got {list(config.tasks)}"
    if "importance" in config.tasks and config.protocol == "crop":
        yield "tasks: importance cannot be told from a crop; set protocol: mask"
    if 0 < config.view.short_side < config.view.side:
        yield f"view.short_side: 0, or at least view.side {config.view.side}"
    for source in config.data.train:
        if source.crop or source.together > 1:
            yield f"data.train: crop and together are not for baselines ({source.path})"


def _system_faults(config: BaselineConfig) -> Iterator[str]:
    if config.system == "qfm-iqm" and config.dgiqa != type(config.dgiqa)():
        yield "dgiqa: settings of another system; remove them"
    if config.system == "dgiqa" and config.qfm_iqm != type(config.qfm_iqm)():
        yield "qfm_iqm: settings of another system; remove them"
    if config.qfm_iqm.distil.teacher and config.protocol == "mask":
        yield "qfm_iqm.distil: crops that nobody labelled have no mask; set protocol: crop"
    channels = config.dgiqa.channels
    if len(channels) != 4 or any(not 1 <= count <= 100_000 for count in channels):
        yield f"dgiqa.channels: four numbers of channels, got {list(channels)}"
    elif sum(channels) % config.dgiqa.heads:
        yield f"dgiqa.heads: {config.dgiqa.heads} do not divide {sum(channels)} channels"
    for source, name in (("maps", config.depth.maps), ("model", config.depth.model)):
        if config.depth.source == source and not name:
            yield f"depth.{source}: name it, depth.source is {source}"
