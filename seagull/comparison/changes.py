"""From two reports on the same regions to what changed between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seagull.comparison.measured import Measured
from seagull.comparison.types import (
    Change,
    Comparison,
    DistortionChange,
    RegionChange,
    Resized,
    Verdict,
)
from seagull.photos import Pixels
from seagull.types import DistortionType, QualityReport, RegionAssessment


def change_of(before: float, after: float, measured: Measured) -> Change:
    """The change between two scores; that of swapped scores has the mirrored verdict."""
    return Change(before, after, measured.std(before, after), _verdict(before, after, measured))


def _verdict(before: float, after: float, measured: Measured) -> Verdict:
    change = after - before
    if abs(change) < measured.same_at((before + after) / 2):
        return Verdict.SAME
    if change < 0:
        return Verdict.MUCH_WORSE if change <= -measured.much else Verdict.WORSE
    return Verdict.MUCH_BETTER if change >= measured.much else Verdict.BETTER


def compare_reports(
    before: QualityReport,
    after: QualityReport,
    pixels: tuple[Pixels, Pixels],
    measured: Measured,
    resized: Resized | None = None,
) -> Comparison:
    """The comparison of two photos from their reports.

    Args:
        before: the report on the first photo, with quality.
        after: the report on the second photo: the same model, size and regions.
        pixels: both photos as they were assessed, each (H, W, 3).
        measured: the constants behind the verdicts.
        resized: which photo was resized, for the report.

    Raises:
        ValueError: if the reports are not about the same regions, or have no quality.
    """
    _check_alike(before, after)
    differs = np.any(pixels[0] != pixels[1], axis=2)
    regions = tuple(
        _region_change(first, second, not differs[first.region.mask].any(), measured)
        for first, second in zip(before.regions, after.regions, strict=True)
    )
    return Comparison(before, after, resized, measured, mean_change(regions, measured), regions)


def _check_alike(before: QualityReport, after: QualityReport) -> None:
    ids = [[one.region.id for one in report.regions] for report in (before, after)]
    if ids[0] != ids[1] or not ids[0]:
        raise ValueError(f"both photos need the same regions: {ids[0]} before, {ids[1]} after")
    sizes = [(report.image.width, report.image.height) for report in (before, after)]
    if sizes[0] != sizes[1]:
        raise ValueError(f"both photos need one size: {sizes[0]} before, {sizes[1]} after")
    if before.model != after.model:
        raise ValueError(f"both photos need one model: {before.model} before, {after.model} after")
    if any(one.quality is None for report in (before, after) for one in report.regions):
        raise ValueError("a comparison is of quality: add quality to the tasks")


def _region_change(
    before: RegionAssessment, after: RegionAssessment, identical: bool, measured: Measured
) -> RegionChange:
    assert before.quality is not None  # checked before
    assert after.quality is not None
    scores = before.quality.score, after.quality.score
    if identical:
        mean = sum(scores) / 2
        return RegionChange(before, after, True, Change(mean, mean, 0.0, Verdict.SAME), ())
    change = change_of(*scores, measured)
    distortions = _distortion_changes(before, after, change.verdict, measured)
    return RegionChange(before, after, False, change, distortions)


def _distortion_changes(
    before: RegionAssessment, after: RegionAssessment, verdict: Verdict, measured: Measured
) -> tuple[DistortionChange, ...]:
    """Types whose presence changed by more than it does by itself, and new severities.

    The severity of a type that stays is named only where the quality changed, too.
    """
    words = [{one.type: one.severity for one in side.distortions or ()} for side in (before, after)]
    likely = [side.distortion_probabilities or {} for side in (before, after)]
    gone: list[DistortionChange] = []
    new: list[DistortionChange] = []
    other: list[DistortionChange] = []
    for kind in DistortionType:
        first, second = words[0].get(kind), words[1].get(kind)
        moved = abs(likely[1].get(kind, 0.0) - likely[0].get(kind, 0.0))
        change = DistortionChange(kind, first, second)
        if (first is None) != (second is None):
            if moved >= measured.presence:
                (gone if second is None else new).append(change)
        elif first != second and verdict is not Verdict.SAME:
            other.append(change)
    return (*gone, *new, *other)


def mean_change(regions: Sequence[RegionChange], measured: Measured) -> Change:
    """The photo's change: the mean over regions, weighted by importance.

    The errors of regions of one photo are taken to go together, so the spread is the mean of
    theirs. Where no region has an importance, all weigh alike.
    """
    weights = np.array([one.weight for one in regions])
    if not weights.sum() > 0:
        weights = np.ones(len(regions))
    shares = weights / weights.sum()
    before, after, std = (
        float(shares @ [getattr(one.change, name) for one in regions])
        for name in ("before", "after", "std")
    )
    return replace(change_of(before, after, measured), std=std)
