"""The losses, against numbers worked out by hand or by other code."""

import math

import pytest
import torch

from seagull.training.losses import (
    PAIR_DEVIATION,
    gaussian_loss,
    head_loss,
    pair_loss,
    poor_loss,
    presence_loss,
    soft_losses,
    token_losses,
    unchanged_loss,
)

IDS = torch.tensor([[1, 2, 3, 4, 5]])


def test_a_token_costs_its_negative_log_probability() -> None:
    logits = torch.randn(2, 7)
    losses = token_losses(logits, torch.tensor([1, 4]))
    expected = -logits.log_softmax(-1)[[0, 1], [1, 4]]
    torch.testing.assert_close(losses, expected)


def test_presence_is_learned_where_it_is_known_and_photos_count_once() -> None:
    unknown = float("nan")
    logits = torch.tensor([[[2.0, -1.0]], [[0.5, 3.0]]], requires_grad=True)
    severities = torch.tensor([[[0.6, 0.0]], [[unknown, unknown]]])
    loss = presence_loss(logits, severities)
    expected = math.log1p(math.exp(-2)) + math.log1p(math.exp(-1))
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[1].abs().sum() == 0
    twice = presence_loss(logits[:1].repeat(1, 4, 1), severities[:1].repeat(1, 4, 1))
    assert twice.item() == pytest.approx(expected, rel=1e-5)


def test_a_soft_target_on_one_word_is_the_plain_loss() -> None:
    logits = torch.randn(1, 9)
    hard = torch.nn.functional.cross_entropy(logits, torch.tensor([3]))
    soft = soft_losses(logits, IDS, torch.tensor([[0.0, 0.0, 1.0, 0.0, 0.0]]))
    torch.testing.assert_close(soft[0], hard)


def test_the_soft_loss_is_least_at_its_target() -> None:
    target = torch.tensor([[0.1, 0.2, 0.4, 0.2, 0.1]])
    logits = torch.full((1, 9), -30.0)
    logits[0, 1:6] = target.log()
    entropy = -(target * target.log()).sum()
    torch.testing.assert_close(soft_losses(logits, IDS, target)[0], entropy)
    assert soft_losses(logits + torch.eye(9)[2], IDS, target)[0] > entropy


def test_unknown_numbers_cost_nothing_but_keep_a_gradient() -> None:
    predicted = torch.tensor([[[0.5, 0.9]]], requires_grad=True)
    loss = head_loss(predicted, torch.tensor([[[0.1, float("nan")]]]))
    assert loss.item() == pytest.approx(0.4 - 0.05)
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == [[[1.0, 0.0]]]


def test_a_photo_with_many_regions_weighs_no_more_than_one_with_one() -> None:
    unknown = float("nan")
    numbers = torch.tensor([[[0.1], [0.1], [0.1]], [[0.1], [unknown], [unknown]]])
    loss = head_loss(torch.full((2, 3, 1), 0.5), numbers)
    assert loss.item() == pytest.approx(2 * (0.4 - 0.05))


def test_the_spread_that_is_likeliest_is_the_error_that_is_made() -> None:
    mean = torch.full((4, 1), 0.5)
    mos = torch.tensor([[0.4], [0.6], [0.45], [0.55]])
    raw = torch.tensor(0.3, requires_grad=True)
    for _ in range(400):
        loss = gaussian_loss(mean, raw.expand(4, 1), mos)
        (slope,) = torch.autograd.grad(loss, raw)
        raw.data -= 0.05 * slope
    assert raw.item() == pytest.approx((mos - mean).square().mean().sqrt().item(), rel=0.02)


def test_the_mean_learns_by_its_error_whatever_the_spread_is() -> None:
    mos = torch.tensor([[0.9, float("nan")]])
    for spread in (0.03, 0.4):
        mean = torch.tensor([[0.5, 0.5]], requires_grad=True)
        gaussian_loss(mean, torch.full((1, 2), spread), mos).backward()
        assert mean.grad is not None
        assert mean.grad.tolist() == [[pytest.approx(-0.4), 0.0]]


def test_a_pair_in_its_order_costs_little_and_the_other_way_round_much() -> None:
    pairs, sure = torch.tensor([[0, 1]]), torch.tensor([1.0])
    right = pair_loss(torch.tensor([0.8, 0.4]), pairs, sure)
    wrong = pair_loss(torch.tensor([0.4, 0.8]), pairs, sure)
    assert right < 2e-3
    assert wrong > 0.9
    alike = pair_loss(torch.tensor([0.5, 0.5]), pairs, sure)
    assert alike.item() == pytest.approx(1 - math.sqrt(0.5), rel=0.01)


def test_a_pair_costs_least_where_its_chance_is_met() -> None:
    chance = torch.tensor([0.75])
    apart = (torch.special.ndtri(chance) * PAIR_DEVIATION).item()
    at = [pair_loss(torch.tensor([0.5 + d, 0.5]), torch.tensor([[0, 1]]), chance).item()
          for d in (apart - 0.05, apart, apart + 0.05)]  # fmt: skip
    assert at[1] == pytest.approx(0, abs=1e-5)
    assert min(at[0], at[2]) > at[1]


def test_losses_of_order_have_a_slope_everywhere_and_are_nothing_without_pairs() -> None:
    quality = torch.tensor([0.0, 1.0, 0.6], requires_grad=True)
    pairs, targets = torch.tensor([[0, 1], [1, 0]]), torch.tensor([0.0, 1.0])
    total = pair_loss(quality, pairs, targets) + pair_loss(quality, pairs, 1 - targets)
    total.backward()
    assert quality.grad is not None
    assert quality.grad.isfinite().all()
    none = torch.empty(0, 2, dtype=torch.long)
    assert pair_loss(quality, none, torch.empty(0)) == 0
    assert unchanged_loss(quality, none) == 0
    assert poor_loss(quality, torch.empty(0, dtype=torch.long)) == 0


def test_untouched_regions_are_held_and_severe_ones_pushed_below_fair() -> None:
    quality = torch.tensor([0.7, 0.6, 0.55, 0.2], requires_grad=True)
    loss = unchanged_loss(quality, torch.tensor([[0, 1]])) + poor_loss(
        quality, torch.tensor([2, 3])
    )
    loss.backward()
    assert quality.grad is not None
    slopes = quality.grad.tolist()
    assert slopes[0] == -slopes[1] > 0
    assert slopes[2:] == [pytest.approx(0.5), 0.0]
