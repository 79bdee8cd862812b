"""Losses against numbers worked out by hand; what is unknown counts for nothing."""

import pytest
import torch

from seagull.baselines.losses import absolute, correlation_loss, smooth_l1

NAN = float("nan")


def test_smooth_l1_is_a_square_below_beta_and_a_line_above():
    predicted = torch.tensor([0.55, 0.9, 0.0], requires_grad=True)
    loss = smooth_l1(predicted, torch.tensor([0.5, 0.5, NAN]), 0.1)
    # .05^2 / .2 = .0125 and .4 - .05 = .35, over two known.
    assert float(loss.detach()) == pytest.approx((0.0125 + 0.35) / 2, abs=1e-6)
    loss.backward()
    assert predicted.grad is not None
    assert predicted.grad.tolist() == pytest.approx([0.25, 0.5, 0.0], abs=1e-6)


def test_absolute_is_the_mean_distance_of_what_is_known():
    assert float(absolute(torch.tensor([0.2, 0.7]), torch.tensor([0.5, NAN]))) == pytest.approx(0.3)
    assert float(absolute(torch.tensor([0.2]), torch.tensor([NAN]))) == 0


def test_the_correlation_loss_is_one_minus_plcc():
    x, y = torch.tensor([1.0, 2.0, 4.0, 9.0]), torch.tensor([0.1, 0.3, 0.2, NAN])
    # Deviations (-4/3, -1/3, 5/3) and (-.1, .1, 0): covariance .1, norms root(14/3), root(.02).
    expected = 0.1 / ((14 / 3) ** 0.5 * 0.02**0.5)
    assert float(correlation_loss(x, y)) == pytest.approx(1 - expected, abs=1e-6)
    assert float(correlation_loss(x, 3 * x)) == pytest.approx(0, abs=1e-6)
    assert float(correlation_loss(x, -x)) == pytest.approx(2, abs=1e-6)


def test_a_correlation_of_too_few_or_equal_labels_says_nothing():
    two, flat = torch.tensor([0.1, 0.9, NAN]), torch.tensor([0.5, 0.5, 0.5])
    for known in (two, flat):
        assert float(correlation_loss(torch.tensor([0.3, 0.1, 0.2]), known)) == 0
