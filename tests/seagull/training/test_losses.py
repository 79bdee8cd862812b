"""The losses, against numbers worked out by hand or by other code."""

import math

import pytest
import torch

from seagull.training.losses import head_loss, presence_loss, soft_losses, token_losses

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
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(-1))) / 2
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
