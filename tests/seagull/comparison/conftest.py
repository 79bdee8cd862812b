"""Reports and comparisons with made-up numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from seagull.comparison.changes import compare_reports
from seagull.comparison.measured import Measured
from seagull.comparison.types import Comparison
from seagull.levels import IMPORTANCE, QUALITY
from seagull.types import (
    Distortion,
    DistortionType,
    ImageInfo,
    LevelScore,
    ModelInfo,
    QualityReport,
    Region,
    RegionAssessment,
)

MEASURED = Measured("by hand", "fake", "1", ((0.5, 0.05),), 0.2, 0.3, 0.2)
SIZE = (40, 60)

Reading = tuple[float, float, Mapping[str, tuple[str, float]]]
"""Quality, importance, and present types with severity and probability."""


def report(path: str, readings: list[Reading]) -> QualityReport:
    """Regions 1, 2, ... are columns of the photo, side by side."""
    columns = np.array_split(np.arange(SIZE[1]), len(readings))
    made = []
    for number, ((quality, importance, types), own) in enumerate(
        zip(readings, columns, strict=True), start=1
    ):
        mask = np.zeros(SIZE, np.bool_)
        mask[:, own] = True
        likely = dict.fromkeys(DistortionType, 0.1)
        likely |= {DistortionType(kind): value for kind, (_, value) in types.items()}
        found = [
            Distortion(DistortionType(kind), word, value)
            for kind, (word, value) in types.items()
            if value >= 0.5
        ]
        made.append(
            RegionAssessment(
                Region(mask, str(number)),
                LevelScore.from_normal(QUALITY, quality, 0.1),
                LevelScore.from_normal(IMPORTANCE, importance, 0.1),
                tuple(found),
                likely,
            )
        )
    info = ImageInfo(path, SIZE[1], SIZE[0], "0" * 64)
    return QualityReport(info, ModelInfo("fake", "1", True), None, tuple(made))


Compare = Callable[..., Comparison]


@pytest.fixture
def compared() -> Compare:
    """``compared(before, after, identical=())``: readings of the regions in both photos."""

    def compare(
        before: list[Reading],
        after: list[Reading],
        *,
        identical: tuple[int, ...] = (),
        names: tuple[str, str] = ("before/a.png", "after/a.png"),
    ) -> Comparison:
        reports = report(names[0], before), report(names[1], after)
        first = np.zeros((*SIZE, 3), np.uint8)
        second = first.copy()
        for number, one in enumerate(reports[0].regions):
            if number not in identical:
                second[one.region.mask] = 9
        return compare_reports(*reports, (first, second), MEASURED)

    return compare
