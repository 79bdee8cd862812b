"""Two processes under ZeRO give the losses of one, and each goes on where the other stopped."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from seagull.config import to_plain
from seagull.training.config import TrainConfig
from seagull.training.launch import Launch, torchrun_command
from seagull.training.run import train
from tests.seagull.training.conftest import losses

Settings = Callable[..., TrainConfig]
LOSSES = {"numeric_head": 1.0, "soft_levels": 0.5}


def run_two(config: TrainConfig, file: Path) -> None:
    """Runs ``seagull train`` in two processes."""
    file.write_text(yaml.safe_dump(to_plain(config)))
    command = torchrun_command(Launch(), 2, ["train", str(file)])
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=150,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def close(first: dict[int, float], second: dict[int, float]) -> bool:
    return list(first) == list(second) and all(
        abs(first[step] - second[step]) < 1e-3 * max(1.0, first[step]) for step in first
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("preset", "quantization"),
    [("zero2", None), ("zero3", None), ("zero2", "4bit"), ("zero3", "4bit")],
)
def test_two_processes_learn_what_one_does(
    settings: Settings,
    model_folder: Path,
    tmp_path: Path,
    preset: str,
    quantization: str | None,
) -> None:
    pytest.importorskip("deepspeed")
    common = {"quantization": quantization, "loss": LOSSES, "clip": 0.5}
    one = settings(output=str(tmp_path / "one"), **common)
    train(one, model_folder)
    # Two steps of two processes, then one process goes on without DeepSpeed.
    two = settings(output=str(tmp_path / "two"), deepspeed=preset, save_every=3, **common)
    run_two(two, tmp_path / "two.yaml")
    assert close(losses(tmp_path / "two"), losses(tmp_path / "one"))
