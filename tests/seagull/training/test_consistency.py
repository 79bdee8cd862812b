"""Matching and consistency on region tokens, against numbers worked out by hand."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from seagull.files.config import ConfigError, build_settings
from seagull.model.config import PUBLISHED_WEIGHTS
from seagull.model.head import HeadReading, RegionHead
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import read_records, write_records
from seagull.training.config import (
    ConsistencySettings,
    DataSettings,
    LossSettings,
    Source,
    TrainConfig,
)
from seagull.training.consistency import disturbed
from seagull.training.data.levels import level_ids
from seagull.training.data.packs import PackMaker, PhotoDataset, group_by_photo
from seagull.training.data.records import build_index
from seagull.training.losses import divergence_loss
from seagull.training.matching import at_scale
from seagull.training.network import TrainingNetwork
from seagull.training.run import train
from tests.seagull.training.conftest import losses

NAN = float("nan")


def test_a_token_gets_that_of_the_least_similar_region_of_its_quality() -> None:
    # Photos 0, 1, 2 of one region each, and a place without one. 0 and 1 are of one MOS; 2 is as
    # unlike to 0 but of another.
    tokens = torch.tensor([[[3.0, 4.0], [9.0, 9.0]], [[-1.0, 1.0], [0.0, 0.0]],
                           [[-4.0, 0.0], [0.0, 0.0]]])  # fmt: skip
    mos = torch.tensor([[0.50, NAN], [0.53, NAN], [0.7, NAN]])
    settings = ConsistencySettings(weight=1, strength=0.2)
    torch.manual_seed(0)
    strength = 0.2 * torch.rand(6)
    torch.manual_seed(0)
    found, matched = disturbed(tokens, mos, torch.tensor([5, 6, 7]), settings)
    assert matched.tolist() == [[True, False], [True, False], [False, False]]
    # rms of (3, 4) is 5 / sqrt(2), of (-1, 1) it is 1.
    size = 5 / math.sqrt(2)
    first = torch.tensor([3.0, 4.0]) + strength[0] * size * torch.tensor([-1.0, 1.0])
    second = torch.tensor([-1.0, 1.0]) + strength[2] / size * torch.tensor([3.0, 4.0])
    torch.testing.assert_close(found[0, 0], first, atol=1e-4, rtol=0)
    torch.testing.assert_close(found[1, 0], second, atol=1e-4, rtol=0)
    torch.testing.assert_close(found[2], tokens[2])
    torch.testing.assert_close(found[:, 1], tokens[:, 1])


def test_versions_of_one_photo_are_no_partners() -> None:
    tokens, mos = torch.randn(2, 1, 4), torch.full((2, 1), 0.5)
    for kind in ("semantic", "random"):
        settings = ConsistencySettings(weight=1, kind=kind)
        _, matched = disturbed(tokens, mos, torch.tensor([5, 5]), settings)
        assert not matched.any()
        _, matched = disturbed(tokens, mos, torch.tensor([5, 6]), settings)
        assert matched.all()


def test_a_random_partner_may_have_any_mos() -> None:
    tokens, mos = torch.randn(2, 1, 4), torch.tensor([[0.1], [0.9]])
    scenes = torch.tensor([1, 2])
    assert not disturbed(tokens, mos, scenes, ConsistencySettings(weight=1))[1].any()
    assert disturbed(tokens, mos, scenes, ConsistencySettings(weight=1, kind="random"))[1].all()


def test_no_gradient_reaches_the_partner() -> None:
    own = torch.randn(2, 4, requires_grad=True)
    other = torch.randn(2, 4, requires_grad=True)
    (own + at_scale(other, own)).sum().backward()
    assert other.grad is None
    assert own.grad is not None
    assert own.grad.tolist() == torch.ones(2, 4).tolist()


def test_the_divergence_is_that_of_two_normal_distributions_by_hand() -> None:
    mean = torch.tensor([[0.5, 0.9], [0.6, 0.1]], requires_grad=True)
    spread = torch.tensor([[0.2, 0.1], [0.1, 0.1]])
    clean = torch.tensor([[0.4, 0.0], [0.6, 0.0]], requires_grad=True)
    width = torch.tensor([[0.1, 0.1], [0.1, 0.1]])
    chosen = torch.tensor([[True, False], [True, False]])
    loss = divergence_loss(mean, spread, (clean, width), chosen)
    # KL of N(.5, .2) from N(.4, .1): ln(.1 / .2) + (.04 + .01) / .02 - .5, times .01; of equals 0.
    assert float(loss.detach()) == pytest.approx(0.01 * (math.log(0.5) + 2.5 - 0.5), rel=1e-5)
    loss.backward()
    assert clean.grad is None
    assert mean.grad is not None
    assert mean.grad.tolist() == [[pytest.approx(0.1), 0], [0, 0]]


@pytest.fixture
def with_mos(records: Path, tmp_path: Path) -> Path:
    """The records with people's opinions, all about the same."""
    made = []
    for record in read_records(records):
        plain = record.to_dict() | {"image": str(records.parent / record.image)}
        for number, labels in enumerate(plain.get("labels", {}).values()):
            labels |= {"metric": "mos", "quality": 0.5 + 0.01 * number}
        made.append(type(record).from_dict(plain))
    write_records(tmp_path / "mos.jsonl", made)
    return tmp_path / "mos.jsonl"


