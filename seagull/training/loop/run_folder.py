"""The folder of a run: locks it, records what the run is made from, finds where it resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from seagull.files.appending import only_writer
from seagull.files.config import ConfigError
from seagull.training.data.records import changed_file
from seagull.training.finished import CONFIG_FILE, RUN_FILE
from seagull.training.loop.checkpoints import STATE_FILE
from seagull.version import __version__

LOCK_FILE = ".lock"


@contextmanager
def kept_alone(run: Path) -> Iterator[None]:
    """Keeps the run's folder for this run; its other processes hold it together with the first.

    Raises:
        ConfigError: if another run is at work there.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    run.mkdir(parents=True, exist_ok=True)
    with only_writer(run / LOCK_FILE) as acquired:
        if not acquired:
            raise ConfigError(f"output: another run is at work in {run}; give another folder")
        yield


def step_of(checkpoint: Path | None) -> int:
    """The step that a checkpoint was made after; 0 without one."""
    if checkpoint is None:
        return 0
    return int(json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))["global_step"])


def describe_run(
    run: Path,
    settings: Mapping[str, Any],
    data: Mapping[str, str],
    records: int,
    *,
    resumed: bool,
) -> None:
    """Writes what the run is made from; a resumed run has to be made from the same bytes.

    Args:
        run: its folder.
        settings: as plain values.
        data: digests of the record files, see ``fingerprint``.
        records: how many can be used.
        resumed: whether the run resumes from a checkpoint.

    Raises:
        ConfigError: if the data has changed.
    """
    run.mkdir(parents=True, exist_ok=True)
    file = run / RUN_FILE
    if resumed and file.is_file():
        recorded = json.loads(file.read_text(encoding="utf-8"))
        if (changed := changed_file(recorded["data"], data)) is not None:
            raise ConfigError(
                f"resume: the training data has changed since ({changed}); start in a new output"
            )
        if recorded.get("records", records) != records:
            raise ConfigError(
                f"resume: {records} records can be used, before it were {recorded['records']}: "
                "photos have changed; restore them, or start in a new output"
            )
    facts = {"version": __version__, "data": dict(data), "records": records}
    file.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
    (run / CONFIG_FILE).write_text(text, encoding="utf-8")
