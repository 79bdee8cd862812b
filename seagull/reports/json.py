"""QualityReport to and from its stable JSON form, ``seagull.quality_report/1``.

The contract is ``quality_report.schema.json`` beside this file. Numbers are rounded to six digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from seagull.files.text import to_json
from seagull.regions.rle import Rle, decode, encode
from seagull.reports.schema import SCHEMA_ID, check_report
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

DIGITS = 6


def report_to_dict(report: QualityReport) -> dict[str, Any]:
    """The JSON form of a report; an unasked task is None.

    Raises:
        ValueError: if a number in the report is not finite (JSON has no NaN).
    """
    image, model = report.image, report.model
    plain = {
        "schema": SCHEMA_ID,
        "image": {
            "path": image.path,
            "width": image.width,
            "height": image.height,
            "sha256": image.sha256,
        },
        "model": _model_to_dict(model),
        "segmenter": report.segmenter,
        "regions": [_region_to_dict(assessment) for assessment in report.regions],
    }
    json.dumps(plain, allow_nan=False)
    return plain


def report_to_json(report: QualityReport, *, indent: int | None = None) -> str:
    """The report as JSON text; one line unless ``indent`` is given.

    Raises:
        ValueError: if a number in the report is not finite.
    """
    return to_json(report_to_dict(report), indent=indent)


def report_from_dict(plain: Mapping[str, Any]) -> QualityReport:
    """The report of a JSON object.

    Raises:
        ValueError: if the object does not fit the schema, or a mask does not fit its photo.
    """
    check_report(plain)
    image = ImageInfo(**{key: plain["image"][key] for key in ("path", "width", "height", "sha256")})
    model = plain["model"]
    return QualityReport(
        image=image,
        model=ModelInfo(
            model["name"],
            model["revision"],
            bool(model.get("trained", True)),
            model.get("fixed_std"),
        ),
        segmenter=plain["segmenter"],
        regions=tuple(_region_from_dict(region, image) for region in plain["regions"]),
    )


def report_from_json(text: str) -> QualityReport:
    """The report of a JSON text.

    Raises:
        ValueError: if the text is not JSON or not a report.
    """
    return report_from_dict(json.loads(text))


def _model_to_dict(model: ModelInfo) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": model.name,
        "revision": model.revision,
        "trained": model.trained,
    }
    return plain if model.fixed_std is None else {**plain, "fixed_std": model.fixed_std}


def _region_to_dict(assessment: RegionAssessment) -> dict[str, Any]:
    region = assessment.region
    found, judged = assessment.distortions, assessment.distortion_probabilities
    return {
        "id": region.id,
        "box": list(region.box),
        "area_fraction": _rounded(region.area_fraction),
        "mask": encode(region.mask).to_dict(),
        "source": region.source,
        "segmenter": region.segmenter,
        "confidence": None if region.confidence is None else _rounded(region.confidence),
        "quality": _score_to_dict(assessment.quality),
        "importance": _score_to_dict(assessment.importance),
        "distortions": None if found is None else [_distortion_to_dict(item) for item in found],
        "distortion_probabilities": None
        if judged is None
        else {kind.value: _rounded(value) for kind, value in judged.items()},
        "text": dict(assessment.text),
    }


def _score_to_dict(score: LevelScore | None) -> dict[str, Any] | None:
    if score is None:
        return None
    return {
        "level": score.level,
        "score": _rounded(score.score),
        "std": _rounded(score.std),
        "probabilities": {word: _rounded(value) for word, value in score.probabilities.items()},
    }


def _distortion_to_dict(item: Distortion) -> dict[str, Any]:
    return {
        "type": item.type.value,
        "severity": item.severity,
        "probability": _rounded(item.probability),
    }


def _rounded(value: float) -> float:
    return round(float(value), DIGITS)


def _region_from_dict(plain: Mapping[str, Any], image: ImageInfo) -> RegionAssessment:
    mask = decode(Rle.from_dict(plain["mask"]), (image.height, image.width))
    region = Region(
        mask,
        id=plain["id"],
        source=plain.get("source", "rle"),
        segmenter=plain.get("segmenter"),
        confidence=plain.get("confidence"),
    )
    if list(region.box) != plain["box"]:
        raise ValueError(
            f"region {region.id}: its box is {plain['box']}, but its mask fills {list(region.box)}"
        )
    found, judged = plain["distortions"], plain.get("distortion_probabilities")
    return RegionAssessment(
        region,
        quality=_score_from_dict(plain["quality"]),
        importance=_score_from_dict(plain["importance"]),
        distortions=None if found is None else tuple(map(_distortion_from_dict, found)),
        distortion_probabilities=None
        if judged is None
        else {DistortionType(kind): value for kind, value in judged.items()},
        text=dict(plain["text"]),
    )


def _score_from_dict(plain: Mapping[str, Any] | None) -> LevelScore | None:
    if plain is None:
        return None
    return LevelScore(plain["level"], plain["score"], plain["std"], dict(plain["probabilities"]))


def _distortion_from_dict(plain: Mapping[str, Any]) -> Distortion:
    return Distortion(DistortionType(plain["type"]), plain["severity"], plain["probability"])