def test_a_run_with_consistency_learns_and_says_how_many_had_a_partner(
    settings: Callable[..., TrainConfig], with_mos: Path
) -> None:
    def run(**consistency: Any) -> TrainConfig:
        return settings(
            data={"train": [{"path": str(with_mos)}], "pack": "photo", "workers": 0,
                  "group_length": False},
            loss={"text": 0.0, "numeric_head": 1.0, "consistency": consistency},
            trainable=["mfe"], micro_batch=4, max_steps=3,
        )  # fmt: skip

    config = run(weight=1.0)
    train(config, Path(config.model))
    text = (Path(config.output) / "log.jsonl").read_text(encoding="utf-8")
    assert '"loss_consistency"' in text
    assert '"loss_matched"' in text
    assert all(math.isfinite(loss) for loss in losses(Path(config.output)).values())


def test_the_loss_of_a_disturbed_token_is_that_of_mos_and_of_what_was_read_before(
    with_mos: Path, tiny_model: SeagullForConditionalGeneration, processor: SeagullProcessor
) -> None:
    index = build_index([Source(str(with_mos))])
    data = DataSettings((Source(str(with_mos)),), pack="photo")
    photos = PhotoDataset(index, group_by_photo(index), processor, data, text=False)
    batch = PackMaker(0, PUBLISHED_WEIGHTS)([photos[number, 0] for number in (0, 2)])
    del batch["seed"]
    mos = batch["region_numbers"][..., 0]
    assert mos.shape == (2, 2)
    mos[1, 1] = NAN  # this region has no partner and is no partner
    torch.manual_seed(0)
    head = RegionHead(tiny_model.config.text.hidden_size)
    read: list[HeadReading] = []
    head.register_forward_hook(
        lambda module, given, reading: read.append(HeadReading(*(one.detach() for one in reading)))
    )
    settings = LossSettings(
        text=0.0, numeric_head=3.0,
        # So strong that what is read changes: both terms are to be seen in the sum.
        consistency=ConsistencySettings(weight=2.0, tie=1000.0, strength=30.0),
    )  # fmt: skip
    network = TrainingNetwork(tiny_model, head, settings, level_ids(processor)).eval()
    terms = network(**batch)
    before, after = read
    chosen = [(0, 0), (0, 1), (1, 0)]
    label_loss = tie_loss = 0.0
    for photo, region in chosen:
        p, s = (float(one[photo, region]) for one in (after.numbers[..., 0], after.spread))
        q, t = (float(one[photo, region]) for one in (before.numbers[..., 0], before.spread))
        y = float(mos[photo, region])
        # -ln N(y; p, s) without its constant, times s^2; KL(N(p, s) || N(q, t)), times t^2.
        label = (math.log(s) + (y - p) ** 2 / (2 * s * s)) * s * s
        tie = (math.log(t / s) + (s * s + (p - q) ** 2) / (2 * t * t) - 0.5) * t * t
        # A photo counts once: a mean over its regions.
        share = 0.5 if photo == 0 else 1.0
        label_loss, tie_loss = label_loss + share * label, tie_loss + share * 1000 * tie
    assert min(abs(label_loss), tie_loss) > 0.01
    assert float(terms["matched"]) == 2
    assert float(terms["consistency"]) == pytest.approx(
        3.0 * 2.0 * 10 * (label_loss + tie_loss), rel=1e-3
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {"pack": "none"}}, "loss.consistency: needs data.pack: photo"),
        ({"loss": {"consistency": {"weight": 1.0}}}, "set loss.numeric_head"),
        (
            {"loss": {"numeric_head": 1.0, "consistency": {"weight": 1.0, "kind": "best"}}},
            "loss.consistency.kind: one of semantic, random",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any], said: str) -> None:
    plain = {
        "output": "x", "data": {"pack": "photo"},
        "loss": {"numeric_head": 1.0, "consistency": {"weight": 1.0}},
    }  # fmt: skip
    with pytest.raises(ConfigError, match=said):
        build_settings(TrainConfig, plain | changes)
