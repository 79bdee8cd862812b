"""Reports as CSV: one row a region, a header that stays the same."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, TextIO

from seagull.types import DistortionType, LevelScore, QualityReport, RegionAssessment

HEADER: tuple[str, ...] = (
    "path",
    "width",
    "height",
    "sha256",
    "model",
    "revision",
    "trained",
    "segmenter",
    "region",
    "x1",
    "y1",
    "x2",
    "y2",
    "area_fraction",
    "quality_level",
    "quality_score",
    "quality_std",
    "importance_level",
    "importance_score",
    "importance_std",
    "distortions",
    *(f"p_{kind.value}" for kind in DistortionType),
)
"""Columns; ``distortions`` holds ``type:severity`` pairs joined by ``;`` (``clean`` if none)."""


class CsvReports:
    """Writes the rows of one report after the other and flushes after each."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(HEADER)

    def add(self, report: QualityReport) -> None:
        """Appends one row for each region of the report."""
        self._writer.writerows(report_rows(report))
        self._out.flush()


def report_rows(report: QualityReport) -> Iterator[list[Any]]:
    """The cells under ``HEADER`` for each region; an unasked task leaves its cells empty.

    So does the spread of a model that does not know how sure it is.
    """
    image, model = report.image, report.model
    spread = model.fixed_std is None
    for assessment in report.regions:
        region = assessment.region
        yield [
            image.path or "",
            image.width,
            image.height,
            image.sha256,
            model.name,
            model.revision,
            str(model.trained).lower(),
            region.segmenter or "",
            region.id,
            *region.box,
            _number(region.area_fraction),
            *_score_cells(assessment.quality, spread=spread),
            *_score_cells(assessment.importance, spread=spread),
            _found(assessment),
            *_judged(assessment),
        ]


def _number(value: float) -> str:
    return f"{value:.6f}"


def _score_cells(score: LevelScore | None, *, spread: bool) -> list[str]:
    if score is None:
        return ["", "", ""]
    return [score.level, _number(score.score), _number(score.std) if spread else ""]


def _found(assessment: RegionAssessment) -> str:
    if assessment.distortions is None:
        return ""
    pairs = [f"{item.type.value}:{item.severity}" for item in assessment.distortions]
    return ";".join(pairs) or "clean"


def _judged(assessment: RegionAssessment) -> list[str]:
    judged = assessment.distortion_probabilities or {}
    return [_number(judged[kind]) if kind in judged else "" for kind in DistortionType]
