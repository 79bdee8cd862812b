"""A vision encoder's change as factors: exact where it has that rank, else the nearest there is."""

import copy
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from seagull.model import SeagullForConditionalGeneration
from seagull.model.adapter import (
    AdapterInfo,
    apply_adapter,
    keyed_parameters,
    save_adapter,
    write_adapter,
)
from seagull.model.errors import ModelError
from seagull.model.low_rank import FIRST, SECOND, factored, restored, tower_and_rank

RANK = 3
TOWER = "vision_encoder."
CONV, LINEAR, DEPTHWISE = (f"{TOWER}{name}.weight" for name in ("conv_pw", "fc", "conv_dw"))


def _tensors(seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {
        CONV: (12, 20, 1, 1), LINEAR: (14, 16), DEPTHWISE: (12, 1, 3, 3),
        f"{TOWER}bn.weight": (12,), "mfe.merge.weight": (12, 20),
    }  # fmt: skip
    return {key: torch.randn(shape, generator=generator) for key, shape in shapes.items()}


def _with_low_rank_changes(base: dict[str, Tensor]) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(9)
    changed = {key: value + 1 for key, value in base.items()}
    for key in (CONV, LINEAR):
        rows, columns = base[key].shape[:2]
        thin = torch.randn(rows, RANK, generator=generator)
        change = thin @ torch.randn(RANK, columns, generator=generator)
        changed[key] = base[key] + change.view(base[key].shape)
    return changed


def test_changes_of_the_rank_come_back_and_the_rest_is_left() -> None:
    base = _tensors(0)
    changed = _with_low_rank_changes(base)
    stored = factored(changed, base, TOWER, RANK)
    pairs = {key + end for key in (CONV, LINEAR) for end in (FIRST, SECOND)}
    assert set(stored) == set(changed) - {CONV, LINEAR} | pairs
    assert (stored[CONV + FIRST].shape, stored[CONV + SECOND].shape) == ((3, 20), (12, 3))
    whole = restored(stored, base)
    assert set(whole) == set(changed)
    for key, value in changed.items():
        torch.testing.assert_close(whole[key], value, rtol=1e-4, atol=1e-5)


def test_a_change_of_higher_rank_becomes_the_nearest_of_the_rank() -> None:
    base, changed = _tensors(0), _tensors(1)
    whole = restored(factored(changed, base, TOWER, RANK), base)
    left_out = torch.linalg.svdvals((changed[CONV] - base[CONV]).flatten(1))[RANK:]
    torch.testing.assert_close((whole[CONV] - changed[CONV]).norm(), left_out.norm())


def test_factors_that_would_take_more_space_are_not_made() -> None:
    base = _tensors(0)
    stored = factored(_with_low_rank_changes(base), base, TOWER, 8)
    assert set(stored) == set(base)


def _without_a_partner(stored: dict[str, Tensor]) -> None:
    del stored[CONV + SECOND]


def _with_other_ranks(stored: dict[str, Tensor]) -> None:
    stored[CONV + SECOND] = stored[CONV + SECOND][:, :2]


def _with_another_width(stored: dict[str, Tensor]) -> None:
    stored[CONV + FIRST] = stored[CONV + FIRST][:, :5]


def _for_no_part(stored: dict[str, Tensor]) -> None:
    for end in (FIRST, SECOND):
        stored["vision_encoder.head.weight" + end] = stored.pop(CONV + end)


def _for_a_depthwise_convolution(stored: dict[str, Tensor]) -> None:
    stored[DEPTHWISE + FIRST] = torch.ones(1, 1)
    stored[DEPTHWISE + SECOND] = torch.ones(12, 1)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_without_a_partner, "conv_pw.weight: one of the two low-rank factors is missing"),
        (_with_other_ranks, r"\(3, 20\) and \(12, 2\) do not fit the model's \(12, 20, 1, 1\)"),
        (_with_another_width, r"\(3, 5\) and \(12, 3\) do not fit"),
        (_for_no_part, "head.weight: .* do not fit the model's parts"),
        (_for_a_depthwise_convolution, r"do not fit the model's \(12, 1, 3, 3\)"),
    ],
)
def test_factors_that_do_not_fit_are_refused_by_name(spoil, complaint) -> None:
    base = _tensors(0)
    stored = factored(_with_low_rank_changes(base), base, TOWER, RANK)
    spoil(stored)
    with pytest.raises(ModelError, match=complaint):
        restored(stored, base)


