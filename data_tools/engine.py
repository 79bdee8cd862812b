"""What every engine is: something that runs units and says how each ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from data_tools.state import Entry, OutputTree, append_entries, read_json
from data_tools.work import UnitJob, UnitResult


class StopRequest:
    """Whether the run was asked to end: once to drain, twice to end at once."""

    def __init__(self) -> None:
        self.count = 0

    def ask(self) -> None:
        """Asks the run to end."""
        self.count += 1

    @property
    def draining(self) -> bool:
        """Whether no new work is to be started."""
        return self.count > 0

    @property
    def killing(self) -> bool:
        """Whether running work is not to be waited for."""
        return self.count > 1


@dataclass
class Hooks:
    """How an engine talks to the run that started it.

    Args:
        stop: looked at between units.
        on_result: called once for each unit that ended.
        on_tick: called about twice a second with the shards under work.
    """

    stop: StopRequest = field(default_factory=StopRequest)
    on_result: Callable[[UnitResult], None] = lambda result: None
    on_tick: Callable[[Iterable[int]], None] = lambda shards: None


class Engine(Protocol):
    """Runs units, in any order, each to its end or until asked to stop."""

    def run(self, jobs: Iterable[UnitJob], hooks: Hooks) -> None:
        """Runs the jobs; returns early if the hooks say stop or the disk is full."""
        ...


@dataclass
class Strikes:
    """Counts the workers each reference has cost; the second one puts it in quarantine."""

    limit: int = 2
    counts: dict[tuple[int, str], int] = field(default_factory=dict)

    def add(self, job: UnitJob, reason: str) -> bool:
        """Notes a lost worker; whether the reference under its hands was now quarantined."""
        tree = OutputTree(Path(job.root))
        beat = read_json(tree.current(job.shard))
        tree.current(job.shard).unlink(missing_ok=True)
        name = str(beat["id"]) if beat else ""
        key = (job.shard, name)
        self.counts[key] = self.counts.get(key, 0) + 1
        if self.counts[key] < self.limit:
            return False
        if beat is None:
            raise RuntimeError(
                f"shard {job.shard}: workers die before they start ({reason}); "
                "try run.workers=0 to see why"
            )
        _quarantine(tree, job, name, str(beat["stage"]), reason, self.counts[key])
        return True


def _quarantine(
    tree: OutputTree, job: UnitJob, image_id: str, stage: str, reason: str, attempts: int
) -> None:
    from data_tools.unit import lost_inputs

    error = {"class": "WorkerDied", "message": reason, "cell": "", "attempts": attempts}
    entry = Entry(
        image_id, job.fingerprints[stage], lost_inputs(tree, job, image_id, stage), error=error
    )
    append_entries(tree.journal(stage, job.shard), [entry])
