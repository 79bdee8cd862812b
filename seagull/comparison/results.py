"""What is kept of a compared pair once its masks and photos are gone, so that thousands fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from seagull.comparison.measured import Measured
from seagull.comparison.types import Change, Comparison, RegionChange, Verdict
from seagull.comparison.words import change_text, distortions_text, headline, only_whole
from seagull.types import DistortionType, ModelInfo, RegionAssessment


@dataclass(frozen=True)
class PairResult:
    """One pair in a few words and numbers.

    Args:
        before: path of the first photo; ``photo`` if it has none.
        after: path of the second one.
        change: of the photo.
        headline: the photo's change in one line.
        worst: the region with the worst change, in one line.
        verdicts: on the regions, in order.
        types: by distortion type, in how many regions it is before and after.
        model: which model assessed them.
        measured: the constants behind the verdicts.
        whole: whether nothing but the whole photo was compared.
    """

    before: str
    after: str
    change: Change
    headline: str
    worst: str
    verdicts: tuple[Verdict, ...]
    types: Mapping[DistortionType, tuple[int, int]]
    model: ModelInfo
    measured: Measured
    whole: bool


def pair_result(comparison: Comparison) -> PairResult:
    """What is kept of a comparison."""
    regions = comparison.regions
    return PairResult(
        comparison.before.image.path or "photo",
        comparison.after.image.path or "photo",
        comparison.change,
        headline(comparison),
        _region_text(min(regions, key=lambda one: one.change.quality)),
        tuple(one.change.verdict for one in regions),
        {
            kind: (
                sum(_has(one.before, kind) for one in regions),
                sum(_has(one.after, kind) for one in regions),
            )
            for kind in DistortionType
        },
        comparison.before.model,
        comparison.measured,
        only_whole(comparison),
    )


def _region_text(one: RegionChange) -> str:
    words = distortions_text(one.distortions)
    return f"{one.region.id}: {change_text(one.change)}" + (f", {words}" if words else "")


def _has(assessment: RegionAssessment, kind: DistortionType) -> bool:
    return any(item.type is kind for item in assessment.distortions or ())
