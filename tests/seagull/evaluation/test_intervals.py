"""Intervals contain the truth as often as they say."""

import numpy as np

from seagull.evaluation.intervals import bootstrap
from seagull.evaluation.metrics import plcc, srcc

TRUE_PLCC = 0.7
TRUE_SRCC = 6 / np.pi * np.arcsin(TRUE_PLCC / 2)  # of a bivariate normal distribution


def test_intervals_of_correlations_cover_in_a_simulation():
    rng, trials = np.random.default_rng(0), 100
    hits = {"plcc": 0, "srcc": 0}
    for trial in range(trials):
        x = rng.normal(size=80)
        y = TRUE_PLCC * x + np.sqrt(1 - TRUE_PLCC**2) * rng.normal(size=80)
        found = bootstrap(
            lambda rows, x=x, y=y: {"plcc": plcc(x[rows], y[rows]), "srcc": srcc(x[rows], y[rows])},
            range(80), resamples=150, seed=trial,
        )  # fmt: skip
        for name, truth in (("plcc", TRUE_PLCC), ("srcc", TRUE_SRCC)):
            low, high = found[name]
            hits[name] += low <= truth <= high
    # 95 of 100 are expected, with a standard deviation of 2.2; percentiles are a bit narrow.
    assert all(88 <= count <= 99 for count in hits.values()), hits


def test_regions_of_one_photo_are_not_taken_for_independent():
    rng, trials = np.random.default_rng(1), 120
    photos = np.repeat(np.arange(25), 8)
    hits = {"by photo": 0, "by region": 0}
    for trial in range(trials):
        values = rng.normal(size=25)[photos] + 0.2 * rng.normal(size=photos.size)
        for name, groups in (("by photo", photos.tolist()), ("by region", range(photos.size))):
            found = bootstrap(
                lambda rows, values=values: {"mean": float(values[rows].mean())},
                groups, resamples=200, seed=trial,
            )["mean"]  # fmt: skip
            hits[name] += found[0] <= 0 <= found[1]
    assert hits["by photo"] / trials >= 0.86
    assert hits["by region"] / trials < 0.7


def test_the_seed_decides_and_no_photos_give_no_interval():
    values = np.arange(30.0)

    def mean(rows):
        return {"mean": float(values[rows].mean()), "never": None}

    first, again = bootstrap(mean, range(30), seed=3), bootstrap(mean, range(30), seed=3)
    assert first == again != bootstrap(mean, range(30), seed=4)
    assert first["never"] is None
    assert bootstrap(mean, ["one photo"] * 30) == {}
    assert bootstrap(mean, range(30), resamples=0) == {}
