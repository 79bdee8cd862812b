"""A tiny set of versions of photos, and what was done to each of them."""

from __future__ import annotations

import json
from pathlib import Path

from data_tools.config import DataConfig
from data_tools.pipeline import Run
from data_tools.versions.run import Progress, VersionsResult, run_versions
from seagull.files.config import load_settings
from seagull.records import InstructionRecord, read_records
from tests.data_tools.tiny_set import overrides

SMALL = (
    "versions.window=[64,48]",
    "versions.scenes=2",
    "versions.per_scene=5",
    "versions.validation_per_scene=6",
    "versions.kinds={whole: 1, whole_mixed: 1, inside: 3, outside: 1}",
    "versions.validation={held: 1.0, kept: 0.0}",
    "chat.validation_share=0.5",
    "distort.levels=[4,12,20]",
)


def settings(root: Path, output: str, *more: str) -> list[str]:
    """Settings of a run from ``root/photos`` to ``root/output``."""
    return [*overrides(root, output), "distort.types=[blur,contrast,noise]", *SMALL, *more]


def make(
    root: Path,
    output: str,
    *more: str,
    redo: bool = False,
    on_progress: Progress = lambda done, total: None,
) -> VersionsResult:
    """Makes versions in ``root/output``, in this process."""
    config = load_settings(DataConfig, None, settings(root, output, "run.workers=0", *more))
    run = Run(config, redo=redo)
    with run.opened():
        return run_versions(run, on_progress)


def records(root: Path, name: str) -> list[InstructionRecord]:
    """Records of the folder ``out``."""
    return list(read_records(root / "out" / "versions" / f"{name}.jsonl"))


def done(root: Path, output: str = "out") -> dict[str, dict]:
    """What was done to each version, by its picture's name."""
    found = {}
    for path in (root / output / "_work" / "versions").glob("*.json"):
        for scene in json.loads(path.read_text())["scenes"]:
            for version in scene["versions"]:
                found[f"{scene['id']}.{version['number']}.png"] = version
    return found
