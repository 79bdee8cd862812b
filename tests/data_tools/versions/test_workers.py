"""However a run's workers end, it comes to the same files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import active_children
from pathlib import Path

import pytest

from tests.data_tools.tiny_set import contents
from tests.data_tools.versions.tiny_versions import make, settings


def test_any_number_of_workers_gives_the_same_files(root: Path) -> None:
    make(root, "two", "run.workers=2")
    assert contents(root / "two") == contents(root / "out")


def test_a_killed_run_goes_on_to_the_same_files(root: Path) -> None:
    empty = root / "empty.yaml"
    empty.write_text("{}\n")
    command = [sys.executable, "-m", "data_tools.cli", "versions", str(empty)]
    command += settings(root, "killed", "run.workers=0")
    process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE)
    work = root / "killed" / "_work" / "versions"
    for _ in range(3000):
        if process.poll() is not None or list(work.glob("*.json")):
            break
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    finished = {path: path.stat().st_mtime_ns for path in work.glob("*.json")}
    assert finished
    make(root, "killed")
    assert contents(root / "killed") == contents(root / "out")
    assert all(path.stat().st_mtime_ns == then for path, then in finished.items())


def test_a_worker_that_dies_is_replaced(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    def kill_the_worker(done: int, total: int) -> None:
        if done == 1:
            for process in active_children():
                process.kill()

    make(root, "replaced", "run.workers=1", on_progress=kill_the_worker)
    assert "a worker died over" in caplog.text
    assert contents(root / "replaced") == contents(root / "out")


def test_a_reference_that_costs_two_lone_workers_is_left_out_until_the_next_run(
    root: Path,
) -> None:
    make(root, "deaths")
    for name in ("Versions", "_work/versions"):
        shutil.rmtree(root / "deaths" / name)
    killed = list[int]()

    def kill_four_workers() -> None:  # the first of two references, each of them alone, the first
        while len(killed) < 4:
            for process in active_children():
                if process.pid and process.pid not in killed:
                    killed.append(process.pid)
                    process.kill()
            time.sleep(0.01)

    killer = threading.Thread(target=kill_four_workers, daemon=True)
    killer.start()
    result = make(root, "deaths", "run.workers=1")
    killer.join(timeout=5)
    assert list(result.failed) == ["photo2"]
    assert "worker process died twice" in result.failed["photo2"]
    assert result.references == 3
    make(root, "deaths")
    assert contents(root / "deaths") == contents(root / "out")
