"""Runs of baselines: they learn, resume bit for bit, and refuse what would spoil a run."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from seagull.baselines.assessor import load_baseline
from seagull.baselines.config import BaselineConfig
from seagull.baselines.dry_run import dry_run
from seagull.baselines.errors import BaselineError
from seagull.baselines.learners import build_learner, starting_network
from seagull.baselines.train import train_baseline
from seagull.evaluation.systems import make_system_validator
from seagull.files.config import ConfigError, to_plain
from seagull.training.loop.run_folder import note_finished

Make = Callable[..., BaselineConfig]


def log(config: BaselineConfig) -> list[dict[str, float]]:
    text = (Path(config.output) / "log.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def losses(config: BaselineConfig) -> dict[int, float]:
    return {int(one["step"]): one["loss"] for one in log(config) if "loss" in one}


def weights(config: BaselineConfig) -> dict[str, torch.Tensor]:
    return load_file(Path(config.output) / "model" / "model.safetensors")


class Killed(BaseException):
    """Ends a run as a killed process would: nothing is caught on the way."""


def stop_after(step: int) -> Callable[[str, int, int], None]:
    def progress(what: str, done: int, total: int) -> None:
        if what == "Training" and done == step:
            raise Killed

    return progress


@pytest.mark.parametrize("system", ["qfm-iqm", "dgiqa"])
def test_the_loss_falls_and_bright_photos_are_better_afterwards(
    system: str, settings: Make, records: Path
):
    config = settings(
        system, max_steps=40, batch_size=6, save_every=0, lr={"default": 2e-3}, weight_decay=0.0
    )
    folder = train_baseline(config)
    known = losses(config)
    assert sum(list(known.values())[-8:]) < 0.6 * sum(list(known.values())[:8])
    assessor = load_baseline(folder, device="cpu")
    scores = [
        assessor.assess(records.parent / f"{number}.png").regions[0].quality for number in (1, 10)
    ]
    assert scores[0] is not None
    assert scores[1] is not None
    assert scores[1].score > scores[0].score + 0.1


@pytest.mark.parametrize("system", ["qfm-iqm", "dgiqa"])
def test_a_run_that_was_killed_goes_on_bit_for_bit(system: str, settings: Make, tmp_path: Path):
    # Two epochs of three steps: the memory of the first is forgotten, and it is half full at 2.
    whole = settings(system, output=str(tmp_path / "whole"))
    train_baseline(whole)
    broken = replace(whole, output=str(tmp_path / "broken"))
    with pytest.raises(Killed):
        train_baseline(broken, progress=stop_after(3))
    assert max(losses(broken), default=0) >= 2
    train_baseline(broken)
    assert losses(broken) == losses(whole)
    first, second = weights(whole), weights(broken)
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0, atol=0)


@pytest.mark.slow
def test_a_process_killed_outright_leaves_a_run_that_goes_on(settings: Make, tmp_path: Path):
    config = settings(max_steps=400, save_every=2)
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(to_plain(config)))
    words = [sys.executable, "-m", "seagull", "train", str(tmp_path / "run.yaml")]
    process = subprocess.Popen(words, env={**os.environ, "OMP_NUM_THREADS": "1"})
    run = Path(config.output)
    deadline = time.monotonic() + 120
    while not list(run.glob("checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    reached = max(losses(config))
    finished = train_baseline(replace(config, max_steps=reached + 3))
    assert (finished / "model.safetensors").is_file()
    assert sorted(losses(config)) == list(range(1, reached + 4))


def test_a_finished_run_is_not_trained_again(settings: Make):
    config = settings(max_steps=2)
    folder = train_baseline(config)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert train_baseline(config) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(ConfigError, match="resume"):
        train_baseline(replace(config, resume="never"))


def test_a_model_of_before_the_last_steps_is_not_taken_for_their_result(settings: Make):
    config = settings(max_steps=4)
    folder = train_baseline(config)
    (folder / "model.safetensors").write_bytes(b"of before")
    # As if it had been killed after the last checkpoint.
    note_finished(Path(config.output), 2)
    assert train_baseline(config) == folder
    assert load_file(folder / "model.safetensors")


def test_a_run_whose_data_has_changed_is_not_resumed(settings: Make, records: Path, tmp_path: Path):
    for file in records.parent.glob("*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    own = tmp_path / "train.jsonl"
    config = settings(max_steps=2, data={"train": [{"path": str(own)}]})
    train_baseline(config)
    own.write_text(own.read_text().replace('"quality": 0.4', '"quality": 0.5'))
    with pytest.raises(ConfigError, match="the training data has changed"):
        train_baseline(replace(config, max_steps=4))


def test_another_network_does_not_take_over_a_checkpoint(settings: Make):
    config = settings(max_steps=2)
    train_baseline(config)
    other = settings(max_steps=4, qfm_iqm={"queries": 3})
    with pytest.raises(BaselineError, match="made with another network"):
        train_baseline(other)


@pytest.mark.parametrize("name", ["model.safetensors", "learner.safetensors"])
def test_a_damaged_checkpoint_is_named(settings: Make, name: str):
    config = settings(max_steps=2)
    train_baseline(config)
    (file,) = Path(config.output).glob(f"checkpoint-*/{name}")
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(BaselineError, match=rf"{name}: damaged .* goes on from the one before"):
        train_baseline(replace(config, max_steps=4))


@pytest.mark.parametrize(
    ("architecture", "perturb", "warned"),
    [("test_vit", False, False), ("test_convnext", False, True), ("test_convnext", True, False)],
)
def test_a_cls_token_that_tells_all_is_warned_of(
    settings: Make, caplog: pytest.LogCaptureFixture, architecture: str, perturb: bool, warned: bool
):
    own = {"encoder": {"architecture": architecture}, "perturb_cls": perturb}
    config = settings(qfm_iqm=own)
    build_learner(config, starting_network(config))
    assert ("perturb_cls is false" in caplog.text) is warned


def test_the_best_model_of_validation_is_the_one_that_is_kept(settings: Make, records: Path):
    config = settings(
        max_steps=6, validate_every=2,
        data={"validation": [{"path": str(records)}], "validation_records": 0},
    )  # fmt: skip
    given = iter([{"quality_srcc": 0.1}, {"quality_srcc": 0.9}, {"quality_srcc": 0.5}] + [{}] * 3)
    folder = train_baseline(config, lambda assessor: next(given))
    plain = json.loads((folder / "baseline.json").read_text())
    assert plain["history"]["step"] == 4
    assert plain["history"]["metrics"] == {"quality_srcc": 0.9}


def test_without_validation_the_model_is_of_the_last_step_whatever_was_best_before(settings: Make):
    train_baseline(settings(max_steps=2), lambda assessor: {"quality_srcc": 0.9})
    folder = train_baseline(settings(max_steps=4))
    plain = json.loads((folder / "baseline.json").read_text())
    assert (plain["history"]["step"], plain["history"]["metrics"]) == (4, {})


def test_validation_assesses_as_use_does(settings: Make, records: Path):
    config = settings(
        "dgiqa", max_steps=2,
        data={"validation": [{"path": str(records)}], "validation_records": 0},
    )  # fmt: skip
    validator = make_system_validator(config)
    assert validator is not None
    folder = train_baseline(config, validator)
    (logged,) = [one for one in log(config) if "eval_quality_srcc" in one]
    again = validator(load_baseline(folder, device="cpu"))
    assert again["quality_srcc"] == pytest.approx(logged["eval_quality_srcc"], abs=1e-9)


def test_a_student_learns_from_a_teacher_it_fits(settings: Make, tmp_path: Path):
    teacher = settings(max_steps=2, output=str(tmp_path / "teacher"))
    train_baseline(teacher)
    distil = {"teacher": teacher.output, "crops": 2, "spread": 1.0}
    student = settings(max_steps=3, qfm_iqm={"distil": distil})
    train_baseline(student)
    assert all("taught" in one for one in log(student) if "loss" in one)
    for run in (train_baseline, dry_run):
        with pytest.raises(BaselineError, match="is no baseline's folder"):
            run(settings(qfm_iqm={"distil": {"teacher": str(tmp_path / "nothing")}}))
    wide = settings(
        output=str(tmp_path / "wide"), view={"side": 96, "short_side": 96},
        qfm_iqm={"distil": distil},
    )  # fmt: skip
    with pytest.raises(BaselineError, match="a qfm-iqm of 96 px by the crop protocol can teach"):
        train_baseline(wide)


def test_matching_finds_partners_and_says_for_how_many(settings: Make):
    config = settings(qfm_iqm={"match": {"quality": 0.3}})
    train_baseline(config)
    shares = [one["matched"] for one in log(config) if "matched" in one]
    assert len(shares) == 6
    assert max(shares) == 1.0


def test_a_loss_that_is_no_number_ends_the_run_with_what_to_do(settings: Make):
    with pytest.raises(BaselineError, match="not a number; lower the learning rate"):
        train_baseline(settings(lr={"default": 9.0}, clip=0.0, max_steps=60, save_every=0))


def test_a_dry_run_counts_and_writes_nothing(settings: Make):
    found = dry_run(settings("dgiqa", max_steps=None, epochs=3.0))
    assert (found.photos, found.steps) == (12, 9)
    assert set(found.parameters) >= {"encoder", "encoder_depth", "bridges", "attention"}
    assert any("depth: prior" in line for line in found.lines)
    assert not Path(settings().output).exists()
