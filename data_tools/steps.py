"""The chained command: every stage in turn, and the steps between the passes."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from data_tools.assemble import assemble
from data_tools.calibrate import calibrate
from data_tools.label_table import labels_path
from data_tools.pack import finished_ids
from data_tools.pipeline import PIXEL_STAGES, Run
from data_tools.state import read_json

logger = logging.getLogger(__name__)

COMMANDS = ("reference", "distort", "masks", "label", "chat", "pack")
"""Stages that are commands of their own; each brings along what it needs and is not there."""


def run_all(run: Run, last: str = "pack") -> None:
    """Plans and does every stage up to ``last``.

    Raises:
        RunError: if the run cannot go on. KeyboardInterrupt: if it was asked to stop.
    """
    run.plan()
    needed = _needed(last)
    run.run_pass(tuple(stage for stage in PIXEL_STAGES if stage in needed))
    if last not in ("chat", "pack"):
        return
    with run.alone("calibrate"):
        calibrate_once(run)
    run.run_pass(("chat",))
    if last == "pack":
        run.run_pass(("pack",))
        with run.alone("assemble"):
            assemble(run.tree, run.config, run.shards, run.fingerprints()["pack"])


def _needed(last: str) -> set[str]:
    if last in ("chat", "pack", "label"):
        return set(PIXEL_STAGES)
    return {"reference", last}


def calibrate_once(run: Run) -> None:
    """Calibrates importance if today's label settings have not been calibrated yet.

    Photos added later keep the calibration, or every conversation would change.
    """
    path = run.tree.state / "calibration.json"
    wanted = run.fingerprints()["label"]
    stored = read_json(path)
    if stored is not None and stored["label"] == wanted:
        return
    found = calibrate(_label_files(run), run.config.label.visible)
    run.tree.write_json(path, {**found.to_dict(), "label": wanted})


def _label_files(run: Run) -> Iterator[Path]:
    for shard in range(run.shards):
        for name in finished_ids(run.tree, "label", shard):
            yield run.tree.root / labels_path(name)
