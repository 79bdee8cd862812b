"""``seagull train`` and ``seagull export``, from the command line to a folder for --model."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from seagull.cli.app import build_app
from seagull.inference.load import load
from seagull.language.prompts import INSTRUCTIONS, quality_answer
from seagull.levels import QUALITY
from seagull.model import SeagullForConditionalGeneration, SeagullProcessor
from seagull.records import InstructionRecord, RegionLabels, read_records, write_records
from seagull.regions.spec import RegionSpec
from seagull.types import (
    AssessmentTask,
    Message,
)

TASK = AssessmentTask.QUALITY


@pytest.fixture
def work(
    tmp_path: Path, tiny_model: SeagullForConditionalGeneration, processor: SeagullProcessor
) -> Path:
    """A folder with a tiny model, four records about one photo, and settings."""
    tiny_model.save_pretrained(tmp_path / "model")
    processor.save_pretrained(tmp_path / "model")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (64, 96, 3), dtype=np.uint8)).save(tmp_path / "p.png")
    made = []
    for number, quality in enumerate((0.1, 0.4, 0.6, 0.9)):
        turns = (
            Message("user", INSTRUCTIONS[TASK], ("1",)),
            Message("assistant", quality_answer(QUALITY.word(quality)), (), TASK),
        )
        spec = RegionSpec("1", box=(number * 20, 8, number * 20 + 24, 56))
        labels = {"1": RegionLabels(quality=quality, metric="test")}
        made.append(InstructionRecord(str(number), "p.png", (spec,), turns, labels))
    write_records(tmp_path / "r.jsonl", made)
    (tmp_path / "c.yaml").write_text(
        f"model: {tmp_path / 'model'}\noutput: {tmp_path / 'run'}\ndevice: cpu\n"
        f"data:\n  workers: 0\n  train: [{{path: {tmp_path / 'r.jsonl'}}}]\n"
        f"  validation: [{{path: {tmp_path / 'r.jsonl'}}}]\n"
        "lora: {rank: 2, alpha: 4}\nbatch_size: 2\nmicro_batch: 2\ntensorboard: false\n"
    )
    return tmp_path


def test_train_then_export_then_assess(work: Path) -> None:
    run = CliRunner().invoke(
        build_app(), ["train", str(work / "c.yaml"), "max_steps=2", "loss.numeric_head=1"]
    )
    assert run.exit_code == 0, run.output
    assert "quality_srcc" in (work / "run" / "log.jsonl").read_text()
    out = CliRunner().invoke(
        build_app(), ["export", str(work / "run"), str(work / "out"), "--dtype", "fp32"]
    )
    assert out.exit_code == 0, out.output
    assert "# out" in (work / "out" / "README.md").read_text()
    scores, present = [], []
    for folder in (work / "run", work / "out"):
        assessor = load(folder, device="cpu", dtype="float32")
        assert assessor.info.trained
        assert assessor.engine.head is not None
        (found,) = assessor.assess(work / "p.png", tasks=["quality", "distortion"]).regions
        assert found.quality is not None
        scores.append(found.quality.score)
        present.append(found.distortion_probabilities)
    assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert present[0] == pytest.approx(present[1], abs=1e-5)


def test_validation_reads_a_trained_head_as_use_does(work: Path) -> None:
    settings = ["max_steps=2", "loss.numeric_head=1", "lr.default=1e-2"]
    run = CliRunner().invoke(build_app(), ["train", str(work / "c.yaml"), *settings])
    assert run.exit_code == 0, run.output
    lines = [json.loads(line) for line in (work / "run" / "log.jsonl").read_text().splitlines()]
    (logged,) = [line["eval_quality_plcc"] for line in lines if "eval_quality_plcc" in line]
    assessor = load(work / "run", device="cpu", dtype="float32")
    records = list(read_records(work / "r.jsonl"))

    def correlation() -> float:
        scores = [
            assessor.assess(work / "p.png", record.regions, tasks=["quality"]).regions[0].quality
            for record in records
        ]
        known = [record.labels["1"].quality for record in records]
        return float(np.corrcoef([one.score for one in scores], known)[0, 1])

    assert correlation() == pytest.approx(logged, abs=1e-4)
    assessor.engine.head = None
    assert correlation() != pytest.approx(logged, abs=1e-2)


def test_training_on_a_cpu_keeps_freed_memory(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[bool] = []
    monkeypatch.setattr("seagull.cli.run_train.keep_freed_memory", lambda: kept.append(True))
    run = CliRunner().invoke(build_app(), ["train", str(work / "c.yaml"), "max_steps=1"])
    assert run.exit_code == 0, run.output
    assert kept


def test_a_dry_run_shows_sizes_and_what_is_supervised(work: Path) -> None:
    run = CliRunner().invoke(build_app(), ["train", str(work / "c.yaml"), "--dry-run"])
    assert run.exit_code == 0, run.output
    assert "4 records, 2 steps of 2" in run.output
    assert "[The quality is " in run.output
    assert not (work / "run").exists()
