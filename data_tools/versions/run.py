"""The command: references and masks by the engine, versions of each, then the records."""

from __future__ import annotations

import logging
import shutil
import signal
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2

from data_tools.config import DataConfig
from data_tools.pack import finished_ids
from data_tools.pipeline import Run, RunError
from data_tools.plan import PlannedPhoto, read_shard
from data_tools.settings import differences
from data_tools.state import digest_of, read_json
from data_tools.versions.unit import make_versions

logger = logging.getLogger(__name__)

VERSION = 3
"""Raised when the same settings start to give other pixels or labels."""

_MOST_DEATHS = 2
"""So many lone workers may die over a reference."""

Progress = Callable[[int, int], None]
"""Told how many references are done, and of how many."""


@dataclass(frozen=True)
class VersionsResult:
    """How the making went.

    Args:
        references: that have versions. ``pictures``: how many versions there are.
        failed: ids of references that have none, with the reason.
        records: by file name.
    """

    references: int
    pictures: int
    failed: dict[str, str]
    records: dict[str, int]


def run_versions(run: Run, on_progress: Progress = lambda done, total: None) -> VersionsResult:
    """Plans, and makes references, masks, versions and records; goes on where it was.

    Args:
        run: opened.
        on_progress: called after each reference.

    Raises:
        RunError: if the settings are others than those the folder was made with, or the disk is
            full. ValueError: if ``versions.calibration`` is not there or of another metric.
            KeyboardInterrupt: if the run was asked to stop.
    """
    from data_tools.versions.assemble import (
        assemble_versions,
        given_calibration,
        given_readings,
    )

    label = run.settings["label"]
    given = given_calibration(run.config, f"{label['metric']}-{label['version']}")
    readings = given_readings(run.config)
    run.plan(cells=False)
    run.run_pass(("reference", "masks"))
    with run.alone("versions"):
        settings = _checked_settings(run)
        photos = list(_photos(run))
        pictures, failed = _make_all(run, photos, settings, on_progress)
        made = [photo for photo in photos if photo.id not in failed]
        ids = [photo.id for photo in made]
        records = assemble_versions(run.tree, run.config, ids, given, readings)
    return VersionsResult(len(made), pictures, failed, records)


def _checked_settings(run: Run) -> str:
    """The digest of all settings that decide versions; refuses others than before."""
    drawn = asdict(run.config.versions) | {"window": list(run.config.versions.window)}
    for name in ("calibration", "readings"):
        drawn.pop(name)  # decides records alone, which are written anew each time
    wanted = {
        "version": VERSION,
        "seed": run.config.seed,
        "validation_share": run.config.chat.validation_share,
        "metric": [run.settings["label"]["metric"], run.settings["label"]["version"]],
        "distort": run.settings["distort"],
        "masks": {name: run.settings["masks"][name] for name in ("min_area", "min_side")},
        "versions": drawn,
    }
    path = run.tree.state / "versions.json"
    stored = read_json(path)
    lines = differences(stored, wanted) if stored is not None else []
    if lines and not run.redo:
        raise RunError(
            f"the versions in {run.tree.root} were made with other settings:\n  "
            + "\n  ".join(lines)
            + "\nUse the old settings, another output folder, or --redo to make all versions anew"
        )
    if lines:
        for folder in ("Versions", "_work/versions"):
            shutil.rmtree(run.tree.root / folder, ignore_errors=True)
    if stored != wanted:
        run.tree.write_json(path, wanted)
    return digest_of(wanted)


def _photos(run: Run) -> Iterator[PlannedPhoto]:
    """The references that have masks, in the plan's order."""
    for shard in range(run.shards):
        ids = set(finished_ids(run.tree, "masks", shard))
        yield from (photo for photo in read_shard(run.tree, shard) if photo.id in ids)


def _make_all(
    run: Run, photos: list[PlannedPhoto], settings: str, on_progress: Progress
) -> tuple[int, dict[str, str]]:
    pictures, failed = 0, dict[str, str]()
    for done, (photo, result) in enumerate(_results(run, photos, settings), start=1):
        if isinstance(result, int):
            pictures += result
        else:
            failed[photo.id] = str(result)
            logger.warning("%s has no versions: %s", photo.id, failed[photo.id])
        on_progress(done, len(photos))
    return pictures, failed


_Result = tuple[PlannedPhoto, int | Exception]


def _results(run: Run, photos: list[PlannedPhoto], settings: str) -> Iterator[_Result]:
    """What became of each reference, in the order in which they end.

    References under work when a worker process dies are tried again, each with a lone worker; one
    that costs two of these has failed.
    """
    if run.config.run.workers == 0:
        for one in photos:
            _check_stop(run)
            yield one, _one(run.tree.root, one, run.config, settings)
        return
    queue, suspects, deaths = deque(photos), deque[PlannedPhoto](), Counter[str]()
    while queue or suspects:
        _check_stop(run)
        if not suspects:
            suspects.extend((yield from _pooled(run, queue, settings, run.config.run.workers)))
            continue
        lost = yield from _pooled(run, deque([suspects.popleft()]), settings, 1)
        for photo in lost:
            deaths[photo.id] += 1
            if deaths[photo.id] < _MOST_DEATHS:
                suspects.append(photo)
            else:
                yield (
                    photo,
                    RuntimeError("its worker process died twice (killed, or out of memory)"),
                )


def _pooled(
    run: Run, queue: deque[PlannedPhoto], settings: str, workers: int
) -> Generator[_Result, None, list[PlannedPhoto]]:
    """Makes what is in the queue; returns what was under work when a worker died."""
    waiting = dict[Future[int | Exception], PlannedPhoto]()
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_quiet) as pool:
        try:
            while queue or waiting:
                while queue and len(waiting) < 2 * workers:
                    future = pool.submit(_one, run.tree.root, queue[0], run.config, settings)
                    waiting[future] = queue.popleft()
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    yield waiting.pop(future), result
                _check_stop(run)
        except BrokenProcessPool:
            lost = list(waiting.values())
            logger.warning("a worker died over %s", ", ".join(photo.id for photo in lost))
            return lost
    return []


def _check_stop(run: Run) -> None:
    if run.watcher.stop.draining:
        raise KeyboardInterrupt


def _quiet() -> None:
    """A worker leaves Ctrl-C to its parent and the cores to its siblings."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _one(root: Path, photo: PlannedPhoto, config: DataConfig, settings: str) -> int | Exception:
    try:
        return make_versions(root, photo, config, settings)
    except OSError:
        raise  # a full disk or a missing folder concerns all references
    except Exception as error:
        return ValueError(f"{type(error).__name__}: {error}")
