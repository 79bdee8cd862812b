"""The unit of work: some stages over one shard. Every engine runs this one function."""

from __future__ import annotations

import errno
import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from data_tools.commits import (
    DiskFullError,
    commit_inputs,
    commit_is_current,
    disk_full,
    totals,
    versions,
)
from data_tools.plan import PlannedPhoto, read_shard
from data_tools.state import (
    UPSTREAM,
    Entry,
    OutputTree,
    append_entries,
    digest_of,
    flush_files,
    latest,
    read_journal,
)
from data_tools.work import (
    StageFunction,
    UnitJob,
    UnitResult,
    Workbench,
    inputs_digest,
    whole_shard,
)

logger = logging.getLogger(__name__)

_FULL = (errno.ENOSPC, errno.EDQUOT)


def run_unit(job: UnitJob, stop: Callable[[], bool] = lambda: False) -> UnitResult:
    """Brings one shard up to date in the job's stages; a commit record is the last thing written.

    A failed reference becomes a journal line with its reason. A full disk ends the unit.

    Raises:
        ValueError: if a journal was changed by hand.
    """
    unit = _Unit(job)
    try:
        for photo in unit.photos:
            if stop():
                return unit.result(finished=False)
            if job.stages == ("pack",):
                unit.process_whole(photo)
            else:
                unit.process(photo)
        for stage in job.stages:
            unit.commit(stage)
    except DiskFullError as error:
        return unit.result(finished=False, full=str(error))
    finally:
        unit.tree.current(job.shard).unlink(missing_ok=True)
    return unit.result(finished=True)


