"""Figures that settings are chosen by, worked out by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import nano_readings
import nano_select

from seagull.types import Distortion, DistortionType, Region, RegionAssessment


def test_auc_is_how_often_a_positive_is_above_a_negative() -> None:
    scores = np.array([0.9, 0.4, 0.4, 0.1])
    positive = np.array([True, True, False, False])
    # Of four pairs three are in order, one is a tie.
    assert nano_select._auc(scores, positive) == pytest.approx(3.5 / 4)
    assert nano_select._auc(-scores, positive) == pytest.approx(0.5 / 4)


def _model(said: list[float], pairs: float) -> nano_select._Model:
    mos = np.linspace(0, 1, 12)
    photos = {
        "clive": nano_select._Photos({}, np.array(said), mos),
        "held_out": nano_select._Photos({}, mos, mos),
    }
    return nano_select._Model(photos, {"right": pairs})


def test_a_model_is_beyond_the_first_by_its_srcc_and_its_share_of_pairs() -> None:
    right, wrong = list(range(12)), list(range(12))[::-1]
    found = nano_select._beyond(_model(right, 0.75), _model(wrong, 0.5), resamples=50)
    assert found["clive"] == {"beyond": 2, "ci": [2, 2]}
    assert found["held_out"] == {"beyond": 0, "ci": [0, 0]}
    assert found["sum"] == {"beyond": 2.25, "ci": [2.25, 2.25]}


def test_an_interval_of_a_difference_is_over_the_photos() -> None:
    close = [0, 1, 2, 3, 4, 6, 5, 7, 8, 9, 11, 10]
    (low, high) = nano_select._beyond(_model(list(range(12)), 1), _model(close, 1))["clive"]["ci"]
    assert 0 <= low < high < 0.2


def test_what_is_read_of_the_worst_photos() -> None:
    said, mos = np.array([0.2, 0.5, 0.9]), np.array([0.1, 0.2, 0.8])
    assert nano_select._lowest(said, mos) == {"n": 2, "mos": 0.15, "read": 0.35}
    assert nano_select._lowest(said[2:], mos[2:]) == {"n": 0}


def test_each_dominant_type_has_a_counterpart() -> None:
    assert set(nano_select.DOMINANT.values()) < set(DistortionType)


def _says(**probabilities: float) -> RegionAssessment:
    """A photo of which types from a probability of .5 on are named."""
    given = {DistortionType(name): value for name, value in probabilities.items()}
    named = tuple(Distortion(kind, "slight", one) for kind, one in given.items() if one >= 0.5)
    return RegionAssessment(
        Region(np.ones((4, 4), bool)),
        distortions=named,
        distortion_probabilities=dict.fromkeys(DistortionType, 0.0) | given,
    )


def test_named_types_are_counted_against_the_dominant_ones() -> None:
    read = [
        _says(blur=0.9, compression=0.6),
        _says(blur=0.4),
        _says(blur=0.2, noise=0.3),
        _says(blur=0.6, noise=0.4),
        _says(compression=0.7),
    ]
    labels = ["realistic blur", "realistic blur", "realistic noise", "realistic noise", "jpeg"]
    assert nano_select._types(read, labels) == {
        # Blurred photos have .9 and .4, the others .2, .6 and 0.
        "blur_auc": round(5 / 6, 4),
        "blur_named": [0.5, round(1 / 3, 4)],
        "compression_named": 0.4,
        # Of the four whose label has a counterpart only the last is read as something else.
        "dominant_type_first": 0.75,
    }


def test_the_same_photos_are_read_again() -> None:
    places = [nano_readings._place(f"Versions/{number}.png") for number in range(400)]
    assert places == [nano_readings._place(f"Versions/{number}.png") for number in range(400)]
    assert 0 <= min(places) < max(places) < 1
    assert sum(place < 0.2 for place in places) == pytest.approx(80, abs=30)
