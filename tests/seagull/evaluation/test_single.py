"""Regions with one distortion, worked by hand."""

import numpy as np
import pytest

from seagull.evaluation.predictions import Prediction, Row
from seagull.evaluation.single import single_distortions
from seagull.evaluation.summary import SummarySettings, summarise
from seagull.records import RegionLabels
from seagull.types import DistortionType

BLUR, NOISE = DistortionType.BLUR, DistortionType.NOISE
CASES = [  # predicted, labelled
    (((BLUR, "minor"),), ((BLUR, "moderate"),)),  # first and near
    (((NOISE, "minor"), (BLUR, "severe")), ((BLUR, "minor"),)),  # second, three words off
    ((), ((NOISE, "serious"),)),  # missed
    (((NOISE, "minor"),), ((NOISE, "trivial"),)),  # too weak for the type's accuracy, near
    (((BLUR, "minor"),), ()),  # clean
    (((BLUR, "minor"),), ((BLUR, "minor"), (NOISE, "minor"))),  # two
]


def test_the_shares_are_of_the_regions_they_are_about():
    found = single_distortions([said for said, _ in CASES], [true for _, true in CASES])
    assert found.counts() == {"visible": 3, "named": 3, "single": 4}
    assert found.scores(np.arange(6)) == {
        "type_accuracy_single": pytest.approx(1 / 3),
        "severity_within_one": pytest.approx(2 / 3),
        "severity_within_one_all": pytest.approx(2 / 4),
    }


def test_without_such_regions_there_is_no_number():
    found = single_distortions([said for said, _ in CASES[4:]], [true for _, true in CASES[4:]])
    assert set(found.scores(np.arange(2)).values()) == {None}


def test_results_have_the_shares_with_intervals():
    rows = [
        Row(str(n), "1", f"{n}.png", f"{n}.png", RegionLabels(distortions=true),
            Prediction(distortions=said))
        for n, (said, true) in enumerate(CASES)
    ]  # fmt: skip
    found = summarise(rows, SummarySettings(resamples=50))["distortion"]
    low, high = found["ci"]["severity_within_one_all"]
    assert low <= found["severity_within_one_all"] == 0.5 <= high
    assert found["n_single"] == {"visible": 3, "named": 3, "single": 4}
