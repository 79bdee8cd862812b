"""The parts of a run's training loop, and the error that stops it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from seagull.model.adapter import AdapterInfo
from seagull.training.data.build import TrainingData
from seagull.training.network import TrainingNetwork

Validator = Callable[[TrainingNetwork], dict[str, float]]
"""Assesses the validation photos with the network as it is; names and values of metrics."""


class TrainingStoppedError(ValueError):
    """Training cannot continue; the last good checkpoint stays."""


@dataclass(frozen=True)
class LoopSettings:
    """How the loop reads data, optimises and writes checkpoints.

    Attributes:
        folder: of the run.
        workers: processes that read photos.
        rates: learning rate of every module group.
        weight_decay: of matrices.
        keep: how many checkpoints stay.
        best_by: the validation metric by which the adapter is kept.
    """

    folder: Path
    workers: int
    rates: Mapping[str, float]
    weight_decay: float
    keep: int
    best_by: str


@dataclass(frozen=True, eq=False)
class RunParts:
    """What a run is made of.

    Attributes:
        settings: of the loop.
        data: order, samples and batches.
        start: step that the run starts from.
        steps: of the whole run.
        info: header of the adapters it writes.
        keep_groups: groups that the adapter holds (trained now or by the adapter gone on from).
        validator: assesses validation photos, if there are any.
    """

    settings: LoopSettings
    data: TrainingData
    start: int
    steps: int
    info: AdapterInfo
    keep_groups: frozenset[str]
    validator: Validator | None = None