class _Unit:
    def __init__(self, job: UnitJob) -> None:
        self.job = job
        self.tree = OutputTree(Path(job.root))
        self.photos = read_shard(self.tree, job.shard)
        if job.stages == ("pack",):
            self.photos = [whole_shard(job.shard)]
        self.known = {
            stage: latest(read_journal(self.tree.journal(stage, job.shard)))
            for stage in _with_upstream(job.stages)
        }
        self.unverified = {
            stage for stage in job.stages if not self.tree.commit(stage, job.shard).exists()
        }
        self.done = self.failed = self.images = 0

    def process(self, photo: PlannedPhoto) -> None:
        from data_tools.stages import GROUPS

        bench = Workbench(self.tree, self.job.config, photo)
        for group, function in GROUPS:
            members = [stage for stage in group if stage in self.job.stages]
            if not members:
                self._look_up(bench, group)
                continue
            wanted = self._wanted(bench, members)
            if wanted is None:
                return
            if not wanted:
                continue
            bench.wanted = frozenset(wanted)
            if not self._attempt(bench, wanted, function):
                return
            self.done += 1

    def process_whole(self, shard: PlannedPhoto) -> None:
        """Packs the shard as one thing."""
        from data_tools.pack import pack_shard

        bench = Workbench(self.tree, self.job.config, shard)
        bench.cache["shard"] = self.job.shard
        bench.inputs = digest_of(commit_inputs(self.tree, "pack", self.job.shard))
        entry = self.known["pack"].get(shard.id)
        if entry is None or not self._valid(bench, "pack", entry):
            self.done += self._attempt(bench, ["pack"], pack_shard)

    def _look_up(self, bench: Workbench, group: Iterable[str]) -> None:
        for stage in group:
            entry = self.known.get(stage, {}).get(bench.photo.id)
            if entry is not None:
                bench.entries[stage] = entry

    def _wanted(self, bench: Workbench, members: list[str]) -> list[str] | None:
        """Stages still to be done for this reference; None if it cannot go on."""
        wanted: list[str] = []
        for stage in members:
            if any(up not in bench.entries and up not in wanted for up in UPSTREAM[stage]):
                return None
            if any(up in wanted for up in UPSTREAM[stage]):
                wanted.append(stage)
                continue
            entry = self.known[stage].get(bench.photo.id)
            if entry is None or not self._valid(bench, stage, entry):
                wanted.append(stage)
            elif entry.error is not None:
                return None
            else:
                bench.entries[stage] = entry
        return wanted

    def _valid(self, bench: Workbench, stage: str, entry: Entry) -> bool:
        same = entry.fingerprint == self.job.fingerprints[stage]
        if not same or entry.inputs != inputs_digest(bench, stage):
            return False
        return stage not in self.unverified or all(map(self.tree.whole, entry.files))

    def _attempt(self, bench: Workbench, wanted: list[str], function: StageFunction) -> bool:
        photo = bench.photo
        self._beat(photo.id, wanted)
        try:
            outputs = function(bench)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                raise disk_full(self.tree.root) from error
            logger.warning("%s: %s failed: %s", photo.id, wanted[0], error)
            self._append([(wanted[0], self._failure(bench, wanted[0], error))])
            self.failed += 1
            return False
        self.images += outputs["distort"].counts["images"] if "distort" in outputs else 0
        for stage in wanted:
            out = outputs[stage]
            entry = Entry(
                photo.id,
                self.job.fingerprints[stage],
                inputs_digest(bench, stage),
                tuple(out.files),
                dict(out.counts),
                {name: round(value, 6) for name, value in out.seconds.items()},
            )
            bench.entries[stage] = entry
            self._append([(stage, entry)])
        return True

    def _failure(self, bench: Workbench, stage: str, error: Exception) -> Entry:
        before = self.known[stage].get(bench.photo.id)
        attempts = before.error["attempts"] if before is not None and before.error else 0
        reason = {
            "class": type(error).__name__,
            "message": str(error)[:500],
            "cell": bench.cell,
            "attempts": attempts + 1,
        }
        return Entry(
            bench.photo.id,
            self.job.fingerprints[stage],
            inputs_digest(bench, stage),
            error=reason,
        )

    def _append(self, entries: list[tuple[str, Entry]]) -> None:
        for stage, entry in entries:
            try:
                append_entries(self.tree.journal(stage, self.job.shard), [entry])
            except OSError as error:
                if error.errno in _FULL:
                    raise disk_full(self.tree.root) from error
                raise
            self.known[stage][entry.id] = entry

    def _beat(self, photo_id: str, wanted: list[str]) -> None:
        path = self.tree.current(self.job.shard)
        beat = {"pid": os.getpid(), "id": photo_id, "stage": wanted[0], "since": time.time()}
        try:
            self.tree.write(str(path.relative_to(self.tree.root)), json.dumps(beat).encode())
        except OSError as error:
            if error.errno in _FULL:
                raise disk_full(self.tree.root) from error
            raise

    def commit(self, stage: str) -> None:
        """Writes the stage's commit record if it is not up to date."""
        inputs = commit_inputs(self.tree, stage, self.job.shard)
        if commit_is_current(
            self.tree, stage, self.job.shard, self.job.fingerprints[stage], inputs
        ):
            return
        entries = [self.known[stage].get(photo.id) for photo in self.photos]
        present = [entry for entry in entries if entry is not None]
        good = [entry for entry in present if entry.error is None]
        try:
            flush_files(self.tree, (file for entry in good for file in entry.files))
            record = {
                "stage": stage,
                "shard": self.job.shard,
                "fingerprint": self.job.fingerprints[stage],
                "inputs": inputs,
                "output": digest_of(
                    [[entry.id, entry.output, bool(entry.error)] for entry in present]
                ),
                "done": len(good),
                "failed": len(present) - len(good),
                "held": len(entries) - len(present),
                "bytes": sum(file.size for entry in good for file in entry.files),
                "files": sum(len(entry.files) for entry in good),
                "counts": totals(entry.counts for entry in good),
                "seconds": totals(entry.seconds for entry in good),
                "versions": versions(),
                "finished": time.time(),
            }
            self.tree.write_json(self.tree.commit(stage, self.job.shard), record)
        except OSError as error:
            if error.errno in _FULL:
                raise disk_full(self.tree.root) from error
            raise

    def result(self, *, finished: bool, full: str | None = None) -> UnitResult:
        """What happened so far."""
        return UnitResult(self.job.shard, finished, self.done, self.failed, self.images, full)


def _with_upstream(stages: Iterable[str]) -> set[str]:
    wanted = set(stages)
    return wanted | {up for stage in wanted for up in UPSTREAM[stage]}


def lost_inputs(tree: OutputTree, job: UnitJob, image_id: str, stage: str) -> str:
    """The inputs digest of a reference whose worker died, as `run_unit` would have it."""
    photo = next(photo for photo in read_shard(tree, job.shard) if photo.id == image_id)
    bench = Workbench(tree, job.config, photo)
    for up in UPSTREAM[stage]:
        bench.entries[up] = latest(read_journal(tree.journal(up, job.shard)))[image_id]
    return inputs_digest(bench, stage)
