"""The Ray engine: the same unit function as plain remote tasks; state stays on the shared disk."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from data_tools.engine import Hooks, Strikes
from data_tools.unit import run_unit
from data_tools.work import UnitJob, UnitResult

logger = logging.getLogger(__name__)


class RayEngine:
    """Runs units on a Ray cluster whose nodes see the output folder under the same path.

    Args:
        address: cluster to join; None starts one on this machine.
        workers: tasks under way at once.

    Raises:
        ValueError: if ray is not installed.
    """

    def __init__(self, address: str | None, workers: int) -> None:
        try:
            import ray
        except ImportError as error:
            raise ValueError(
                "run.engine=ray needs ray: pip install 'seagull-iqa[ray]'; "
                "or use run.engine=local or shared"
            ) from error
        self._ray: Any = ray
        self.workers = max(1, workers)
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, include_dashboard=False)

    def run(self, jobs: Iterable[UnitJob], hooks: Hooks) -> None:
        """Runs the jobs; see `Engine`. A unit whose worker died is run again."""
        ray, strikes = self._ray, Strikes()
        task = ray.remote(num_cpus=1, max_retries=0)(_one_thread)
        queue, running = iter(jobs), dict[Any, UnitJob]()
        while True:
            while len(running) < self.workers and not hooks.stop.draining:
                job = next(queue, None)
                if job is None:
                    break
                running[task.remote(job)] = job
            if not running or hooks.stop.killing:
                return
            ready, _ = ray.wait(list(running), timeout=0.5)
            hooks.on_tick([job.shard for job in running.values()])
            for reference in ready:
                job = running.pop(reference)
                try:
                    result: UnitResult = ray.get(reference)
                except ray.exceptions.RayError as error:
                    logger.warning("shard %d: its worker was lost: %s", job.shard, error)
                    strikes.add(job, "the worker process died (killed, or its node was lost)")
                    running[task.remote(job)] = job
                    continue
                hooks.on_result(result)
                if result.full:
                    hooks.stop.ask()


def _one_thread(job: UnitJob) -> UnitResult:
    import cv2

    cv2.setNumThreads(1)
    return run_unit(job)
