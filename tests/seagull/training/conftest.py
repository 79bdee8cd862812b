"""A tiny model folder and a tiny set of records with photos of two sizes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seagull.files.config import build_settings
from seagull.language.prompts import INSTRUCTIONS, importance_answer, quality_answer
from seagull.levels import IMPORTANCE, QUALITY
from seagull.model import SeagullForConditionalGeneration, SeagullProcessor
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec
from seagull.training.config import TrainConfig
from seagull.types import AssessmentTask, Message

QUALITY_TASK, IMPORTANCE_TASK = AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE
SIZES = ((96, 128), (128, 96))


@pytest.fixture(scope="session")
def model_folder(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_model: SeagullForConditionalGeneration,
    processor: SeagullProcessor,
) -> Path:
    folder = tmp_path_factory.mktemp("tiny") / "model"
    tiny_model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four records: dark regions are bad, bright ones good; every sixth has no region."""
    folder = tmp_path_factory.mktemp("records")
    rng = np.random.default_rng(3)
    made = [_record(folder, number, rng) for number in range(24)]
    write_records(folder / "train.jsonl", made)
    return folder / "train.jsonl"


def _record(folder: Path, number: int, rng: np.random.Generator) -> InstructionRecord:
    height, width = SIZES[number % 2]
    pixels = rng.integers(0, 60, (height, width, 3), dtype=np.uint8)
    name = f"photo_{number}.png"
    if number % 6 == 5:
        Image.fromarray(pixels).save(folder / name)
        turns = (Message("user", "What is it?"), Message("assistant", "Noise."))
        return InstructionRecord(f"r{number}", name, (), turns)
    scores = rng.random(2)
    regions, messages, labels = [], [], {}
    for index, score in enumerate(scores):
        left = 8 + index * 48
        pixels[16:64, left : left + 40] = np.uint8(40 + 200 * score)
        region = str(index + 1)
        regions.append(RegionSpec(region, box=(left, 16, left + 40, 64)))
        task = QUALITY_TASK if number % 4 else IMPORTANCE_TASK
        scale, answer = (QUALITY, quality_answer) if number % 4 else (IMPORTANCE, importance_answer)
        messages += [
            Message("user", INSTRUCTIONS[task], (region,)),
            Message("assistant", answer(scale.word(score)), (), task),
        ]
        labels[region] = RegionLabels(
            quality=float(score), importance=float(score), metric="test",
            quality_std=0.1 if number % 3 == 0 else None,
        )  # fmt: skip
    Image.fromarray(pixels).save(folder / name)
    return InstructionRecord(f"r{number}", name, tuple(regions), tuple(messages), labels)


@pytest.fixture
def settings(tmp_path: Path, records: Path, model_folder: Path) -> Callable[..., TrainConfig]:
    """Makes settings of a short run on the CPU."""

    def make(**changes: Any) -> TrainConfig:
        plain: dict[str, Any] = {
            "output": str(tmp_path / "run"), "model": str(model_folder), "device": "cpu",
            "lora": {"rank": 4, "alpha": 8, "dropout": 0.1}, "lr": {"default": 3e-3},
            "data": {"train": [{"path": str(records)}], "workers": 0},
            "batch_size": 4, "micro_batch": 2, "max_steps": 6, "log_every": 1, "save_every": 0,
            "tensorboard": False, "warmup": 0,
        }  # fmt: skip
        return build_settings(TrainConfig, plain | changes)

    return make


def losses(run: Path) -> dict[int, float]:
    """Loss by step, as the log has it."""
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return {entry["step"]: entry["loss"] for entry in entries if "loss" in entry}