def test_changes_from_another_base_model_are_refused() -> None:
    base = _tensors(0)
    changed = _with_low_rank_changes(base)
    with pytest.raises(ModelError, match=r"conv_pw.weight: the base model has no such weight"):
        factored(changed, base | {CONV: base[LINEAR]}, TOWER, RANK)


def test_a_model_takes_an_adapter_with_factors(
    tiny_model: SeagullForConditionalGeneration, tmp_path: Path
) -> None:
    trained = copy.deepcopy(tiny_model)
    base = {key: value.detach() for key, value in keyed_parameters(tiny_model).items()}
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for key, value in keyed_parameters(trained).items():
            if key.startswith(TOWER) and value.ndim == 2:
                rows, columns = value.shape
                value.add_(torch.randn(rows, 1, generator=generator) @ torch.ones(1, columns) * 0.1)
    save_adapter(trained, tmp_path / "whole", AdapterInfo("tiny"), groups=["vision_encoder"])
    stored = factored(load_file(tmp_path / "whole"), base, TOWER, 1)
    write_adapter(tmp_path / "factors", stored, AdapterInfo("tiny"))
    assert (tmp_path / "factors").stat().st_size < (tmp_path / "whole").stat().st_size
    fresh = copy.deepcopy(tiny_model)
    apply_adapter(fresh, tmp_path / "factors")
    changed = 0
    for key, value in keyed_parameters(fresh).items():
        wanted = trained.get_parameter(key)
        torch.testing.assert_close(value, wanted, rtol=1e-4, atol=1e-5)
        changed += not torch.allclose(value, base[key], atol=1e-3)
    assert changed == sum(key.endswith(FIRST) for key in stored) > 0


def test_towers_are_named_with_their_rank() -> None:
    assert tower_and_rank("2:88") == (2, 88)
    for wrong in ("0:88", "1:0", "2", "a:b"):
        with pytest.raises(ValueError, match=r"towers and ranks|to unpack|invalid literal"):
            tower_and_rank(wrong)


def test_factors_lose_least_of_what_a_layer_gives_of_what_it_is_shown() -> None:
    base, changed = _tensors(0), _tensors(1)
    generator = torch.Generator().manual_seed(4)
    # What the layer is shown differs much more in some directions than in others.
    mixing = torch.randn(20, 20, generator=generator) * torch.logspace(-2, 1, 20)
    shown = torch.randn(4000, 20, generator=generator) @ mixing
    moment = shown.T @ shown / len(shown)

    def lost(moments: dict[str, Tensor] | None) -> tuple[float, float]:
        whole = restored(factored(changed, base, TOWER, RANK, moments), base)
        off = (whole[CONV] - changed[CONV]).flatten(1)
        return float((shown @ off.T).square().mean()), float(off.square().mean())

    (given, weights), (plain_given, plain_weights) = lost({CONV: moment}), lost(None)
    assert given < 0.6 * plain_given
    assert weights > plain_weights
    # No other factors of the rank give less: the nearest to the layer's outputs on these inputs.
    outputs = shown @ (changed[CONV] - base[CONV]).flatten(1).T
    least = torch.linalg.svdvals(outputs)[RANK:].square().sum() / outputs.numel()
    assert given == pytest.approx(float(least), rel=0.02)
    # Layers of which nothing is known are as before.
    some = factored(changed, base, TOWER, RANK, {CONV: moment})
    assert torch.equal(some[LINEAR + FIRST], factored(changed, base, TOWER, RANK)[LINEAR + FIRST])
