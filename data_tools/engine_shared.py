"""The shared-disk engine: the same command on many machines, each taking shards nobody works on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from data_tools.claims import Claims
from data_tools.engine import Engine, Hooks
from data_tools.work import UnitJob, UnitResult


class SharedEngine:
    """Runs, with another engine, those units that no other worker has claimed.

    Also serves job arrays (Slurm): every task of the array runs the same command.

    Args:
        inner: does the work on this machine.
        claims: in a folder all machines see.
        is_done: whether a unit's commits are there, whoever made them.
        poll_s: pause between two looks at units held by others.
    """

    def __init__(
        self,
        inner: Engine,
        claims: Claims,
        is_done: Callable[[UnitJob], bool],
        poll_s: float = 1.0,
    ) -> None:
        self.inner = inner
        self.claims = claims
        self.is_done = is_done
        self.poll_s = poll_s

    def run(self, jobs: Iterable[UnitJob], hooks: Hooks) -> None:
        """Returns when every unit is done, by this worker or by another."""
        full = False

        def on_result(result: UnitResult) -> None:
            nonlocal full
            full = full or result.full is not None
            self.claims.release(names[result.shard])
            hooks.on_result(result)

        left = list(jobs)
        names = {job.shard: _name(job) for job in left}
        inner_hooks = Hooks(hooks.stop, on_result, hooks.on_tick)
        while left and not hooks.stop.draining and not full:
            self.inner.run(self._claimed(left), inner_hooks)
            left = [job for job in left if not self.is_done(job)]
            if left and not hooks.stop.draining and not full:
                time.sleep(self.poll_s)

    def _claimed(self, jobs: list[UnitJob]) -> Iterator[UnitJob]:
        for job in jobs:
            if self.is_done(job) or not self.claims.take(_name(job)):
                continue
            if self.is_done(job):  # its last holder finished between the two looks
                self.claims.release(_name(job))
                continue
            yield job


def _name(job: UnitJob) -> str:
    return f"{job.stages[0]}-{job.shard:05d}"
