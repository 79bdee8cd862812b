"""Correlations and the logistic fit against SciPy, and what they do at their edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import curve_fit
from scipy.stats import kendalltau, pearsonr, spearmanr

from seagull.evaluation.metrics import fit_logistic, krcc, plcc, rmse, score_metrics, srcc


def made(seed: int, n: int = 200, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, n).round(2)  # rounding makes ties
    return x, np.clip(1 / (1 + np.exp(-(x - 0.4) / 0.12)) + noise * rng.normal(size=n), 0, 1)


def test_correlations_are_scipys_with_ties():
    x, y = made(1)
    y = y.round(1)
    assert srcc(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
    assert plcc(x, y) == pytest.approx(pearsonr(x, y).statistic, abs=1e-12)
    assert krcc(x, y) == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)


def test_fitted_numbers_are_those_of_scipys_curve_fit():
    x, y = made(2)

    def curve(x, upper, lower, middle, width):
        return lower + (upper - lower) / (1 + np.exp(-(x - middle) / width))

    mapped = curve(x, *curve_fit(curve, x, y, p0=(1, 0, 0.5, 0.2), maxfev=20_000)[0])
    found = score_metrics(x, y)
    assert found["plcc_fitted"] == pytest.approx(pearsonr(mapped, y).statistic, abs=1e-6)
    assert found["rmse_fitted"] == pytest.approx(np.sqrt(np.mean((mapped - y) ** 2)), abs=1e-6)
    assert found["plcc_fitted"] > found["plcc"]
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((x - y) ** 2)))


def test_numbers_worked_by_hand():
    x, y = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.2, 0.1, 0.3, 0.4])
    assert srcc(x, y) == pytest.approx(0.8)  # 1 - 6 * 2 / (4 * 15)
    assert krcc(x, y) == pytest.approx(4 / 6)  # five pairs agree, one does not
    assert rmse(x, y) == pytest.approx(np.sqrt(0.02 / 4))


def test_a_constant_has_no_correlation_but_an_error():
    label = np.linspace(0, 1, 20)
    found = score_metrics(np.full(20, 0.3), label)
    assert {name for name, value in found.items() if value is None} == {
        "srcc", "plcc", "plcc_fitted", "krcc", "rmse_fitted"
    }  # fmt: skip
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((0.3 - label) ** 2)))
    assert plcc(np.full(20, 0.1), label) is None  # 0.1 has no exact float


def test_the_fit_hides_the_direction_and_the_raw_number_shows_it():
    x, y = made(3)
    turned, straight = score_metrics(1 - x, y), score_metrics(x, y)
    assert turned["plcc"] == pytest.approx(-straight["plcc"])
    assert turned["plcc_fitted"] == pytest.approx(straight["plcc_fitted"], abs=1e-5)


def test_scales_apart_have_no_raw_error():
    x, y = made(4)
    found = score_metrics(100 * x - 7, y, same_scale=False)
    assert found["rmse"] is None
    assert found["rmse_fitted"] == pytest.approx(score_metrics(x, y)["rmse_fitted"], abs=1e-5)


def test_too_few_values_to_fit():
    assert fit_logistic(np.arange(9.0), np.arange(9.0) / 9) is None
    assert srcc(np.arange(2.0), np.arange(2.0)) is None


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=5, max_size=40))
def test_ranks_do_not_change_under_a_rising_map(pairs):
    x, y = np.array(pairs, dtype=float).T
    before, after = srcc(x, y), srcc(np.exp(x / 10), y**3)
    assert (before is None) == (after is None)
    if before is not None:
        assert after == pytest.approx(before, abs=1e-12)
        assert -1 <= before <= 1
