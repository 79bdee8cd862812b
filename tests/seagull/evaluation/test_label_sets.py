"""Precision, recall and F1 of sets, worked by hand."""

import pytest

from seagull.evaluation.label_sets import pairs_of, per_class, per_region, types_of
from seagull.types import DistortionType

BLUR, NOISE = DistortionType.BLUR, DistortionType.NOISE
SAID = [((BLUR, "minor"), (NOISE, "severe")), (), ((BLUR, "minor"),), ()]
TRUE = [((BLUR, "severe"),), (), (), ((NOISE, "minor"),)]


def test_sample_average_of_types_counts_clean_as_an_answer():
    scores = per_region([types_of(one) for one in SAID], [types_of(one) for one in TRUE])
    assert scores.tolist() == [[0.5, 1, pytest.approx(2 / 3)], [1, 1, 1], [0, 0, 0], [0, 0, 0]]


def test_severity_is_right_only_with_its_word():
    scores = per_region([pairs_of(one) for one in SAID], [pairs_of(one) for one in TRUE])
    assert scores[:, 2].tolist() == [0, 1, 0, 0]


def test_scores_by_type():
    found = per_class([types_of(one) for one in SAID], [types_of(one) for one in TRUE])
    assert found["blur"] == {"precision": 0.5, "recall": 1, "f1": pytest.approx(2 / 3), "n": 1}
    assert found["noise"] == {"precision": 0, "recall": 0, "f1": 0, "n": 1}
    assert found["clean"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "n": 2}
    assert found["contrast"] == {"precision": None, "recall": None, "f1": None, "n": 0}
