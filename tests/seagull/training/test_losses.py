"""The losses, against numbers worked out by hand or by other code."""

import math

import pytest
import torch
from scipy.stats import spearmanr

from seagull.training.losses import (
    correlation_loss,
    fidelity_loss,
    head_loss,
    level_scores,
    photo_ranking_loss,
    presence_loss,
    rank_correlation_loss,
    ranking_loss,
    soft_losses,
    token_losses,
)

IDS = torch.tensor([[1, 2, 3, 4, 5]])


def test_a_token_costs_its_negative_log_probability() -> None:
    logits = torch.randn(2, 7)
    losses = token_losses(logits, torch.tensor([1, 4]))
    expected = -logits.log_softmax(-1)[[0, 1], [1, 4]]
    torch.testing.assert_close(losses, expected)


def test_correlation_is_taken_within_metrics_and_ignores_scale() -> None:
    unknown = float("nan")
    predicted = torch.tensor([[0.1, 0.2, 0.3, 0.5], [0.9, 0.8, 0.5, 0.5], [0.7, 0.5, 0.5, 0.5]])
    numbers = torch.tensor(
        [[0.4, 0.6, 0.8, unknown], [0.1, 0.2, unknown, unknown], [0.3, *[unknown] * 3]]
    )
    metrics = torch.tensor([[1, 1, 1, 1], [2, 2, 1, 1], [2, 1, 1, 1]])
    loss = correlation_loss(predicted, numbers, metrics)
    # One photo agrees, two of the other metric have the opposite order.
    assert loss.item() == pytest.approx(1 * 0.0 + 2 * 2.0, abs=1e-4)
    few = correlation_loss(predicted[:1, :2].requires_grad_(), numbers[:1, :2], metrics[:1, :2])
    assert few.item() == 0
    few.backward()


def test_rank_correlation_of_scores_far_apart_is_that_of_scipy_and_of_nothing_else() -> None:
    unknown = float("nan")
    predicted = torch.tensor([[0.25, 1.0, 0.5], [0.0, 0.75, 0.3], [1.0, 0.2, 0.6]])
    numbers = torch.tensor([[0.2, 0.8, 0.8], [0.1, 0.3, unknown], [0.5, 0.6, unknown]])
    metrics = torch.tensor([[1, 1, 1], [1, 1, 1], [2, 2, 1]])
    loss = rank_correlation_loss(predicted, numbers, metrics)
    # Two equal labels share a rank; the other metric has too few regions.
    expected = spearmanr([0.25, 1.0, 0.5, 0.0, 0.75], [0.2, 0.8, 0.8, 0.1, 0.3]).statistic
    assert loss.item() == pytest.approx(2 * (1 - expected), abs=1e-4)
    few = rank_correlation_loss(predicted[2:].requires_grad_(), numbers[2:], metrics[2:])
    assert few.item() == 0
    few.backward()


def test_rank_correlation_heeds_order_where_a_correlation_hardly_does() -> None:
    numbers = torch.tensor([[0.97, 0.98, 0.99, 1.0, 0.1]])
    predicted = torch.tensor([[1.0, 0.98, 0.97, 0.93, 0.1]], requires_grad=True)
    metrics = torch.ones(1, 5, dtype=torch.long)
    assert correlation_loss(predicted, numbers, metrics).item() < 0.01
    loss = rank_correlation_loss(predicted, numbers, metrics)
    assert loss.item() > 0.3
    loss.backward()
    assert predicted.grad is not None
    # The better of two that are taken for the opposite goes up, the other one down.
    assert predicted.grad[0, 3] < 0 < predicted.grad[0, 0]


def test_rank_correlation_of_equal_scores_is_none_and_has_a_finite_slope() -> None:
    predicted = torch.full((1, 4), 0.5, requires_grad=True)
    loss = rank_correlation_loss(
        predicted, torch.tensor([[0.1, 0.2, 0.3, 0.4]]), torch.ones(1, 4, dtype=torch.long)
    )
    assert loss.item() == pytest.approx(1)
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


