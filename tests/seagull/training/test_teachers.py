"""Learning from what finished runs read: of every region, and of regions alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from seagull.config import ConfigError
from seagull.model import SeagullConfig
from seagull.model.adapter import read_adapter, write_adapter
from seagull.model.build import build_model
from seagull.model.checkpoint import load_processor
from seagull.model.errors import ModelError
from seagull.model.head import HEAD_NUMBERS, HeadReading
from seagull.model.seagull import initialise_region_parts
from seagull.training.config import TrainConfig
from seagull.training.ensemble import Ensemble
from seagull.training.estimate import dry_run
from seagull.training.finished import settings_of
from seagull.training.learning import build_head
from seagull.training.losses import teaching_loss
from seagull.training.run import train
from seagull.training.setup import build_network
from seagull.types import DistortionType
from tests.seagull.training.conftest import losses

REGIONS, NUMBERS, TYPES = 3, len(HEAD_NUMBERS), len(DistortionType)
LEARNING: dict[str, Any] = {
    "trainable": ["mfe"], "ablate": ["local_token"], "loss": {"text": 0.0, "numeric_head": 1.0},
}  # fmt: skip


def _reading(seed: int) -> HeadReading:
    generator = torch.Generator().manual_seed(seed)
    return HeadReading(
        torch.rand(2, REGIONS, NUMBERS, generator=generator),
        torch.randn(2, REGIONS, TYPES, generator=generator),
    )


def test_only_real_regions_are_taught_and_agreement_is_best() -> None:
    mine, taught = _reading(1), _reading(2)
    there = torch.tensor([[True, True, False], [True, False, False]])
    wanted = teaching_loss(mine, taught, there)
    mine.numbers[~there], mine.presence[~there] = 0.7, 5.0
    torch.testing.assert_close(teaching_loss(mine, taught, there), wanted)
    assert teaching_loss(taught, taught, there) < wanted
    assert not teaching_loss(mine, taught, torch.zeros_like(there)).any()


def test_a_photo_is_taught_by_the_mean_of_its_regions_and_photos_add_up() -> None:
    mine, taught = _reading(1), _reading(2)

    def loss(photos: slice, regions: slice) -> torch.Tensor:
        parts = (HeadReading(*(part[photos, regions] for part in r)) for r in (mine, taught))
        return teaching_loss(*parts, torch.ones(2, REGIONS, dtype=torch.bool)[photos, regions])

    first, second = (loss(slice(0, 1), slice(n, n + 1)) for n in (0, 1))
    torch.testing.assert_close(loss(slice(0, 1), slice(0, 2)), (first + second) / 2)
    both = loss(slice(0, 1), slice(None)) + loss(slice(1, 2), slice(None))
    torch.testing.assert_close(loss(slice(None), slice(None)), both)


@pytest.fixture
def photo_settings(
    settings: Callable[..., TrainConfig], records: Path, tmp_path: Path
) -> Callable[..., TrainConfig]:
    def make(name: str, **changes: Any) -> TrainConfig:
        data = {"train": [{"path": str(records)}], "workers": 0, "pack": "photo"}
        return settings(**LEARNING | {"data": data, "output": str(tmp_path / name)} | changes)

    return make


def test_a_run_comes_to_read_what_its_teachers_read(
    photo_settings: Callable[..., TrainConfig], model_folder: Path
) -> None:
    teachers = [photo_settings(f"teacher{seed}", seed=seed) for seed in (1, 2)]
    for config in teachers:
        train(config, model_folder)
    common: dict[str, Any] = {"seed": 3, "max_steps": 30}
    alone = photo_settings("alone", **common)
    taught = photo_settings(
        "taught",
        teachers=[config.output for config in teachers],
        loss={"text": 0.0, "numeric_head": 1.0, "teaching": 20.0},
        **common,
    )
    train(alone, model_folder)
    _, tensors = read_adapter(train(taught, model_folder) / "adapter.safetensors")
    assert {key.split(".")[0] for key in tensors} == {"mfe", "head"}

    processor = load_processor(model_folder)
    first, second, untaught, pupil = (
        build_network(settings_of(config.output), model_folder, processor)[0]
        for config in (*teachers, alone, taught)
    )
    batch = {
        "pixel_values": torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(4)),
        "region_masks": torch.ones(2, 1, 64, 64, dtype=torch.bool),
        "photo_masks": torch.ones(2, 1, 64, 64, dtype=torch.bool),
    }
    mean = Ensemble([first, second]).read(batch)
    both = first.read(batch).numbers + second.read(batch).numbers
    torch.testing.assert_close(mean.numbers, both / 2)
    near, far = (
        float((Ensemble([network]).read(batch).numbers - mean.numbers).abs().mean())
        for network in (pupil, untaught)
    )
    assert near < 0.75 * far
    assert "teaching" in (Path(taught.output) / "log.jsonl").read_text(encoding="utf-8")


def test_a_run_with_two_towers_learns_from_one_with_one(
    photo_settings: Callable[..., TrainConfig], model_folder: Path, tmp_path: Path
) -> None:
    teacher = photo_settings("teacher", max_steps=1)
    train(teacher, model_folder)
    shutil.copytree(model_folder, folder := tmp_path / "two")
    plain = SeagullConfig.from_pretrained(folder).to_dict()
    plain["vision_config"]["towers"] = 2
    model = build_model(SeagullConfig(**plain))
    initialise_region_parts(model, 7)
    model.save_pretrained(folder)
    pupil = photo_settings(
        "pupil", model=str(folder), teachers=[teacher.output], max_steps=2,
        loss={"text": 0.0, "numeric_head": 1.0, "teaching": 1.0},
    )  # fmt: skip
    network, _ = build_network(pupil, folder, load_processor(folder))
    taught_by = network.teacher.model.vision_encoder
    assert (len(network.model.vision_encoder.backbones), len(taught_by.backbones)) == (2, 1)
    assert (train(pupil, folder) / "adapter.safetensors").is_file()


def test_readers_of_towers_learn_while_the_head_stays_as_it_is(
    photo_settings: Callable[..., TrainConfig], model_folder: Path, tmp_path: Path
) -> None:
    teacher = photo_settings("teacher", max_steps=1)
    train(teacher, model_folder)
    info, known = read_adapter(tmp_path / "teacher" / "adapter" / "adapter.safetensors")
    shutil.copytree(model_folder, folder := tmp_path / "two")
    plain = SeagullConfig.from_pretrained(folder).to_dict()
    plain["vision_config"]["towers"], plain["mfe_config"]["towers"] = 2, 1
    model = build_model(SeagullConfig(**plain))
    initialise_region_parts(model, 7)
    model.save_pretrained(folder)
    statistics = model.mfe.tower_statistics
    scales = {
        "head.readers.0.norm.scale": torch.full((statistics,), 2.0),
        "head.readers.0.norm.shift": torch.zeros(statistics),
    }
    write_adapter(joined := tmp_path / "joined.safetensors", known | scales, info)
    kept = ("head.norm", "head.inner", "head.outer", "head.presence")
    pupil = photo_settings(
        "pupil", model=str(folder), adapter=str(joined), teachers=[teacher.output], max_steps=3,
        trainable=["head"], frozen=kept, lr={"default": 0.01},
        loss={"text": 0.0, "numeric_head": 1.0, "teaching": 1.0},
    )  # fmt: skip
    _, learned = read_adapter(train(pupil, folder) / "adapter.safetensors")
    assert known.keys() < learned.keys()
    for key, value in known.items():
        assert torch.equal(value, learned[key]), key
    added = learned.keys() - known.keys()
    assert {key.split(".")[1] for key in added} == {"readers", "gate"}
    assert learned["head.gate.outer.weight"].any()
    assert not torch.equal(
        learned["head.readers.0.norm.scale"], scales["head.readers.0.norm.scale"]
    )
    near = (learned["head.readers.0.norm.scale"] - 2.0).abs().max()
    assert near < 0.1
    with pytest.raises(ModelError, match=r"no parameter begins with head\.none"):
        build_network(replace(pupil, frozen=("head.none",)), folder, load_processor(folder))


def test_quality_is_taught_by_the_teachers_of_their_source(
    photo_settings: Callable[..., TrainConfig], records: Path, model_folder: Path, tmp_path: Path
) -> None:
    for seed, name in enumerate(("one", "other")):
        train(photo_settings(name, max_steps=1, seed=seed), model_folder)
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    sources = [{"path": str(records)}, {"path": str(records), "teachers": [one, other, one]}]
    pupil = photo_settings(
        "pupil", teachers=[other], data={"train": sources, "workers": 0, "pack": "photo"},
        loss={"text": 0.0, "numeric_head": 1.0, "teaching": 1.0}, max_steps=2,
    )  # fmt: skip
    network, _ = build_network(pupil, model_folder, load_processor(model_folder))
    generator = torch.Generator().manual_seed(4)
    batch = {
        "pixel_values": torch.rand(3, 3, 64, 64, generator=generator),
        "region_masks": torch.ones(3, 2, 64, 64, dtype=torch.bool),
        "photo_masks": torch.ones(3, 1, 64, 64, dtype=torch.bool),
        "photo_sources": torch.tensor([1, 0, 1]),
    }
    second, first = (teacher.read(batch) for teacher in network.teacher.networks)
    assert not torch.allclose(first.numbers, second.numbers, atol=1e-4)
    read = network.teacher.read(batch)
    torch.testing.assert_close(read.presence, second.presence)
    mean = (2 * first.numbers[..., 0] + second.numbers[..., 0]) / 3
    assert HEAD_NUMBERS[0] == "quality"
    wanted = torch.stack([mean[0], second.numbers[1, :, 0], mean[2]])
    torch.testing.assert_close(read.numbers[..., 0], wanted)
    torch.testing.assert_close(read.numbers[..., 1:], second.numbers[..., 1:])
    shown = network.teacher.read(batch, network.model.vision_encoder(batch["pixel_values"]))
    torch.testing.assert_close(shown.numbers, read.numbers)
    train(pupil, model_folder)
    assert settings_of(pupil.output).every_teacher == ()


def test_teachers_of_a_source_alone_are_refused(
    photo_settings: Callable[..., TrainConfig], records: Path
) -> None:
    sources = [{"path": str(records)}, {"path": str(records), "teachers": ["run"]}]
    with pytest.raises(ConfigError, match="those of a source teach quality alone"):
        photo_settings(
            "pupil", data={"train": sources, "pack": "photo"},
            loss={"text": 0.0, "numeric_head": 1.0, "teaching": 1.0},
        )  # fmt: skip


def test_a_taught_run_goes_on_to_the_bit(
    photo_settings: Callable[..., TrainConfig], model_folder: Path, tmp_path: Path
) -> None:
    train(photo_settings("teacher"), model_folder)
    common: dict[str, Any] = {
        "teachers": [str(tmp_path / "teacher")], "save_every": 3,
        "loss": {"text": 0.0, "numeric_head": 1.0, "teaching": 1.0},
    }  # fmt: skip
    train(photo_settings("whole", **common), model_folder)
    (tmp_path / "halted").mkdir()
    name = "checkpoint-00000003"
    (tmp_path / "whole" / name).rename(tmp_path / "halted" / name)
    train(photo_settings("halted", **common), model_folder)
    known = losses(tmp_path / "whole")
    assert {step: known[step] for step in (4, 5, 6)} == losses(tmp_path / "halted")


def test_a_dry_run_counts_the_teachers_weights(
    photo_settings: Callable[..., TrainConfig], model_folder: Path
) -> None:
    loss = {"text": 0.0, "numeric_head": 1.0, "teaching": 1.0}
    alone, _ = dry_run(photo_settings("alone"), model_folder, 1)
    taught, _ = dry_run(photo_settings("taught", teachers=["a", "b"], loss=loss), model_folder, 1)
    assert taught.weights == pytest.approx(3 * alone.weights, rel=1e-6)


def test_teachers_that_cannot_teach_are_refused_in_words(
    photo_settings: Callable[..., TrainConfig], model_folder: Path, tmp_path: Path
) -> None:
    taught = {"text": 0.0, "numeric_head": 1.0, "teaching": 1.0}
    with pytest.raises(ConfigError, match="needs teachers"):
        photo_settings("pupil", loss=taught)
    with pytest.raises(ConfigError, match="neither an adapter file nor"):
        train(photo_settings("pupil", teachers=[str(tmp_path / "none")], loss=taught), model_folder)
    speaker = photo_settings(
        "speaker", trainable=["mfe"], loss={"text": 1.0}, ablate=[], max_steps=1
    )
    train(speaker, model_folder)
    with pytest.raises(ConfigError, match=r"speaker trained no head; it needs loss\.numeric_head"):
        train(photo_settings("pupil", teachers=[speaker.output], loss=taught), model_folder)
    shutil.copytree(model_folder, other := tmp_path / "other")
    stranger = photo_settings("stranger", model=str(other), max_steps=1)
    train(stranger, other)
    file = other / "processor_config.json"
    file.write_text(file.read_text().replace('"max_side": 256', '"max_side": 128'))
    with pytest.raises(ConfigError, match=r"stranger is a run of the model .*other, this is"):
        train(photo_settings("pupil", teachers=[stranger.output], loss=taught), model_folder)
    shutil.rmtree(other)
    with pytest.raises(ConfigError, match="its folder is not here"):
        train(photo_settings("pupil", teachers=[stranger.output], loss=taught), model_folder)


def test_a_head_to_be_trained_begins_with_nothing_of_surroundings(
    photo_settings: Callable[..., TrainConfig], model_folder: Path
) -> None:
    plain = SeagullConfig.from_pretrained(model_folder).to_dict()
    plain["vision_config"]["towers"] = 2
    plain["mfe_config"] |= {"towers": 1, "region_tower": True, "surroundings": "region_tower"}
    settings = photo_settings("run", trainable=["head"], loss={"text": 0.0, "numeric_head": 1.0})
    head = build_head(settings, build_model(SeagullConfig(**plain)))
    assert head is not None
    assert head.regions is not None
    begun = dict(head.regions.mfe.named_parameters())
    nothing = {key for key in begun if key.startswith("surroundings.")}
    assert len(nothing) == len(head.regions.mfe.basic)
    assert not any(begun[key].any() for key in nothing)
    assert all(value.any() for key, value in begun.items() if key.endswith("merge.weight"))
