"""Plans which records go into which step, the same for any number of processes.

The run is one sequence of micro-batches. A step takes the next ``batch_size / micro_batch`` of
them; process ``r`` of ``n`` takes every n-th, from the r-th on. So order and contents follow from
the seed alone, and a run resumes at any step with another number of processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from seagull.files.config import ConfigError

WINDOW = 32
"""Micro-batches' worth of records within which those of about one length are put together."""

Item = tuple[int, int]
"""Number of a record, and the seed of the micro-batch it is in."""


@dataclass(frozen=True, eq=False)
class BatchPlan:
    """The order of a run.

    Args:
        bucket: records of one micro-batch share this value (their photos' input size), shape (n,).
        length: of the conversations, shape (n,).
        source: index of each record's source, shape (n,).
        weights: of the sources.
        batch_size: records of a step.
        micro_batch: records of a micro-batch at most.
        seed: of the order.
        group_length: put conversations of about one length together.
        scene: records of one scene share this value, shape (n,); needed for ``together``.
        together: per source, how many records of one scene go into a micro-batch together, the
            scene's first one (of their input size) always among them; 1 for sources that are
            taken record by record.
            With more than 1 in any source, every micro-batch has its share of each source.
    """

    bucket: NDArray[np.int64]
    length: NDArray[np.int64]
    source: NDArray[np.int64]
    weights: Sequence[float]
    batch_size: int
    micro_batch: int
    seed: int
    group_length: bool = True
    scene: NDArray[np.int64] | None = None
    together: Sequence[int] = ()

    @property
    def per_step(self) -> int:
        """Micro-batches of one step over all processes."""
        return self.batch_size // self.micro_batch

    def steps(self, epochs: float, max_steps: int | None) -> int:
        """Steps of a run of so many passes over the data, at least one."""
        steps = max(1, int(epochs * len(self.epoch(0)) / self.per_step))
        return steps if max_steps is None else max_steps

    def epoch(self, number: int) -> list[NDArray[np.int64]]:
        """The micro-batches of one pass, in order."""
        return _epoch(self, number)

    def sequence(self, start: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Position and records of each micro-batch from position ``start`` on, without end."""
        position, number = 0, 0
        while True:
            batches = self.epoch(number)
            for offset in range(max(0, start - position), len(batches)):
                yield position + offset, batches[offset]
            position += len(batches)
            number += 1

    def epochs_after(self, steps: int) -> float:
        """Passes over the data that so many steps make, about."""
        return steps * self.per_step / len(self.epoch(0))


@lru_cache(maxsize=4)
def _epoch(plan: BatchPlan, number: int) -> list[NDArray[np.int64]]:
    rng = np.random.default_rng([plan.seed, number])
    if max(plan.together, default=1) > 1:
        batches = _scene_batches(plan, rng)
        return [batches[index] for index in rng.permutation(len(batches))]
    parts = []
    for source, weight in enumerate(plan.weights):
        source_records = np.flatnonzero(plan.source == source)
        copies, part = divmod(weight, 1.0)
        parts += [source_records] * int(copies)
        parts += (
            [rng.permutation(source_records)[: round(part * len(source_records))]] if part else []
        )
    records = rng.permutation(np.concatenate(parts))
    if not len(records):
        raise ConfigError("data.train: the weights leave no record in an epoch")
    batches = []
    for bucket in np.unique(plan.bucket[records]):
        batches += _cut(records[plan.bucket[records] == bucket], plan)
    return [batches[index] for index in rng.permutation(len(batches))]


def _scene_batches(plan: BatchPlan, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Micro-batches that keep records of one scene together and mix the sources evenly."""
    placed: list[tuple[float, NDArray[np.int64]]] = []
    for source, weight in enumerate(plan.weights):
        units = _units(plan, np.flatnonzero(plan.source == source), plan.together[source])
        copies, part = divmod(weight, 1.0)
        for share in [1.0] * int(copies) + ([part] if part else []):
            chosen = rng.permutation(len(units))[: round(share * len(units))]
            # At equal distances, so that each stretch has its share of every source.
            places = (np.arange(len(chosen)) + rng.random()) / max(1, len(chosen))
            placed += [(float(p), units[u]) for p, u in zip(places, chosen, strict=True)]
    if not placed:
        raise ConfigError("data.train: the weights leave no record in an epoch")
    placed.sort(key=lambda pair: pair[0])
    batches = []
    for bucket in np.unique(plan.bucket):
        batches += _filled([u for _, u in placed if plan.bucket[u[0]] == bucket], plan.micro_batch)
    return batches


def _units(plan: BatchPlan, records: NDArray[np.int64], scene_size: int) -> list[NDArray[np.int64]]:
    """The records of a source one by one, or those of each scene in parts with its first one.

    Those of a scene that differ in their input size are parted like scenes: no batch holds both.
    """
    if scene_size <= 1 or plan.scene is None:
        return [records[index : index + 1] for index in range(len(records))]
    order = records[np.lexsort((plan.bucket[records], plan.scene[records]))]
    is_other = (np.diff(plan.scene[order]) != 0) | (np.diff(plan.bucket[order]) != 0)
    scenes = np.split(order, np.flatnonzero(is_other) + 1)
    units = []
    for first_record, other_records in (
        (members[:1], members[1:]) for members in scenes if len(members)
    ):
        step = scene_size - 1
        parts = [
            other_records[start : start + step] for start in range(0, len(other_records), step)
        ] or [other_records]
        units += [np.concatenate([first_record, part]) for part in parts]
    return units


def _filled(units: Sequence[NDArray[np.int64]], size: int) -> list[NDArray[np.int64]]:
    """Batches of at most ``size`` records, units whole and in order."""
    batches: list[list[NDArray[np.int64]]] = []
    for unit in units:
        if not batches or sum(map(len, batches[-1])) + len(unit) > size:
            batches.append([])
        batches[-1].append(unit)
    return [np.concatenate(batch) for batch in batches]


def _cut(records: NDArray[np.int64], plan: BatchPlan) -> list[NDArray[np.int64]]:
    size = plan.micro_batch
    if plan.group_length:
        step = WINDOW * size
        windows = [records[start : start + step] for start in range(0, len(records), step)]
        records = np.concatenate([w[np.argsort(plan.length[w], kind="stable")] for w in windows])
    return [records[start : start + size] for start in range(0, len(records), size)]


class ProcessBatches(Sampler[list[Item]]):
    """The micro-batches of one process, from a step on.

    Args:
        plan: of the run.
        steps: of the whole run.
        start: step to begin with.
        rank, world: this process and how many there are.

    Raises:
        ConfigError: if a step's micro-batches cannot be shared evenly.
    """

    def __init__(self, plan: BatchPlan, steps: int, start: int, rank: int, world: int) -> None:
        accumulation(plan.per_step, world)
        self.plan, self.total, self.start, self.rank, self.world = plan, steps, start, rank, world

    def __len__(self) -> int:
        """Micro-batches of this process in the whole run, those before the start included."""
        return self.total * self.plan.per_step // self.world

    def __iter__(self) -> Iterator[list[Item]]:
        start_position, end = self.start * self.plan.per_step, self.total * self.plan.per_step
        for position, records in self.plan.sequence(start_position):
            if position >= end:
                return
            if position % self.world == self.rank:
                seed = _seed(self.plan.seed, position)
                yield [(int(record), seed) for record in records]


def accumulation(per_step: int, world: int) -> int:
    """Micro-batches of a step that one process works through.

    Raises:
        ConfigError: if they cannot be shared evenly.
    """
    if per_step % world:
        raise ConfigError(
            f"batch_size / micro_batch = {per_step} micro-batches cannot be shared among {world} "
            "processes; change batch_size or micro_batch"
        )
    return per_step // world


def _seed(seed: int, position: int) -> int:
    return int(np.random.SeedSequence([seed, position]).generate_state(1)[0])
