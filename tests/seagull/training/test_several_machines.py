"""The commands that start a run of several processes are executed: torchrun reads them, too."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from seagull.files.config import to_plain
from seagull.training.config import TrainConfig
from tests.seagull.training.conftest import losses

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ROOT / "scripts"
SECONDS = 150

pytestmark = pytest.mark.slow


@pytest.fixture
def command(
    settings: Callable[..., TrainConfig], tmp_path: Path
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a command on a settings file; ``seagull`` is this checkout's."""
    file = tmp_path / "c.yaml"
    file.write_text(yaml.safe_dump(to_plain(settings(max_steps=1))))
    tools = tmp_path / "bin"
    tools.mkdir()
    _write(tools / "seagull", f'exec "{sys.executable}" -m seagull "$@"')

    def run(before: list[str], *after: str, **programs: str) -> subprocess.CompletedProcess[str]:
        for name, text in programs.items():
            _write(tools / name, text)
        path = f"{tools}:{os.environ['PATH']}"
        return subprocess.run(
            [*before, str(file), *after], capture_output=True, text=True, check=False,
            timeout=SECONDS, cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": path, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip

    return run


def _write(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_two_processes_on_one_machine(command, tmp_path) -> None:
    done = command(["seagull", "train"], "--nproc", "2", "--debug")
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(losses(tmp_path / "run")) == [1]


def test_the_slurm_script_starts_every_machine(command, tmp_path) -> None:
    port = _free_port()
    text = (SCRIPTS / "train_slurm.sh").read_text().replace("29517", str(port))
    script = tmp_path / "train_slurm.sh"
    script.write_text(text)
    # Slurm runs the command once on each machine, with the machine's number.
    srun = 'SLURM_NODEID=1 "$@" & SLURM_NODEID=0 "$@" && wait $!'
    done = command(
        ["env", "SLURM_JOB_NODELIST=n[1-2]", "SLURM_JOB_NUM_NODES=2", "bash", str(script)],
        "max_steps=1",
        srun=srun,
        scontrol="echo 127.0.0.1; echo 127.0.0.2",
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"machine 1 of 2: training begins when all have met at 127.0.0.1:{port}" in done.stderr
    assert list(losses(tmp_path / "run")) == [1]


def test_the_ssh_script_starts_what_the_hostfile_says(command, tmp_path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{socket.gethostname()} slots=2\n")
    done = command(
        ["bash", str(SCRIPTS / "train_ssh.sh"), str(hosts)],
        "max_steps=1",
        ssh='shift 2; exec bash -c "$*"',
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(losses(tmp_path / "run")) == [1]
