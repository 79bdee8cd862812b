"""Packed photos: the same losses as conversations one by one, and nothing leaks between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seagull.files.config import ConfigError
from seagull.model.adapter import read_adapter
from seagull.model.checkpoint import load_model
from seagull.model.config import PUBLISHED_WEIGHTS
from seagull.model.head import HEAD_NUMBERS, RegionHead
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import InstructionRecord, RegionLabels, read_records, write_records
from seagull.training.config import DataSettings, LossSettings, Source, TrainConfig
from seagull.training.data.augment import flipped, random_window
from seagull.training.data.judgements import judgements
from seagull.training.data.levels import level_ids
from seagull.training.data.numbers import known_numbers
from seagull.training.data.packs import PackMaker, PhotoDataset, group_by_photo
from seagull.training.data.records import build_index
from seagull.training.data.samples import BatchMaker, RecordDataset
from seagull.training.network import TrainingNetwork
from seagull.training.run import train
from seagull.types import DistortionType, Region
from tests.seagull.training.conftest import losses

LOSSES = LossSettings(soft_levels=0.5, numeric_head=1.0)


@pytest.fixture
def doubled(records: Path, tmp_path: Path) -> Path:
    """Two records about each photo: the given ones, and the same with their first turn alone."""
    written = [record for record in read_records(records) if record.regions]
    short = [
        replace(record, id=f"{record.id}-short", messages=record.messages[:2]) for record in written
    ]
    folder = {"image": str(records.parent)}
    kept = [_moved(record, folder["image"]) for record in (*written, *short)]
    write_records(tmp_path / "doubled.jsonl", kept)
    return tmp_path / "doubled.jsonl"


def _moved(record: InstructionRecord, folder: str) -> InstructionRecord:
    return replace(record, image=f"{folder}/{record.image}")


def _network(
    model: SeagullForConditionalGeneration, processor: SeagullProcessor, losses: LossSettings
) -> TrainingNetwork:
    torch.manual_seed(0)
    head = RegionHead(model.config.text.hidden_size)
    return TrainingNetwork(model, head, losses, level_ids(processor)).eval()


def test_a_packed_photo_has_the_loss_of_its_conversations(
    doubled: Path, tiny_model: SeagullForConditionalGeneration, processor: SeagullProcessor
) -> None:
    index = build_index([Source(str(doubled))])
    network = _network(tiny_model, processor, LOSSES)
    rows = RecordDataset(index, processor, 512)
    maker = BatchMaker(processor.pad_id, processor.crop_size, PUBLISHED_WEIGHTS)
    photos = group_by_photo(index)
    data = DataSettings(train=(Source(str(doubled)),), pack="photo")
    packs = PhotoDataset(index, photos, processor, data)
    for size in ((0, 2), (1, 3)):
        packed = PackMaker(processor.crop_size, PUBLISHED_WEIGHTS)(
            [packs[number, 0] for number in size]
        )
        alone = [
            network(**_without_seed(maker([rows[int(record), 0]])))["text"]
            for number in size
            for record in photos[number]
        ]
        together = network(**_without_seed(packed))["text"]
        torch.testing.assert_close(together, torch.stack(alone).sum(), rtol=1e-4, atol=1e-4)
        spread = sum(len(rows[int(r), 0].tokens.input_ids) for n in size for r in photos[n])
        assert packed["input_ids"].shape[1] < spread


def _without_seed(batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value for name, value in batch.items() if name != "seed"}


def test_drawn_conversations_follow_from_seed_and_photo(
    doubled: Path, processor: SeagullProcessor
) -> None:
    index = build_index([Source(str(doubled))])
    data = DataSettings((Source(str(doubled)),), pack="photo", conversations=1, flip=True)
    packs = PhotoDataset(index, group_by_photo(index), processor, data)

    def lengths(seed: int) -> list[int]:
        samples = [packs[number, seed] for number in range(8)]
        return [len(sample.forest.ids) for sample in samples if sample.forest]

    assert lengths(1) == lengths(1)
    assert any(lengths(1) != lengths(seed) for seed in range(2, 8))


def test_known_numbers_tell_absent_from_unknown() -> None:
    blur = (DistortionType.BLUR, "moderate")
    labels = RegionLabels(0.4, None, distortions=(blur,), metric="mos")
    numbers = dict(zip(HEAD_NUMBERS, known_numbers(labels), strict=True))
    assert numbers["quality"] == 0.4
    assert np.isnan(numbers["importance"])
    assert numbers["blur"] == pytest.approx(0.6)
    assert numbers["noise"] == 0.0
    assert np.isnan(known_numbers(RegionLabels(0.4))[2:]).all()


def test_only_mos_says_how_good_a_region_is() -> None:
    assert known_numbers(RegionLabels(0.4, metric="mos"))[0] == 0.4
    assert np.isnan(known_numbers(RegionLabels(0.4, metric="haarpsi-1"))[0])


def test_flips_and_windows_take_the_regions_along() -> None:
    pixels = np.arange(40 * 60 * 3, dtype=np.uint32).reshape(40, 60, 3).astype(np.uint8)
    left = np.zeros((40, 60), dtype=bool)
    left[:, :20] = True
    mirrored, (region,) = flipped(pixels, [Region(left)])
    assert np.array_equal(mirrored[:, ::-1], pixels)
    assert region.mask[:, 40:].all()
    assert not region.mask[:, :40].any()
    rng = np.random.default_rng(0)
    window, (whole,) = random_window(pixels, [Region(np.ones((40, 60), bool))], 32, rng)
    assert window.shape == (32, 32, 3)
    assert whole.mask.shape == (32, 32)
    with pytest.raises(ValueError, match="judged as a whole"):
        random_window(pixels, [Region(left)], 32, rng)


def test_the_head_alone_learns_without_the_language_model(
    settings: Callable[..., TrainConfig], model_folder: Path, records: Path
) -> None:
    source = [{"path": str(records)}]
    config = settings(
        data={"train": source, "workers": 0, "pack": "photo", "flip": True},
        trainable=["mfe"], loss={"text": 0.0, "numeric_head": 1.0},
        max_steps=12, batch_size=8, micro_batch=4,
    )  # fmt: skip
    adapter = train(config, model_folder)
    keys = read_adapter(adapter / "adapter.safetensors")[1]
    assert {key.split(".")[0] for key in keys} == {"mfe", "head"}
    seen = losses(Path(config.output))
    assert np.mean([seen[9], seen[10], seen[11], seen[12]]) < 0.8 * np.mean([seen[1], seen[2]])


def test_a_head_can_learn_on_tokens_that_stay(
    settings: Callable[..., TrainConfig], model_folder: Path, records: Path, tmp_path: Path
) -> None:
    data = {"train": [{"path": str(records)}], "workers": 0, "pack": "photo"}
    loss = {"text": 0.0, "numeric_head": 1.0}
    first = settings(
        data=data, loss=loss, trainable=["mfe"], max_steps=1, output=str(tmp_path / "first")
    )
    before = read_adapter(train(first, model_folder) / "adapter.safetensors")[1]
    second = settings(
        data=data, loss=loss, trainable=["head"], max_steps=2, adapter=first.output,
        output=str(tmp_path / "second"),
    )  # fmt: skip
    after = read_adapter(train(second, model_folder) / "adapter.safetensors")[1]
    assert set(after) == set(before)
    changed = {key for key in before if not torch.equal(after[key], before[key])}
    assert changed
    assert {key.split(".")[0] for key in changed} == {"head"}


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"loss": {"text": 0.0, "numeric_head": 1.0}}, "loss.text: 0 needs data.pack: photo"),
        ({"loss": {"text": 0.0}}, "nothing to learn"),
        ({"data": {"train": [{"path": "a.jsonl", "crop": 32}]}}, "crop: needs data.pack"),
    ],
)
def test_settings_that_exclude_each_other_are_named(
    settings: Callable[..., TrainConfig], changes: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ConfigError, match=fault):
        settings(**changes)


def test_judgements_are_right_and_half_of_them_yes() -> None:
    blurred = RegionLabels(distortions=((DistortionType.BLUR, "minor"),), metric="m")
    both = replace(
        blurred, distortions=((DistortionType.BLUR, "minor"), (DistortionType.NOISE, "minor"))
    )
    clean = RegionLabels(distortions=(), metric="m")
    rows = [blurred, clean, both, RegionLabels(0.5), None]
    there = {(0, "blur"), (2, "blur"), (2, "noise")}
    made = judgements(rows, 8, np.random.default_rng(0))
    said = {(number, ask.content): answer.content for number, (ask, answer) in made}
    assert sorted(said.values()) == ["No."] * 3 + ["Yes."] * 3
    for (number, question), answer in said.items():
        kind = question.removesuffix("?").split(" in ")[-1]
        assert answer == ("Yes." if (number, kind) in there else "No.")
    assert made == judgements(rows, 8, np.random.default_rng(0))
    assert made != judgements(rows, 8, np.random.default_rng(1))


def test_judgements_of_a_photo_without_distortions_are_few() -> None:
    clean = RegionLabels(distortions=(), metric="m")
    made = judgements([clean, clean, None], 8, np.random.default_rng(0))
    assert [answer.content for _, (_, answer) in made] == ["No.", "No."]
    assert judgements([None], 8, np.random.default_rng(0)) == []


def test_a_no_differs_from_a_yes_by_its_region_or_its_type() -> None:
    blurred = RegionLabels(distortions=((DistortionType.BLUR, "minor"),), metric="m")
    clean = RegionLabels(distortions=(), metric="m")
    asked = set()
    for seed in range(20):
        made = judgements([blurred, clean], 2, np.random.default_rng(seed))
        (yes, _), (no, (question, _)) = made
        assert yes == 0
        asked.add((no, "blur" in question.content))
    assert asked == {(0, False), (1, True)}


def test_made_up_judgements_end_with_yes_or_no(doubled: Path, processor: SeagullProcessor) -> None:
    blurred = RegionLabels(distortions=((DistortionType.BLUR, "minor"),), metric="m")
    records = [
        replace(record, labels=dict.fromkeys(record.labels, blurred))
        for record in read_records(doubled)
    ]
    write_records(doubled, records)
    index = build_index([Source(str(doubled))])
    groups = group_by_photo(index)

    def supervised_tokens(judgements: int) -> list[int]:
        data = DataSettings((Source(str(doubled)),), pack="photo", judgements=judgements)
        forest = PhotoDataset(index, groups, processor, data)[0, 0].forest
        assert forest is not None
        return [int(label) for label in forest.labels if label >= 0]

    without, asked = supervised_tokens(0), supervised_tokens(8)
    assert asked[: len(without)] == without
    added = {processor.tokenizer.decode([token]) for token in asked[len(without) :]}
    assert added == {"Yes", "No"}


def test_without_conversations_there_are_no_crops_and_the_local_branch_stays(
    settings: Callable[..., TrainConfig],
    model_folder: Path,
    doubled: Path,
    processor: SeagullProcessor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("a crop was made")

    monkeypatch.setattr(SeagullProcessor, "crops", refuse)
    index = build_index([Source(str(doubled))])
    data = DataSettings((Source(str(doubled)),), pack="photo")
    packs = PhotoDataset(index, group_by_photo(index), processor, data, text=False)
    batch = PackMaker(0, PUBLISHED_WEIGHTS)([packs[0, 0]])
    assert not any("crop" in name for name in batch)
    config = settings(
        data={"train": [{"path": str(doubled)}], "workers": 0, "pack": "photo"},
        trainable=["mfe", "vision_encoder"], loss={"text": 0.0, "numeric_head": 1.0}, save_every=2,
    )  # fmt: skip
    after = read_adapter(train(config, model_folder) / "adapter.safetensors")[1]
    before = load_model(model_folder, dtype=torch.float32, device="cpu").state_dict()
    shared = [key for key in after if key in before]
    same = {key for key in shared if torch.equal(after[key], before[key])}
    assert same == {key for key in shared if key.startswith("mfe.local.")}


def test_the_head_reads_global_tokens_alone(
    doubled: Path, tiny_model: SeagullForConditionalGeneration, processor: SeagullProcessor
) -> None:
    index = build_index([Source(str(doubled))])
    data = DataSettings((Source(str(doubled)),), pack="photo")
    packs = PhotoDataset(index, group_by_photo(index), processor, data)
    batch = PackMaker(processor.crop_size, PUBLISHED_WEIGHTS)([packs[0, 0]])
    changed = batch | {"region_crops": torch.rand_like(batch["region_crops"])}
    network = _network(tiny_model, processor, LOSSES)
    assert torch.equal(network.read(batch).numbers, network.read(changed).numbers)
    first, second = (network(**_without_seed(each)) for each in (batch, changed))
    assert torch.equal(first["head"], second["head"])
    assert not torch.equal(first["text"], second["text"])
