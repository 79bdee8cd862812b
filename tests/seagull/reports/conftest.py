"""Reports made up for tests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from seagull.levels import IMPORTANCE, QUALITY
from seagull.types import (
    BoolMask,
    Distortion,
    DistortionType,
    ImageInfo,
    LevelScore,
    ModelInfo,
    QualityReport,
    Region,
    RegionAssessment,
)

MakeReport = Callable[..., QualityReport]


def one_hot(scale, index):
    return LevelScore.from_probabilities(scale, np.eye(5)[index], np.linspace(0, 1, 5))


@pytest.fixture
def make_report() -> MakeReport:
    """``make_report(masks, levels=...)``: a report whose i-th region has quality ``levels[i]``."""

    def make(
        masks: list[BoolMask], levels: list[int] | None = None, *, trained: bool = True
    ) -> QualityReport:
        levels = levels or [2] * len(masks)
        height, width = masks[0].shape
        return QualityReport(
            image=ImageInfo("a photo.jpg", width, height, "0" * 64),
            model=ModelInfo("nano", "abc", trained),
            segmenter=None,
            regions=tuple(
                RegionAssessment(
                    Region(mask, id=str(number)),
                    quality=one_hot(QUALITY, level),
                    importance=one_hot(IMPORTANCE, 4 - level),
                    distortions=(Distortion(DistortionType.NOISE, "serious", 0.9),),
                    distortion_probabilities=dict.fromkeys(DistortionType, 0.25),
                    text={"quality": "The quality is fair."},
                )
                for number, (mask, level) in enumerate(zip(masks, levels, strict=True), start=1)
            ),
        )

    return make
