"""A report in Label Studio's words: a prediction with regions, and results for each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from seagull.regions.masks import box_mask, polygon_mask
from seagull.server.label_studio.brush import encode_brush
from seagull.server.label_studio.config import ChoicesTag, ProjectConfig, ShapeTag
from seagull.types import QualityReport, Region, RegionAssessment

_TOLERANCE = 0.002
"""How far a polygon may leave the mask's outline, as a share of the photo's diagonal."""


def prediction(
    report: QualityReport,
    config: ProjectConfig,
    version: str,
    labels: Mapping[str, str | None],
    prefix: str,
) -> dict[str, Any]:
    """The prediction of one task.

    Args:
        report: of the task's photo.
        config: of the project.
        version: the model's, as the server names it.
        labels: that regions were given when they were drawn, by their ids.
        prefix: of the ids of regions, so that those of two answers differ.

    Raises:
        ValueError: if the project draws no regions.
    """
    tag = config.answered
    results: list[dict[str, Any]] = []
    for number, assessment in enumerate(report.regions, start=1):
        label = labels.get(assessment.region.id)
        results += _region_results(assessment, config, tag, label, f"{prefix}{number}")
    sure = [value for region in report.regions if (value := confidence(region)) is not None]
    score = round(float(np.mean(sure)), 6) if sure else None
    return {"model_version": version, "score": score, "result": results}


def confidence(assessment: RegionAssessment) -> float | None:
    """The probability of the quality's word, in [0, 1]; None where quality was not asked."""
    quality = assessment.quality
    return None if quality is None else float(quality.probabilities[quality.level])


def _region_results(
    assessment: RegionAssessment,
    config: ProjectConfig,
    tag: ShapeTag,
    label: str | None,
    id: str,
) -> Iterator[dict[str, Any]]:
    region = assessment.region
    height, width = region.size
    common = {
        "id": id,
        "to_name": config.image,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
    }
    value = _shape(tag.shape, region)
    if tag.labels:
        value[tag.kind] = [label if label in tag.labels else tag.labels[0]]
    found = confidence(assessment)
    drawn = {"from_name": tag.name, "type": tag.kind, "value": value}
    yield common | drawn | ({} if found is None else {"score": round(found, 6)})
    for name, kind, answer in _answers(assessment, config):
        yield common | {"from_name": name, "type": kind, "value": {kind: answer}}


def _answers(assessment: RegionAssessment, config: ProjectConfig) -> Iterator[tuple[str, str, Any]]:
    """For each tag that is filled for each region: its name, the type of its results, the value."""
    quality = assessment.quality
    if quality is not None:
        for name, most in config.ratings.items():
            # The highest rating belongs to the highest of as many equal parts of the scale.
            yield name, "rating", min(int(quality.score * most) + 1, most)
        for name, limit in config.numbers.items():
            yield name, "number", round(quality.score * limit, 4)
    for tag in config.choices:
        if chosen := _chosen(tag, assessment):
            yield tag.name, "choices", chosen
    if assessment.text:
        for name in config.texts:
            yield name, "textarea", [*assessment.text.values()]


def _chosen(tag: ChoicesTag, assessment: RegionAssessment) -> list[str]:
    if tag.meaning == "distortion":
        words = [str(item.type) for item in assessment.distortions or ()]
    else:
        score = assessment.quality if tag.meaning == "quality" else assessment.importance
        words = [] if score is None else [score.level]
    return [tag.words[word] for word in words if word in tag.words]


def _shape(shape: str, region: Region) -> dict[str, Any]:
    height, width = region.size
    if shape == "brush":
        return {"format": "rle", "rle": encode_brush(region.mask)}
    if shape == "polygon":
        points = corners_of(region) / (width, height) * 100
        return {"points": np.round(points, 4).tolist(), "closed": True}
    left, top, right, bottom = region.box
    return {
        "x": _percent(left, width),
        "y": _percent(top, height),
        "width": _percent(right - left, width),
        "height": _percent(bottom - top, height),
        "rotation": 0,
    }


def as_answered(region: Region, shape: str) -> Region:
    """The region as the project can draw it: what is assessed is what is shown.

    Args:
        region: any mask.
        shape: ``brush``, ``polygon`` or ``rectangle``.
    """
    if shape == "brush":
        return region
    if shape == "rectangle":
        mask = box_mask(region.box, region.size)
    else:
        mask = polygon_mask([corners_of(region).ravel().tolist()], region.size)
    return Region(mask, region.id, region.source, region.segmenter, region.confidence)


def _percent(pixels: int, side: int) -> float:
    return round(pixels / side * 100, 4)


def corners_of(region: Region) -> NDArray[np.float64]:
    """The corners (N, 2) of a polygon around the largest part of a region, as x, y in pixels."""
    left, top, right, bottom = region.box
    inside = region.mask[top:bottom, left:right].astype(np.uint8)
    # Twice the size, so that a line of single pixels has an inside, too.
    large = cv2.resize(inside, None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    contours, _ = cv2.findContours(large, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    largest = max(contours, key=cv2.contourArea)
    corners = cv2.approxPolyDP(largest, _TOLERANCE * math.hypot(*region.size), closed=True)
    if len(corners) < 3:
        corners = largest
    return corners.reshape(-1, 2).astype(np.float64) / 2 + 0.25 + (left, top)
