"""Validation during training: the numbers by which the best adapter is chosen."""

import math

import numpy as np
import pytest

from seagull.evaluation.metrics import plcc, srcc
from seagull.evaluation.validation import validation_metrics
from seagull.records import RegionLabels
from seagull.training.config_faults import METRICS
from seagull.types import Distortion, DistortionType, LevelScore, Region, RegionAssessment


def _assessed(score: float, kinds: tuple[DistortionType, ...]) -> RegionAssessment:
    level = LevelScore("fair", score, 0.1, {})
    found = tuple(Distortion(kind, "minor", 0.9) for kind in kinds)
    return RegionAssessment(Region(np.ones((4, 4), bool)), quality=level, distortions=found)


def test_validation_summarises_as_the_field_does() -> None:
    blur, noise = DistortionType.BLUR, DistortionType.NOISE
    pairs = [
        (_assessed(0.1, (blur,)), RegionLabels(quality=0.2, distortions=((blur, "minor"),))),
        (_assessed(0.5, (blur, noise)), RegionLabels(quality=0.9, distortions=((noise, "x"),))),
        (_assessed(0.4, ()), RegionLabels(quality=0.7, distortions=())),
    ]
    metrics = validation_metrics(pairs)
    assert metrics["quality_srcc"] == pytest.approx(1.0)
    assert metrics["distortion_f1"] == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert metrics["severity_f1"] == pytest.approx((1 + 0 + 1) / 3)
    assert set(metrics) <= set(METRICS)
    assert not any(math.isnan(value) for value in metrics.values())


def test_every_metric_that_can_choose_the_best_adapter_is_found() -> None:
    rng = np.random.default_rng(0)
    level = [LevelScore("fair", score, 0.1, {}) for score in rng.random(5)]
    found = [
        (RegionAssessment(Region(np.ones((4, 4), bool)), one, one, ()),
         RegionLabels(number, number, distortions=()))
        for one, number in zip(level, rng.random(5), strict=True)
    ]  # fmt: skip
    assert set(validation_metrics(found)) == set(METRICS)


def _scored(
    pairs: list[tuple[float, float]], metric: str
) -> list[tuple[RegionAssessment, RegionLabels]]:
    return [
        (_assessed(score, ()), RegionLabels(quality=known, metric=metric)) for score, known in pairs
    ]


def test_correlations_are_those_of_evaluate_and_metrics_are_kept_apart() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.random((2, 8)), rng.random((2, 4))
    judged = _scored(list(zip(*first, strict=True)), "mos") + _scored(
        list(zip(*second, strict=True)), "haarpsi"
    )
    metrics = validation_metrics(judged)
    for name, measure in (("srcc", srcc), ("plcc", plcc)):
        one, other = measure(*first), measure(*second)
        assert one is not None
        assert other is not None
        assert metrics[f"quality_{name}"] == pytest.approx((8 * one + 4 * other) / 12)


def test_a_network_that_says_the_same_of_all_regions_is_no_best_one() -> None:
    metrics = validation_metrics(_scored([(0.5, 0.1), (0.5, 0.6), (0.5, 0.9)], "mos"))
    assert (metrics["quality_srcc"], metrics["quality_plcc"]) == (0.0, 0.0)


@pytest.mark.parametrize("known", [[0.5, 0.5, 0.5], [0.1, 0.9]])
def test_labels_that_have_no_correlation_give_none(known: list[float]) -> None:
    scores = [0.1, 0.2, 0.3][: len(known)]
    metrics = validation_metrics(_scored(list(zip(scores, known, strict=True)), "mos"))
    assert not any(name.startswith("quality") for name in metrics)
