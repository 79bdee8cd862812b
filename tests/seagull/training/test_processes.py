"""Two processes under ZeRO give the losses of one, and each goes on where the other stopped."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from seagull.evaluation.validation import make_validator
from seagull.files.config import to_plain
from seagull.model.checkpoint import load_processor
from seagull.training.config import TrainConfig
from seagull.training.loop.launch import Launch, torchrun_command
from seagull.training.run import train
from tests.seagull.training.conftest import losses

Settings = Callable[..., TrainConfig]
LOSSES = {"numeric_head": 1.0, "soft_levels": 0.5}


def run_two(config: TrainConfig, file: Path) -> None:
    """Runs ``seagull train`` in two processes."""
    file.write_text(yaml.safe_dump(to_plain(config)))
    command = torchrun_command(Launch(), 2, ["train", str(file)])
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=150,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def close(first: dict[int, float], second: dict[int, float]) -> bool:
    return list(first) == list(second) and all(
        abs(first[step] - second[step]) < 1e-3 * max(1.0, first[step]) for step in first
    )


def without_the_end(run: Path) -> None:
    """Takes a run back to its checkpoint at step 3."""
    shutil.rmtree(run / "adapter")
    shutil.rmtree(run / "checkpoint-00000006")


@pytest.mark.slow
@pytest.mark.parametrize("quantization", [None, "4bit"])
@pytest.mark.parametrize("preset", ["zero2", "zero3"])
def test_two_processes_learn_what_one_does_and_one_goes_on(
    settings: Settings,
    model_folder: Path,
    tmp_path: Path,
    preset: str,
    quantization: str | None,
) -> None:
    pytest.importorskip("deepspeed")
    common = {"quantization": quantization, "loss": LOSSES, "clip": 0.5, "save_every": 3}
    train(settings(output=str(tmp_path / "one"), **common), model_folder)
    expected = losses(tmp_path / "one")
    run_two(settings(output=str(tmp_path / "two"), deepspeed=preset, **common), tmp_path / "c.yaml")
    assert close(losses(tmp_path / "two"), expected)
    without_the_end(tmp_path / "two")
    train(settings(output=str(tmp_path / "two"), **common), model_folder)
    assert close(losses(tmp_path / "two"), expected)


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["zero2", "zero3", None])
def test_two_processes_go_on_where_one_stopped(
    settings: Settings, model_folder: Path, tmp_path: Path, preset: str | None
) -> None:
    if preset:
        pytest.importorskip("deepspeed")
    run = tmp_path / "run"
    train(settings(save_every=3, loss=LOSSES), model_folder)
    expected = losses(run)
    without_the_end(run)
    run_two(settings(save_every=3, loss=LOSSES, deepspeed=preset), tmp_path / "c.yaml")
    assert close(losses(run), expected)


@pytest.mark.slow
def test_offloading_in_bfloat16_learns_what_float32_does(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("deepspeed")
    train(settings(output=str(tmp_path / "one")), model_folder)
    expected = losses(tmp_path / "one")
    config = settings(output=str(tmp_path / "two"), deepspeed="zero3_offload", precision="bfloat16")
    run_two(config, tmp_path / "c.yaml")
    found = losses(tmp_path / "two")
    assert list(found) == list(expected)
    assert all(abs(found[step] - expected[step]) < 5e-3 * expected[step] for step in expected)


def _validated(run: Path) -> list[dict[str, float]]:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [
        {name: value for name, value in entry.items() if name.startswith("eval_")}
        for entry in entries
        if "eval_quality_srcc" in entry
    ]


@pytest.mark.slow
@pytest.mark.parametrize("head", [0.0, 1.0])
def test_sharded_weights_are_validated_like_whole_ones(
    settings: Settings, model_folder: Path, tmp_path: Path, records: Path, head: float
) -> None:
    pytest.importorskip("deepspeed")
    source = [{"path": str(records)}]
    common = {
        "data": {"train": source, "validation": source, "validation_records": 6, "workers": 0},
        "validate_every": 3, "max_steps": 3, "loss": {"numeric_head": head},
    }  # fmt: skip
    config = settings(output=str(tmp_path / "one"), **common)
    train(config, model_folder, make_validator(config, load_processor(model_folder)))
    run_two(
        settings(output=str(tmp_path / "two"), deepspeed="zero3", **common), tmp_path / "c.yaml"
    )
    expected, found = _validated(tmp_path / "one"), _validated(tmp_path / "two")
    assert len(found) == len(expected) > 0
    for one, other in zip(expected, found, strict=True):
        assert other == pytest.approx(one, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("text", [0.0, 1.0])
def test_packed_photos_under_zero_learn_what_one_process_does(
    settings: Settings, model_folder: Path, tmp_path: Path, records: Path, text: float
) -> None:
    pytest.importorskip("deepspeed")
    common = {
        "data": {"train": [{"path": str(records)}], "workers": 0, "pack": "photo", "flip": True},
        "loss": {"text": text, "numeric_head": 1.0, "soft_levels": 0.5}, "save_every": 3,
    }  # fmt: skip
    common |= {} if text else {"trainable": ["mfe", "vision_encoder"]}
    train(settings(output=str(tmp_path / "one"), **common), model_folder)
    run_two(
        settings(output=str(tmp_path / "two"), deepspeed="zero2", **common), tmp_path / "c.yaml"
    )
    assert close(losses(tmp_path / "two"), losses(tmp_path / "one"))
