"""Killed runs: whatever dies, whenever, the same command ends with the same files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_tools.state import OutputTree, read_json
from tests.data_tools.tiny_set import contents, make_photos, overrides, run_tiny

KILLS = 8


def start(root: Path, output: str, *more: str) -> subprocess.Popen[str]:
    """A whole run as a process group of its own."""
    empty = root / "empty.yaml"
    empty.write_text("{}\n")
    command = [sys.executable, "-m", "data_tools.cli", "pack", str(empty)]
    return subprocess.Popen(
        [*command, *overrides(root, output, *more)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_work(tree: OutputTree, process: subprocess.Popen[str]) -> int:
    """Waits until a worker has a reference under its hands; its process id."""
    for _ in range(3000):
        for path in (tree.state / "running").glob("*.json"):
            beat = read_json(path)
            if beat:
                return int(beat["pid"])
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise AssertionError(f"no worker came to work: {process.communicate()[1]}")


def test_killed_at_random_moments_ends_with_the_same_files(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 6)
    run_tiny(tmp_path, "whole")
    tree, random_moment = OutputTree(tmp_path / "out"), random.Random(5)
    for number in range(KILLS):
        process = start(tmp_path, "out", "run.workers=0")
        if number:  # the first kill may hit the start-up, the others hit the work
            finished = process.poll()
            while finished is None and not (tree.state / "lock").exists():
                time.sleep(0.01)
                finished = process.poll()
        time.sleep(random_moment.uniform(0.1, 0.9))
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    last = start(tmp_path, "out", "run.workers=2")
    _, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


@pytest.mark.parametrize("workers", [1, 4])
def test_any_number_of_workers_gives_the_same_files(tmp_path: Path, workers: int) -> None:
    make_photos(tmp_path / "photos", 4)
    run_tiny(tmp_path, "whole")
    process = start(tmp_path, "out", f"run.workers={workers}")
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 6)
    run_tiny(tmp_path, "whole")
    process = start(tmp_path, "out", "run.workers=2")
    os.kill(wait_for_work(OutputTree(tmp_path / "out"), process), signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "a worker died" in said
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_interrupt_drains_with_130_and_the_run_goes_on(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 8)
    run_tiny(tmp_path, "whole")
    process = start(tmp_path, "out", "run.workers=1")
    wait_for_work(OutputTree(tmp_path / "out"), process)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "the same command goes on from here" in said
    assert "Traceback" not in said
    run_tiny(tmp_path)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
