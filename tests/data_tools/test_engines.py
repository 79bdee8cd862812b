"""Engines beyond the local pool: claims on a shared disk, Ray, and what a worker's death costs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_tools.claims import Claims
from data_tools.config import DataConfig
from data_tools.engine import Strikes
from data_tools.pipeline import PIXEL_STAGES, Run
from data_tools.state import latest, read_journal
from data_tools.unit import run_unit
from data_tools.work import UnitJob
from seagull.files.config import load_settings
from tests.data_tools.tiny_set import contents, make_photos, overrides, run_tiny


def test_a_claim_is_held_by_one_and_taken_over_when_its_holder_is_gone(tmp_path: Path) -> None:
    first, second = Claims(tmp_path, 60.0), Claims(tmp_path, 0.3)
    assert first.take("a")
    assert not second.take("a")
    first._closed.set()  # its process stops beating without giving anything back
    first._thread.join()
    deadline = time.monotonic() + 5
    while not second.take("a"):
        assert time.monotonic() < deadline, "a dead holder's claim was never taken over"
        time.sleep(0.05)
    assert second.owns("a")
    assert not first.owns("a")
    first.release("a")
    assert second.owns("a"), "the late return of the first holder must not free the second's claim"
    second.close()
    assert not list(tmp_path.iterdir())


def test_a_beating_claim_is_not_taken_over(tmp_path: Path) -> None:
    holder, watcher = Claims(tmp_path, 0.2), Claims(tmp_path, 0.4)
    assert holder.take("a")
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        assert not watcher.take("a")
        time.sleep(0.05)
    holder.close()
    assert watcher.take("a")
    watcher.close()


def test_two_shared_workers_make_one_data_set(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 6)
    run_tiny(tmp_path, "whole")
    (tmp_path / "empty.yaml").write_text("{}\n")
    command = [sys.executable, "-m", "data_tools.cli", "pack", str(tmp_path / "empty.yaml")]
    command += overrides(tmp_path, "out", "run.engine=shared", "run.workers=0")
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for worker in workers:
        _, said = worker.communicate(timeout=120)
        assert worker.returncode == 0, said
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_reference_that_costs_two_lone_workers_is_quarantined(tmp_path: Path) -> None:
    make_photos(tmp_path / "photos", 2)
    run = Run(load_settings(DataConfig, None, overrides(tmp_path, "out")))
    with run.opened():
        run.plan()
        root = str(tmp_path / "out")
        job = UnitJob(root, 0, PIXEL_STAGES, run.fingerprints(), run.config)
        strikes = Strikes()
        beat = {"pid": 1, "id": "photo0", "stage": "reference", "since": time.time()}
        for expected in (False, True):
            run.tree.write_json(run.tree.current(0), beat)
            assert strikes.add(job, "killed") is expected
        result = run_unit(job)
    assert result.finished
    entries = latest(read_journal(run.tree.journal("reference", 0)))
    assert entries["photo0"].error is not None
    assert entries["photo0"].error["class"] == "WorkerDied"
    assert entries["photo1"].error is None
    assert set(latest(read_journal(run.tree.journal("label", 0)))) == {"photo1"}


@pytest.mark.slow
def test_ray_on_two_nodes_makes_the_same_files(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray", reason="ray is not installed (extra `ray`)")
    from ray.cluster_utils import Cluster

    make_photos(tmp_path / "photos", 4)
    run_tiny(tmp_path, "whole")
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        run_tiny(tmp_path, "out", "run.engine=ray", "run.workers=2")
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
