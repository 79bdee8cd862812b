"""What a unit of work is made of: the job, the result, and the bench a reference lies on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data_tools.config import DataConfig
from data_tools.plan import PlannedPhoto
from data_tools.state import UPSTREAM, Entry, OutputTree, digest_of


@dataclass(frozen=True)
class UnitJob:
    """What a worker needs to know to work on one shard; small, and picklable.

    Args:
        root: output folder.
        shard: number of the shard.
        stages: in order; stages already finished are passed over.
        fingerprints: by stage.
        config: the run's settings.
    """

    root: str
    shard: int
    stages: tuple[str, ...]
    fingerprints: Mapping[str, str]
    config: DataConfig


@dataclass(frozen=True)
class UnitResult:
    """What became of a unit: ``finished`` is false if it was asked to stop early."""

    shard: int
    finished: bool
    done: int = 0
    failed: int = 0
    images: int = 0
    full: str | None = None


@dataclass
class StageOutput:
    """What a stage hands back for one reference."""

    files: list[Any] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


StageFunction = Callable[["Workbench"], dict[str, StageOutput]]
"""Does one or more stages for the workbench's reference; results by stage."""


class Workbench:
    """One reference under work: where it lies, its settings, and what is already finished."""

    def __init__(self, tree: OutputTree, config: DataConfig, photo: PlannedPhoto) -> None:
        self.tree = tree
        self.config = config
        self.photo = photo
        self.entries: dict[str, Entry] = {}
        self.wanted: frozenset[str] = frozenset()
        self.cell = ""
        self.inputs = ""
        self.cache: dict[str, Any] = {}


def whole_shard(shard: int) -> PlannedPhoto:
    """What stands for a shard where it is handled as one thing."""
    return PlannedPhoto(f"shard-{shard:05d}", "", "", 0, 0, "shard")


def inputs_digest(bench: Workbench, stage: str) -> str:
    """A digest of what the stage reads for this reference."""
    if bench.inputs:
        return bench.inputs
    if stage == "reference":
        return digest_of([bench.photo.id, bench.photo.digest])
    return digest_of([[up, bench.entries[up].output] for up in UPSTREAM[stage]])
