"""The local engine: a pool of processes that outlives the death of any of them."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

from data_tools.engine import Hooks, Strikes
from data_tools.state import OutputTree, read_json
from data_tools.unit import run_unit
from data_tools.work import UnitJob, UnitResult

logger = logging.getLogger(__name__)

_TICK_S = 0.3


class InlineEngine:
    """Runs units one after another in the calling process; for debugging and small sets."""

    def run(self, jobs: Iterable[UnitJob], hooks: Hooks) -> None:
        """Runs the jobs in order."""
        for job in jobs:
            if hooks.stop.draining:
                return
            hooks.on_tick([job.shard])
            result = run_unit(job, lambda: hooks.stop.draining)
            hooks.on_result(result)
            if result.full:
                return


class LocalEngine:
    """Runs units in processes of this machine.

    A process that dies takes only its pool with it: the pool is made anew, the units that were
    under work are run again one at a time, and a reference under whose hands a lone worker died
    twice is put in quarantine.

    Args:
        workers: processes.
        timeout_s: a reference without progress for so long costs its worker's life.
    """

    def __init__(self, workers: int, timeout_s: float) -> None:
        self.workers = workers
        self.timeout_s = timeout_s
        self._context = get_context("spawn")

    def run(self, jobs: Iterable[UnitJob], hooks: Hooks) -> None:
        """Runs the jobs; see `Engine`."""
        strikes = Strikes()
        queue, suspects = iter(jobs), deque[UnitJob]()
        while not hooks.stop.draining:
            lost = self._run_pool(queue, suspects, hooks, strikes)
            if lost is None:
                return
            suspects.extend(lost)

    def _run_pool(
        self, queue: Iterable[UnitJob], suspects: deque[UnitJob], hooks: Hooks, strikes: Strikes
    ) -> list[UnitJob] | None:
        """Works until a worker dies (its units are returned) or nothing is left (None)."""
        alone = bool(suspects)
        pool = _Pool(1 if alone else self.workers, self._context.Event(), self.timeout_s)
        source = iter([suspects.popleft()]) if alone else iter(queue)
        try:
            while pool.fill(source, hooks):
                for result in pool.collect(hooks):
                    hooks.on_result(result)
                    if result.full:
                        hooks.stop.ask()
            return [] if alone else None
        except BrokenProcessPool:
            lost = pool.in_flight()
            reason = pool.reason or "the worker process died (killed, or out of memory)"
            logger.warning("a worker died over shards %s: %s", [job.shard for job in lost], reason)
            if len(lost) == 1:
                strikes.add(lost[0], reason)
            return lost
        finally:
            pool.close(kill=hooks.stop.killing)


class _Pool:
    """One executor and what it has under its hands."""

    def __init__(self, workers: int, stop: Event, timeout_s: float) -> None:
        self.depth = workers
        self.stop = stop
        self.timeout_s = timeout_s
        self.reason = ""
        self.futures: dict[Future[UnitResult], UnitJob] = {}
        self.executor = ProcessPoolExecutor(
            workers, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(stop,)
        )

    def in_flight(self) -> list[UnitJob]:
        return list(self.futures.values())

    def fill(self, source: Iterable[UnitJob], hooks: Hooks) -> bool:
        """Submits work up to the depth; whether anything is under work."""
        if hooks.stop.draining:
            self.stop.set()
            return bool(self.futures) and not hooks.stop.killing
        while len(self.futures) < self.depth:
            job = next(iter(source), None)
            if job is None:
                break
            future: Future[UnitResult] = Future()
            try:
                future = self.executor.submit(_work, job)
            finally:
                self.futures[future] = job
        return bool(self.futures)

    def collect(self, hooks: Hooks) -> list[UnitResult]:
        """Waits a moment for results, and looks after stuck workers."""
        ready, _ = wait(self.futures, timeout=_TICK_S, return_when=FIRST_COMPLETED)
        hooks.on_tick([job.shard for job in self.futures.values()])
        results = [(future, future.result()) for future in ready]
        for future, _ in results:
            del self.futures[future]
        for job in self.futures.values():
            self._end_if_stuck(job)
        return [result for _, result in results]

    def _end_if_stuck(self, job: UnitJob) -> None:
        beat = read_json(OutputTree(Path(job.root)).current(job.shard))
        if beat is None or time.time() - beat["since"] < self.timeout_s:
            return
        self.reason = f"no progress for {self.timeout_s:g} s; the worker was ended"
        if beat["pid"] in (self.executor._processes or {}):
            os.kill(beat["pid"], signal.SIGKILL)

    def close(self, *, kill: bool) -> None:
        processes = list((self.executor._processes or {}).values())
        if kill:
            for process in processes:
                process.kill()
        self.executor.shutdown(wait=True, cancel_futures=True)


_stop_event: Event | None = None


def _start_worker(stop: Event) -> None:
    """Prepares a worker: one thread, deaf to Ctrl-C (the parent drains), dies with its parent."""
    import cv2

    global _stop_event  # noqa: PLW0603 - an executor's initializer has no other way to hand it on.
    _stop_event = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cv2.setNumThreads(1)
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()


def _die_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)


def _work(job: UnitJob) -> UnitResult:
    stop = _stop_event
    return run_unit(job, stop.is_set if stop is not None else lambda: False)
