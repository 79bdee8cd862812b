"""Figures that settings are chosen by, worked out by hand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import nano_readings
import nano_select

from seagull.types import DistortionType


def test_auc_is_how_often_a_positive_is_above_a_negative() -> None:
    scores = np.array([0.9, 0.4, 0.4, 0.1])
    positive = np.array([True, True, False, False])
    # Of four pairs three are in order, one is a tie.
    assert nano_select._auc(scores, positive) == pytest.approx(3.5 / 4)
    assert nano_select._auc(-scores, positive) == pytest.approx(0.5 / 4)


def test_each_dominant_type_has_a_counterpart() -> None:
    assert set(nano_select.DOMINANT.values()) < set(DistortionType)


def test_the_same_photos_are_read_again() -> None:
    places = [nano_readings._place(f"Versions/{number}.png") for number in range(400)]
    assert places == [nano_readings._place(f"Versions/{number}.png") for number in range(400)]
    assert 0 <= min(places) < max(places) < 1
    assert sum(place < 0.2 for place in places) == pytest.approx(80, abs=30)
