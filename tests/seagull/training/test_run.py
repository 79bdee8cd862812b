"""Whole runs of a tiny model: it learns, resumes exactly, and says what is wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from seagull.files.config import ConfigError, to_plain
from seagull.model.checkpoint import load_model
from seagull.training.config import TrainConfig
from seagull.training.loop.checkpoints import checkpoints
from seagull.training.loop.parts import TrainingStoppedError
from seagull.training.network import TrainingNetwork
from seagull.training.run import train
from seagull.training.setup import in_bfloat16
from tests.seagull.training.conftest import losses

Settings = Callable[..., TrainConfig]
ALL_LOSSES = {"soft_levels": 1.0, "numeric_head": 2.0}


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter.safetensors")


def test_the_loss_falls_with_all_losses_on(settings: Settings, model_folder: Path) -> None:
    config = settings(max_steps=40, loss=ALL_LOSSES, lr={"default": 5e-3})
    folder = train(config, model_folder)
    seen = losses(Path(config.output))
    assert list(seen) == list(range(1, 41))
    assert sum(list(seen.values())[-6:]) < 0.7 * sum(list(seen.values())[:6])
    assert "rank 4" in (folder / "README.md").read_text()
    assert {key.split(".")[0] for key in weights(folder)} == {
        "mfe", "projector", "language_model", "head",
    }  # fmt: skip


def test_what_is_not_chosen_does_not_change(settings: Settings, model_folder: Path) -> None:
    config = settings(stage="mfe_only", max_steps=2)
    kept = weights(train(config, model_folder))
    before = load_model(model_folder, dtype=torch.float32, device="cpu").state_dict()
    assert {key.split(".")[0] for key in kept} == {"mfe"}
    assert any(not torch.equal(kept[key], before[key]) for key in kept)


@pytest.mark.slow
def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    whole = settings(output=str(tmp_path / "whole"), loss=ALL_LOSSES, max_steps=8)
    expected = weights(train(whole, model_folder))
    broken = settings(output=str(tmp_path / "broken"), loss=ALL_LOSSES, max_steps=8, save_every=3)
    _kill_after_a_checkpoint(broken, tmp_path / "broken.yaml")
    assert not (tmp_path / "broken" / "adapter").exists()
    resumed = weights(train(broken, model_folder))
    assert losses(tmp_path / "broken") == losses(tmp_path / "whole")
    assert all(torch.equal(resumed[key], expected[key]) for key in expected)


def _kill_after_a_checkpoint(config: TrainConfig, file: Path) -> None:
    file.write_text(yaml.safe_dump(to_plain(config)))
    command = [sys.executable, "-m", "seagull", "train", str(file)]
    process = subprocess.Popen(
        command, env={**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
    )
    try:
        end = time.monotonic() + 60
        while not checkpoints(Path(config.output)) and time.monotonic() < end:
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert checkpoints(Path(config.output))


def test_what_a_process_that_died_while_saving_left_is_no_checkpoint(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    config = settings(max_steps=2, save_every=2)
    left = tmp_path / "run" / ".partial-checkpoint-00000009-1"
    left.mkdir(parents=True)
    (left / "trainer_state.json").write_text("{")
    train(config, model_folder)
    assert not left.exists()
    assert [path.name for path in checkpoints(tmp_path / "run")] == ["checkpoint-00000002"]


def test_a_loss_that_is_no_number_leaves_the_last_good_checkpoint(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    config = settings(lr={"default": 1e-3}, save_every=1, max_steps=2)
    train(config, model_folder)
    good = weights(checkpoints(tmp_path / "run")[-1])
    wild = settings(lr={"default": 9.0, "mfe": 9.9}, max_steps=60, clip=0, save_every=1000)
    poison = Path(wild.output) / "checkpoint-00000002" / "optimizer.safetensors"
    state = load_file(poison)
    save_file({key: torch.full_like(value, torch.nan) for key, value in state.items()}, poison)
    with pytest.raises(TrainingStoppedError, match=r"not a number; the last good checkpoint is"):
        train(wild, model_folder)
    left = checkpoints(tmp_path / "run")[-1]
    assert all(torch.equal(value, good[key]) for key, value in weights(left).items())


def test_the_second_stage_goes_on_with_the_first_ones_adapter(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    first = settings(output=str(tmp_path / "first"), max_steps=3)
    before = weights(train(first, model_folder))
    second = settings(
        output=str(tmp_path / "second"), adapter=first.output, stage="finetune",
        trainable=["lora"], max_steps=1, lr={"default": 1e-5},
    )  # fmt: skip
    after = weights(train(second, model_folder))
    assert set(after) == set(before)
    mfe = [key for key in before if key.startswith("mfe")]
    assert all(torch.equal(after[key], before[key]) for key in mfe)
    factors = [key for key in before if ".lora_B." in key]
    assert all(torch.allclose(after[key], before[key], atol=1e-4) for key in factors)
    assert any(not torch.equal(after[key], before[key]) for key in factors)


@pytest.mark.parametrize("groups", [["mfe"], ["vision_encoder", "lora"]])
def test_a_head_is_not_left_behind_by_the_tokens_that_it_reads(
    settings: Settings, model_folder: Path, tmp_path: Path, groups: list[str]
) -> None:
    first = settings(output=str(tmp_path / "a"), max_steps=4, loss={"numeric_head": 1.0})
    train(first, model_folder)
    common = {"adapter": first.output, "output": str(tmp_path / "b"), "max_steps": 4}
    with pytest.raises(
        ConfigError, match=rf"has a head, .* {groups[0]}\.\S+ changes; set loss.num"
    ):
        train(settings(trainable=groups, **common), model_folder)
    trained = settings(trainable=groups, loss={"numeric_head": 1.0}, **common)
    before, after = weights(tmp_path / "a" / "adapter"), weights(train(trained, model_folder))
    moved = [key for key in after if key.startswith("head.outer.")]
    assert any(not torch.equal(before[key], after[key]) for key in moved)
    # It goes on from the head that the adapter brought.
    assert all(torch.allclose(before[key], after[key], atol=0.05) for key in moved)


def test_local_tokens_may_learn_beside_a_head_that_stays(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    first = settings(output=str(tmp_path / "a"), max_steps=2, loss={"numeric_head": 1.0})
    before = weights(train(first, model_folder))
    parts = {key.split(".")[1] for key in before if key.startswith("mfe.")} - {"local"}
    second = settings(
        output=str(tmp_path / "b"), adapter=str(tmp_path / "a"), max_steps=2,
        trainable=["mfe"], frozen=[f"mfe.{name}." for name in sorted(parts)],
    )  # fmt: skip
    after = weights(train(second, model_folder))
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert changed
    assert all(key.startswith("mfe.local.") for key in changed)


def test_a_head_that_came_with_the_adapter_stays_in_it_as_it_is(
    settings: Settings, model_folder: Path, tmp_path: Path
) -> None:
    first = settings(output=str(tmp_path / "a"), loss={"numeric_head": 1.0})
    before = weights(train(first, model_folder))
    second = settings(
        output=str(tmp_path / "b"), adapter=str(tmp_path / "a"), trainable=["lora"],
        lora=to_plain(first.lora),
    )  # fmt: skip
    after = weights(train(second, model_folder))
    heads = [key for key in before if key.startswith("head.")]
    assert heads
    assert all(torch.equal(after[key], before[key]) for key in heads)
    assert set(after) == set(before)


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "avx2"])
def test_native_is_bfloat16_on_a_cpu_with_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: True}, raising=False)
    assert in_bfloat16("native", "cpu") == (name != "avx2")
    assert not in_bfloat16("auto", "cpu")
    assert in_bfloat16("auto", "cuda")


def test_validation_keeps_the_best_adapter(
    settings: Settings, model_folder: Path, records: Path
) -> None:
    scores = iter([0.5, 0.9, 0.1, 0.0, 0.0])
    seen = []

    def validator(network: TrainingNetwork) -> dict[str, float]:
        seen.append(network.model.mfe.merge.weight.detach().clone())
        return {"quality_srcc": next(scores)}

    config = settings(
        max_steps=3,
        validate_every=1,
        data={**to_plain(settings().data), "validation": [{"path": str(records)}]},
    )
    folder = train(config, model_folder, validator)
    assert torch.equal(weights(folder)["mfe.merge.weight"], seen[1])
    assert "0.9000" in (folder / "README.md").read_text()
