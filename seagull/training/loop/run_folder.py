"""The folder of a run: locks it, records what the run is made from, finds where it resumes."""

from __future__ import annotations

import json
import logging
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
from seagull.training.loop.checkpoints import STATE_FILE, set_aside_later
from seagull.version import __version__

logger = logging.getLogger(__name__)

LOCK_FILE = ".lock"
_FINISHED = "finished"
"""In ``RUN_FILE``: the step that the adapter, or a baseline's model, was written after."""


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


def go_back(run: Path, checkpoint: Path, best_step: int | None) -> None:
    """Sets aside what a run's folder holds of steps after a checkpoint, and says so.

    Args:
        run: its folder.
        checkpoint: that the run goes on from.
        best_step: that ``best/`` is of; None if there is none.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    if renamed := set_aside_later(run, step_of(checkpoint), best_step):
        logger.warning(
            "resume: the run goes on from %s; what was made after it is set aside, or resume=auto "
            "would go on from there: %s. Remove it when it is not needed",
            checkpoint.name, ", ".join(str(path) for path in renamed),
        )  # fmt: skip


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
        ConfigError: if the data has changed, or the folder's record of it is damaged.
    """
    run.mkdir(parents=True, exist_ok=True)
    recorded = _read_facts(run) if resumed else {}
    if "data" in recorded:
        if (changed := changed_file(recorded["data"], data)) is not None:
            raise ConfigError(
                f"resume: the training data has changed since ({changed}); start in a new output"
            )
        if recorded.get("records", records) != records:
            raise ConfigError(
                f"resume: {records} records can be used, before it were {recorded['records']}: "
                "photos have changed; restore them, or start in a new output"
            )
    facts: dict[str, Any] = {"version": __version__, "data": dict(data), "records": records}
    if _FINISHED in recorded:
        facts[_FINISHED] = recorded[_FINISHED]
    _write_facts(run, facts)
    text = yaml.safe_dump(dict(settings), sort_keys=False, allow_unicode=True)
    (run / CONFIG_FILE).write_text(text, encoding="utf-8")


def finished_step(run: Path) -> int | None:
    """The step after which a run's result was written; None if that is not recorded.

    Raises:
        ConfigError: if the run's record is damaged.
    """
    step = _read_facts(run).get(_FINISHED)
    return None if step is None else int(step)


def note_finished(run: Path, step: int) -> None:
    """Records that a run's result was written after this step."""
    _write_facts(run, _read_facts(run) | {_FINISHED: step})


def _read_facts(run: Path) -> dict[str, Any]:
    """What a run's folder says that it is made from; empty where it says nothing."""
    file = run / RUN_FILE
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        facts = error
    if not isinstance(facts, dict):
        raise ConfigError(
            f"{file}: damaged ({facts if isinstance(facts, ValueError) else 'no JSON object'}); "
            "remove it, and the run goes on without comparing its data with that of before"
        )
    return facts


def _write_facts(run: Path, facts: Mapping[str, Any]) -> None:
    """Writes the file whole or not at all."""
    scratch = run / f".partial-{RUN_FILE}"
    scratch.write_text(json.dumps(facts, indent=2), encoding="utf-8")
    scratch.replace(run / RUN_FILE)