def test_fidelity_is_that_of_the_chances_of_pairs_within_a_metric() -> None:
    unknown = float("nan")
    predicted = torch.tensor([[0.5, 0.4], [0.9, 0.0]], requires_grad=True)
    numbers = torch.tensor([[0.5, 0.5], [unknown, 0.1]])
    metrics = torch.tensor([[1, 1], [1, 2]])
    loss = fidelity_loss(predicted, numbers, metrics)
    # One pair: known to be even, said to be in favour of the first by one deviation. The region
    # of the other metric has nothing to be compared with.
    sure = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
    assert loss.item() == pytest.approx(
        1 - math.sqrt(sure / 2) - math.sqrt((1 - sure) / 2), abs=1e-5
    )
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad[0, 0] > 0 > predicted.grad[0, 1]
    assert predicted.grad[1].abs().sum() == 0


def test_pairs_in_their_known_order_cost_nothing_and_in_the_opposite_one_nearly_all() -> None:
    numbers = torch.tensor([[0.1, 0.5], [0.9, float("nan")]])
    metrics = torch.ones(2, 2, dtype=torch.long)
    right = numbers.nan_to_num(0.3)
    assert fidelity_loss(right, numbers, metrics).item() == pytest.approx(0, abs=1e-6)
    far = torch.tensor([[0.9, 0.5], [0.1, 0.0]], requires_grad=True)
    loss = fidelity_loss(far, numbers, metrics)
    assert 2 * 0.97 < loss.item() <= 2
    loss.backward()
    assert far.grad is not None
    assert far.grad.isfinite().all()


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


def test_level_scores_are_the_means_of_the_words() -> None:
    logits = torch.full((1, 9), 5.0)
    assert level_scores(logits, IDS).item() == pytest.approx(0.5)
    logits[0, 5] = 50.0
    assert level_scores(logits, IDS).item() == pytest.approx(1.0)


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


def test_ranking_asks_for_the_order_and_nothing_else() -> None:
    numbers = torch.tensor([0.9, 0.1, 0.88])
    every = torch.ones(3, 3, dtype=torch.bool)
    right = ranking_loss(torch.tensor([0.8, 0.2, 0.8]), numbers, every, 0.05)
    wrong = ranking_loss(torch.tensor([0.2, 0.8, 0.2]), numbers, every, 0.05)
    assert right.item() == pytest.approx(2 * math.log1p(math.exp(-6)))
    assert wrong.item() == pytest.approx(2 * math.log1p(math.exp(6)))
    none = ranking_loss(torch.tensor([0.2, 0.8, 0.2]), numbers, torch.eye(3).bool(), 0.05)
    assert none.item() == 0


def test_the_order_within_a_photo_counts_pairs_of_one_metric_and_far_enough_apart() -> None:
    nan = float("nan")
    numbers = torch.tensor([[0.9, 0.3, 0.28, 0.5], [0.1, nan, 0.9, 0.9]])
    predicted = torch.tensor([[0.6, 0.4, 0.9, 0.0], [0.7, 0.2, 0.4, 0.4]])
    metrics = torch.tensor([[0, 0, 0, 1], [0, 0, 0, 1]])
    # Of the first photo 0 > 1 and 0 > 2 are known (1 and 2 are too near), of the second 2 > 0.
    first = (math.log1p(math.exp(-2)) + math.log1p(math.exp(3))) / 2
    second = math.log1p(math.exp(3))
    loss = photo_ranking_loss(predicted, numbers, metrics, 0.05)
    assert loss.item() == pytest.approx(first + second, rel=1e-5)
    nothing = photo_ranking_loss(
        predicted.requires_grad_(), torch.full_like(numbers, nan), metrics, 0
    )
    assert nothing.item() == 0
    nothing.backward()
    assert not predicted.grad.any()
