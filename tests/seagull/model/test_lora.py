"""LoRA and adapter files: what is trained, what is written, and that merging changes nothing."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from seagull.model import SeagullForConditionalGeneration
from seagull.model.adapter import AdapterInfo, apply_adapter, read_info, save_adapter
from seagull.model.errors import ModelError
from seagull.model.lora import (
    LoraSettings,
    attach_lora,
    lora_layers,
    merge_lora,
)
from seagull.training.trainable import set_trainable

Model = SeagullForConditionalGeneration
SETTINGS = LoraSettings(rank=3, alpha=6.0, dropout=0.0)
INFO = AdapterInfo("tiny", rank=3, alpha=6.0)
GROUPS = ("mfe", "projector", "vision_encoder", "lora")


@pytest.fixture
def base(tiny_model: Model) -> Model:
    return copy.deepcopy(tiny_model)


@pytest.fixture
def trained(base: Model) -> Model:
    """A model with LoRA whose parts all differ from the base."""
    attach_lora(base, SETTINGS, seed=1)
    names = set_trainable(base, set(GROUPS))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name in names:
            parameter = base.get_parameter(name)
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    return base.eval()


def logits(model: Model) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(20)[None]).logits


def test_fresh_lora_changes_nothing_and_leaves_the_head_alone(base: Model) -> None:
    before = logits(base)
    attach_lora(base, SETTINGS)
    assert torch.equal(logits(base), before)
    assert len(lora_layers(base)) == 2 * 7
    assert not any("lm_head" in name for name in lora_layers(base))


def test_the_vision_encoder_keeps_its_statistics_in_training_mode(base: Model) -> None:
    assert base.train().mfe.training
    assert not any(module.training for module in base.vision_encoder.modules())


def test_merged_equals_unmerged(trained: Model) -> None:
    before = logits(trained)
    assert merge_lora(trained) == 14
    assert not lora_layers(trained)
    torch.testing.assert_close(logits(trained), before, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("merge", [True, False])
def test_an_adapter_carries_everything_to_a_fresh_base(
    trained: Model, tiny_model: Model, tmp_path: Path, merge: bool
) -> None:
    file = tmp_path / "adapter.safetensors"
    save_adapter(trained, file, INFO, groups=GROUPS)
    fresh = copy.deepcopy(tiny_model)
    assert not fresh.config.trained
    assert apply_adapter(fresh, file, merge=merge) == INFO
    assert fresh.config.trained
    assert bool(lora_layers(fresh)) != merge
    torch.testing.assert_close(logits(fresh), logits(trained), atol=1e-4, rtol=1e-4)
    for name in ("mfe.merge.weight", "projector.mlp.0.weight"):
        assert torch.equal(fresh.get_parameter(name), trained.get_parameter(name))


def test_half_precision_halves_the_file(trained: Model, tmp_path: Path) -> None:
    for name, dtype in (("full", None), ("half", torch.bfloat16)):
        save_adapter(trained, tmp_path / name, INFO, groups=GROUPS, dtype=dtype)
    half, full = ((tmp_path / name).stat().st_size for name in ("half", "full"))
    assert half < 0.6 * full


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("drop", "mfe.merge.bias is missing"),
        ("extra", "no place for mfe.more"),
        ("shape", "mfe.merge.bias is"),
        ("partner", "one of the two LoRA factors is missing"),
        ("layer", "no layer language_model.nowhere"),
    ],
)
def test_every_key_is_accounted_for(
    trained: Model, tiny_model: Model, tmp_path: Path, fault: str, message: str
) -> None:
    file = tmp_path / "adapter.safetensors"
    save_adapter(trained, file, INFO, groups=GROUPS)
    tensors, header = load_file(file), _header(file)
    factor = next(key for key in tensors if key.endswith("lora_A.weight"))
    if fault == "drop":
        del tensors["mfe.merge.bias"]
    elif fault == "extra":
        tensors["mfe.more"] = torch.zeros(1)
    elif fault == "shape":
        tensors["mfe.merge.bias"] = torch.zeros(1)
    elif fault == "partner":
        del tensors[factor]
    else:
        for end in ("A", "B"):
            tensors[f"language_model.nowhere.lora_{end}.weight"] = torch.zeros(3, 3)
    save_file(tensors, file, header)
    fresh = copy.deepcopy(tiny_model)
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    with pytest.raises(ModelError, match=message):
        apply_adapter(fresh, file)
    assert all(torch.equal(value, before[name]) for name, value in fresh.state_dict().items())


def _header(file: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(file, "pt") as opened:
        return dict(opened.metadata())


def test_what_is_no_adapter_is_said_to_be_none(tmp_path: Path) -> None:
    other, cut = tmp_path / "other.safetensors", tmp_path / "cut.safetensors"
    save_file({"a": torch.zeros(1)}, other)
    cut.write_bytes(other.read_bytes()[:20])
    for file, message in ((other, "not an adapter"), (cut, "damaged"), (tmp_path / "x", "no such")):
        with pytest.raises(ModelError, match=message):
            read_info(file)
