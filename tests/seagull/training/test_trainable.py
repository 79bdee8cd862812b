"""What is trained: stages, frozen names, and the optimiser's groups."""

import copy

import pytest
import torch
from torch import nn

from seagull.model import SeagullForConditionalGeneration
from seagull.model.errors import ModelError
from seagull.model.lora import LoraSettings, attach_lora
from seagull.training.trainable import (
    STAGE_GROUPS,
    TrainingStage,
    parameter_groups,
    set_trainable,
    trained_groups,
)

Model = SeagullForConditionalGeneration
SETTINGS = LoraSettings(rank=3, alpha=6.0, dropout=0.0)


@pytest.fixture
def base(tiny_model: Model) -> Model:
    return copy.deepcopy(tiny_model)


@pytest.mark.parametrize("stage", list(TrainingStage))
def test_a_stage_trains_its_groups_and_nothing_else(base: Model, stage: TrainingStage) -> None:
    if "lora" in STAGE_GROUPS[stage]:
        attach_lora(base, SETTINGS)
    set_trainable(base, STAGE_GROUPS[stage])
    learning = {
        "lora" if ".lora_" in name else name.split(".")[0]
        for name, parameter in base.named_parameters()
        if parameter.requires_grad
    }
    assert learning == set(STAGE_GROUPS[stage])
    assert "vision_encoder" not in learning


def test_frozen_beginnings_stay_out_of_a_group_that_learns(base: Model) -> None:
    first = next(name for name, _ in base.vision_encoder.named_parameters())
    start = f"vision_encoder.{first.rsplit('.', 1)[0]}"
    learning = set_trainable(base, {"vision_encoder"}, (start,))
    assert learning
    assert not any(name.startswith(start) for name in learning)
    assert not base.get_parameter(f"vision_encoder.{first}").requires_grad
    with pytest.raises(ModelError, match="no parameter begins with vision"):
        set_trainable(base, {"vision_encoder"}, ("vision_encoder.nothing",))


def test_groups_are_those_chosen_or_the_stages_and_a_head_with_a_loss() -> None:
    stage = TrainingStage.MFE_ONLY
    assert trained_groups(stage, None, head=False) == ("mfe",)
    assert trained_groups(stage, ("lora",), head=False) == ("lora",)
    assert trained_groups(stage, ("head", "mfe"), head=True) == ("head", "mfe")
    assert trained_groups(stage, None, head=True) == ("mfe", "head")


def test_each_group_has_its_rate_and_matrices_alone_decay() -> None:
    trained = [
        ("mfe.merge.weight", nn.Parameter(torch.zeros(2, 2))),
        ("mfe.merge.bias", nn.Parameter(torch.zeros(2))),
        ("head.outer.weight", nn.Parameter(torch.zeros(2, 2))),
    ]
    groups = parameter_groups(trained, {"mfe": 0.1, "head": 0.2, "lora": 0.3}, 0.05)
    found = {
        id(own): (group["lr"], group["weight_decay"]) for group in groups for own in group["params"]
    }
    assert [found[id(parameter)] for _, parameter in trained] == [
        (0.1, 0.05),
        (0.1, 0.0),
        (0.2, 0.05),
    ]
