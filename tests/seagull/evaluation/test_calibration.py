"""Calibration of spreads that are right, too narrow, and not informative."""

import numpy as np
import pytest

from seagull.evaluation.calibration import calibration


def drawn(factor: float) -> dict:
    rng = np.random.default_rng(0)
    std = rng.uniform(0.02, 0.2, 4000)
    predicted = rng.uniform(0.2, 0.8, 4000)
    label = predicted + std * rng.normal(size=4000)
    return calibration(predicted, factor * std, label, std)


def test_a_calibrated_spread_is_recognised():
    found = drawn(1.0)
    assert found["z_mean"] == pytest.approx(0, abs=0.05)
    assert found["z_std"] == pytest.approx(1, abs=0.04)
    assert found["within_1"] == pytest.approx(0.683, abs=0.03)
    assert found["ence"] < 0.08
    assert all(abs(one["stated"] - one["observed"]) < 0.03 for one in found["coverage"])
    assert found["srcc_raters"] == pytest.approx(1)


def test_a_spread_half_as_wide_shows():
    found = drawn(0.5)
    assert found["z_std"] == pytest.approx(2, abs=0.08)
    assert found["ence"] == pytest.approx(1, abs=0.15)
    assert all(one["observed"] < one["stated"] for one in found["coverage"])


def test_bins_hold_everything_once_and_one_spread_is_one_bin():
    assert sum(one["n"] for one in drawn(1.0)["bins"]) == 4000
    label = np.linspace(0, 1, 50)
    assert len(calibration(np.full(50, 0.5), np.full(50, 0.3), label)["bins"]) == 1
    assert calibration(label[:4], label[:4], label[:4]) is None
