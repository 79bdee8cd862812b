"""Runs that go on from a checkpoint, and what becomes of what lies in their folder."""

import shutil
from pathlib import Path

import pytest
import torch

from seagull.files.config import ConfigError, to_plain
from seagull.model.adapter import read_info
from seagull.training.loop.checkpoints import checkpoints
from seagull.training.loop.parts import TrainingStoppedError
from seagull.training.loop.run_folder import note_finished
from seagull.training.run import train
from tests.seagull.training.conftest import losses
from tests.seagull.training.test_run import ALL_LOSSES, Settings, weights


def test_a_finished_run_is_not_trained_again(settings: Settings, model_folder: Path) -> None:
    config = settings(max_steps=2, save_every=1)
    first = train(config, model_folder)
    lines = (Path(config.output) / "log.jsonl").read_text()
    assert train(config, model_folder) == first
    assert (Path(config.output) / "log.jsonl").read_text() == lines


def test_a_run_killed_before_its_adapter_was_written_is_finished_from_its_checkpoint(
    settings: Settings, model_folder: Path
) -> None:
    config = settings(max_steps=3, loss=ALL_LOSSES)
    folder = train(config, model_folder)
    expected, log = weights(folder), losses(Path(config.output))
    shutil.rmtree(folder)
    assert train(config, model_folder) == folder
    finished = weights(folder)
    assert finished.keys() == expected.keys()
    assert all(torch.equal(value, finished[key]) for key, value in expected.items())
    assert losses(Path(config.output)) == log
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match="after 3 steps, the settings end the run after 2"):
        train(settings(max_steps=2, loss=ALL_LOSSES), model_folder)


def test_an_adapter_of_before_the_last_steps_is_not_taken_for_their_result(
    settings: Settings, model_folder: Path
) -> None:
    run = Path(settings().output)
    folder = train(settings(max_steps=2), model_folder)
    shutil.copytree(folder, run / "earlier")
    train(settings(max_steps=3), model_folder)
    # As if it had been killed after the last checkpoint.
    shutil.rmtree(folder)
    (run / "earlier").rename(folder)
    note_finished(run, 2)
    train(settings(max_steps=3), model_folder)
    assert read_info(folder / "adapter.safetensors").about["step"] == 3


def test_going_back_to_a_checkpoint_sets_later_ones_aside(
    settings: Settings, model_folder: Path, records: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = {**to_plain(settings().data), "validation": [{"path": str(records)}]}
    first = settings(max_steps=3, save_every=1, keep=5, data=data)
    train(first, model_folder, lambda network: {"quality_srcc": 0.9})
    run = Path(first.output)
    back = str(run / "checkpoint-00000001")
    train(settings(max_steps=2, save_every=1, keep=1, resume=back), model_folder)
    assert [path.name for path in checkpoints(run)] == ["checkpoint-00000002"]
    aside = [f"set-aside-{name}" for name in ("best", "checkpoint-00000002", "checkpoint-00000003")]
    assert sorted(path.name for path in run.glob("set-aside-*")) == aside
    assert "goes on from checkpoint-00000001; what was made after it is set aside" in caplog.text
    assert read_info(run / "adapter" / "adapter.safetensors").about["step"] == 2
    train(settings(max_steps=3, save_every=1), model_folder)
    assert list(losses(run)) == [1, 2, 3]


@pytest.mark.parametrize("content", ["", "[1]"])
def test_a_damaged_record_of_a_run_is_named_with_what_to_do(
    settings: Settings, model_folder: Path, content: str
) -> None:
    train(settings(max_steps=1), model_folder)
    record = Path(settings().output) / "run.json"
    record.write_text(content)
    with pytest.raises(ConfigError, match=r"run\.json: damaged .*; remove it, and the run goes on"):
        train(settings(max_steps=2), model_folder)
    record.unlink()
    train(settings(max_steps=2), model_folder)


def test_resuming_with_other_data_or_modules_is_refused(
    settings: Settings, model_folder: Path, records: Path
) -> None:
    train(settings(max_steps=1, save_every=1), model_folder)
    with pytest.raises(TrainingStoppedError, match="other trainable modules"):
        train(settings(max_steps=2, trainable=["mfe"]), model_folder)
    fewer = records.with_name("fewer.jsonl")
    fewer.write_text("".join(records.read_text().splitlines(keepends=True)[:12]))
    with pytest.raises(ConfigError, match="data has changed"):
        train(settings(max_steps=2, data={"train": [{"path": str(fewer)}]}), model_folder)
    with pytest.raises(ConfigError, match="resume=auto"):
        train(settings(resume="never"), model_folder)


def test_without_validation_the_adapter_is_of_the_last_step_whatever_was_best_before(
    settings: Settings, model_folder: Path, records: Path
) -> None:
    data = {**to_plain(settings().data), "validation": [{"path": str(records)}]}
    train(settings(max_steps=2, data=data), model_folder, lambda network: {"quality_srcc": 0.9})
    config = settings(max_steps=4)
    folder = train(config, model_folder)
    assert read_info(folder / "adapter.safetensors").about["step"] == 4
    last = weights(checkpoints(Path(config.output))[-1])
    assert all(torch.equal(value, weights(folder)[key]) for key, value in last.items())
