"""Commit records: what says that a stage is finished with a shard."""

from __future__ import annotations

import errno
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from data_tools.state import UPSTREAM, OutputTree, read_json


class DiskFullError(OSError):
    """The disk below the output folder has no room left."""


def commit_inputs(tree: OutputTree, stage: str, shard: int) -> dict[str, str | None]:
    """The outputs of the upstream commits of a shard; None where there is no commit."""
    records = {up: read_json(tree.commit(up, shard)) for up in UPSTREAM[stage]}
    return {up: record["output"] if record else None for up, record in records.items()}


def commit_is_current(
    tree: OutputTree, stage: str, shard: int, fingerprint: str, inputs: Mapping[str, str | None]
) -> bool:
    """Whether a commit record says that nothing is to be done."""
    record = read_json(tree.commit(stage, shard))
    return (
        record is not None
        and record["fingerprint"] == fingerprint
        and record["inputs"] == dict(inputs)
    )


def disk_full(root: Path) -> DiskFullError:
    """The error for a full disk, with what to do."""
    return DiskFullError(
        errno.ENOSPC,
        f"the disk below {root} is full; nothing half-written counts as finished. "
        "Free some space and run the same command again",
    )


def versions() -> dict[str, str]:
    """Versions of what makes the pixels and labels."""
    found = {"python": platform.python_version()}
    for name in ("seagull-iqa", "numpy", "opencv-python-headless", "pyarrow", "pillow", "rawpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def totals(rows: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Sums by name."""
    total: dict[str, float] = {}
    for row in rows:
        for name, value in row.items():
            total[name] = total.get(name, 0) + value
    return {name: round(value, 4) for name, value in sorted(total.items())}
