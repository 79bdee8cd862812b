"""The run: checks, plan, passes over the shards, and the steps that need all of them."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_tools.claims import Claims
from data_tools.commits import commit_inputs, commit_is_current, disk_full
from data_tools.config import DataConfig
from data_tools.engine import Engine, Hooks, StopRequest
from data_tools.given import LEFT_OUT, left_out, match_given, prepare_given
from data_tools.plan import PlanSummary, all_paths, make_plan, read_plan
from data_tools.settings import differences, output_settings, stage_fingerprint
from data_tools.state import STAGES, OutputTree, digest_of, latest, read_journal, read_json
from data_tools.work import UnitJob, UnitResult

logger = logging.getLogger(__name__)

PIXEL_STAGES = ("reference", "masks", "distort", "label")
EXIT_COMPLETE, EXIT_FAULT, EXIT_HOLES, EXIT_INTERRUPTED = 0, 1, 3, 130


class RunError(ValueError):
    """The run cannot start or cannot go on; the message says what to do."""


@dataclass
class Watcher:
    """What a run tells the outside while it works.

    Args:
        on_plan: once, with what was planned.
        on_pass: with a pass's stages, its shards and how many of them are done already.
        on_result: after each unit. ``on_tick``: about twice a second, with the shards under work.
    """

    on_plan: Callable[[PlanSummary], None] = lambda summary: None
    on_pass: Callable[[tuple[str, ...], int, int], None] = lambda stages, shards, done: None
    on_result: Callable[[UnitResult], None] = lambda result: None
    on_tick: Callable[[Sequence[int]], None] = lambda shards: None
    stop: StopRequest = field(default_factory=StopRequest)


class Run:
    """One command on one output folder.

    Args:
        config: the settings.
        watcher: told of the progress.
        redo: whether changed settings may redo the stages they concern.
    """

    def __init__(
        self, config: DataConfig, watcher: Watcher | None = None, *, redo: bool = False
    ) -> None:
        if not config.output:
            raise RunError("no output folder; give output=DIR")
        self.config = config
        self.tree = OutputTree(Path(config.output))
        self.watcher = watcher or Watcher()
        self.redo = redo
        self.settings = output_settings(config)
        self._claims: Claims | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Holds the output folder: alone, or together with other workers of the shared engine.

        Raises:
            RunError: if another run holds it, or the settings are not those it was made with.
        """
        self.tree.state.mkdir(parents=True, exist_ok=True)
        shared = self.config.run.engine == "shared"
        with (self.tree.state / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunError(
                    f"another run is at work in {self.tree.root}; wait for it, or start all "
                    "workers with run.engine=shared"
                ) from error
            self._check_settings(alone=not shared)
            if shared:
                self._claims = Claims(self.tree.state / "claims", self.config.run.stale_s)
            else:
                self.tree.clear_scratch()
                shutil.rmtree(self.tree.state / "claims", ignore_errors=True)
            try:
                yield
            finally:
                if self._claims is not None:
                    self._claims.close()
                    self._claims = None

    def _check_settings(self, *, alone: bool) -> None:
        stored = read_json(self.tree.settings())
        lines = differences(stored, self.settings) if stored is not None else []
        # Other workers of the shared engine may be about to make something by the stored ones.
        if lines and alone and not self._made_anything():
            self.tree.forget_plan(seen=any(line.startswith("plan.") for line in lines))
        elif lines and not self.redo:
            raise RunError(
                f"{self.tree.root} was made with other settings:\n  "
                + "\n  ".join(lines)
                + "\nUse the old settings, another output folder, or --redo to make anew what "
                "these settings decide"
            )
        if stored != self.settings:
            self.tree.write_json(self.tree.settings(), self.settings)
        self.tree.write_json(self.tree.config(), dataclasses.asdict(self.config))

    def _made_anything(self) -> bool:
        """Whether a stage has finished a photo here; before that, settings may be corrected."""
        files = (file for stage in STAGES for file in self.tree.journals(stage))
        return any(entry.error is None for file in files for entry in read_journal(file))

    def plan(self, *, cells: bool = True) -> PlanSummary:
        """Plans new photos; see `make_plan`.

        Args:
            cells: whether every type at every level is to be made, which needs room on the disk.

        Raises:
            RunError: if the disk has not the room that the plan needs.
        """
        with self.alone("plan"):
            given = self.config.masks.source == "given"
            if given:
                prepare_given(self.tree, Path(str(self.config.masks.given)))
            summary = make_plan(self.tree, self.config)
            if given:
                match_given(self.tree, all_paths(self.tree))
        if not cells:
            summary = dataclasses.replace(summary, images=0, bytes=0, cost="")
        self.watcher.on_plan(summary)
        free = shutil.disk_usage(self.tree.root).free
        there = sum(record["bytes"] for record in self.commits("distort") if record is not None)
        if summary.bytes - there > free:
            raise RunError(
                f"the images need about {summary.bytes / 1e9:.1f} GB, but {self.tree.root} has "
                f"{free / 1e9:.1f} GB free; free some space, lower reference.long_side, or take "
                "fewer levels"
            )
        return summary

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Waits until no other worker of the shared engine is inside."""
        if self._claims is None:
            yield
            return
        while not self._claims.take(name):
            if self.watcher.stop.draining:
                raise KeyboardInterrupt
            time.sleep(0.2)
        try:
            yield
        finally:
            self._claims.release(name)

    @property
    def shards(self) -> int:
        """How many shards are planned."""
        return len(read_plan(self.tree)["shards"])

    def commits(self, stage: str) -> list[dict[str, Any] | None]:
        """The commit records of a stage, None where there is none."""
        return [read_json(self.tree.commit(stage, shard)) for shard in range(self.shards)]

    def fingerprints(self) -> dict[str, str]:
        """By stage; what all shards decide together (the calibration) is part of them."""
        prints = {stage: stage_fingerprint(self.settings, stage) for stage in STAGES}
        calibration = read_json(self.tree.state / "calibration.json")
        for stage in ("chat", "pack"):
            prints[stage] = digest_of([prints[stage], calibration])
        return prints

    def run_pass(self, stages: tuple[str, ...]) -> None:
        """Brings all shards up to date in some stages.

        Raises:
            RunError: if the disk is full or too many references failed.
            KeyboardInterrupt: if the run was asked to stop.
        """
        prints = self.fingerprints()
        root, count = str(self.tree.root.resolve()), self.shards
        jobs = [UnitJob(root, shard, stages, prints, self.config) for shard in range(count)]
        todo = [job for job in jobs if not self.is_done(job)]
        self.watcher.on_pass(stages, count, count - len(todo))
        if not todo:
            return
        budget = _Budget(sum(read_plan(self.tree)["shards"]), self.config.run.failure_budget)
        full: list[str] = []

        def on_result(result: UnitResult) -> None:
            budget.add(result)
            if result.full:
                full.append(result.full)
            if budget.spent:
                self.watcher.stop.ask()
            self.watcher.on_result(result)

        hooks = Hooks(self.watcher.stop, on_result, lambda shards: self.watcher.on_tick([*shards]))
        self._engine().run(iter(todo), hooks)
        if full:
            raise RunError(disk_full(self.tree.root).strerror or "the disk is full")
        if budget.spent:
            raise RunError(budget.message(self.tree))
        if self.watcher.stop.draining:
            raise KeyboardInterrupt

    def is_done(self, job: UnitJob) -> bool:
        """Whether every stage of a job is committed with today's settings and inputs."""
        for stage in job.stages:
            inputs = commit_inputs(self.tree, stage, job.shard)
            prints = job.fingerprints[stage]
            if not commit_is_current(self.tree, stage, job.shard, prints, inputs):
                return False
        return True

    def _engine(self) -> Engine:
        from data_tools.engine_local import InlineEngine, LocalEngine

        run = self.config.run
        if run.engine == "ray":
            from data_tools.engine_ray import RayEngine

            return RayEngine(run.ray_address, run.workers)
        local: Engine = LocalEngine(run.workers, run.timeout_s) if run.workers else InlineEngine()
        if self._claims is None:
            return local
        from data_tools.engine_shared import SharedEngine

        return SharedEngine(local, self._claims, self.is_done)

    def failures(self) -> int:
        """How many references are in quarantine, in whatever stage."""
        total = 0
        for stage in STAGES:
            for record in self.commits(stage):
                total += int(record["failed"]) if record else 0
        return total

    def annotations_left_out(self) -> int:
        """How many of the given annotations could not be used."""
        if self.config.masks.source != "given":
            return 0
        counts = (record["counts"] for record in self.commits("masks") if record is not None)
        return left_out(self.tree) + sum(int(count.get(LEFT_OUT, 0)) for count in counts)

    def retry_failed(self) -> int:
        """Takes failed references out of quarantine; the next pass tries them again."""
        from data_tools.state import replace_journal

        count = 0
        for stage in STAGES:
            for shard in range(self.shards):
                path = self.tree.journal(stage, shard)
                entries = latest(read_journal(path))
                good = [entry for entry in entries.values() if entry.error is None]
                if len(good) != len(entries):
                    count += len(entries) - len(good)
                    self.tree.commit(stage, shard).unlink(missing_ok=True)
                    replace_journal(self.tree, path, good)
        return count


@dataclass
class _Budget:
    """How many references may fail before the run stops: a systematic fault costs a night."""

    planned: int
    share: float
    failed: int = 0

    def add(self, result: UnitResult) -> None:
        self.failed += result.failed

    @property
    def spent(self) -> bool:
        return self.failed > max(3, self.planned * self.share)

    def message(self, tree: OutputTree) -> str:
        return (
            f"{self.failed} of {self.planned} references failed, more than the budget of "
            f"{self.share:.0%}; `seagull-data status {tree.root}` lists the reasons"
        )
