"""The JSON contract: there and back, rounded, checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.reports.json import report_from_dict, report_from_json, report_to_dict, report_to_json
from seagull.reports.schema import check_report, report_schema
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

REPOSITORY = Path(__file__).parents[3]

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12)).filter(np.any)
units = st.integers(0, 10**6).map(lambda number: number / 10**6)


def scores(scale):
    words = st.sampled_from(scale.words)
    spread = st.tuples(*[units] * 5).map(lambda p: dict(zip(scale.words, p, strict=True)))
    return st.none() | st.builds(LevelScore, words, units, units, spread)


kinds = st.sampled_from(DistortionType)
found = st.lists(st.builds(Distortion, kinds, st.sampled_from(SEVERITY.words), units), max_size=3)
answers = st.fixed_dictionaries(
    {
        "quality": scores(QUALITY),
        "importance": scores(IMPORTANCE),
        "distortions": st.none() | found.map(tuple),
        "distortion_probabilities": st.none() | st.dictionaries(kinds, units),
        "text": st.dictionaries(st.sampled_from(["quality", "importance"]), st.text(), max_size=2),
    }
)


@given(
    masks, answers, st.text(min_size=1), units | st.none(), st.none() | st.text(),
    st.none() | st.just(0.1),
)  # fmt: skip
def test_a_report_survives_json(mask, answer, name, confidence, path, fixed_std):
    region = Region(mask, id=name, source="everything", segmenter="sam", confidence=confidence)
    report = QualityReport(
        ImageInfo(path, mask.shape[1], mask.shape[0], "a" * 64),
        ModelInfo("nano", "r", False, fixed_std),
        "sam",
        (RegionAssessment(region, **answer),),
    )
    text = report_to_json(report)
    check_report(json.loads(text))
    back = report_from_json(text)
    (assessment,) = back.regions
    assert (back.image, back.model, back.segmenter) == (report.image, report.model, "sam")
    assert {key: getattr(assessment, key) for key in answer} == answer
    assert np.array_equal(assessment.region.mask, mask)
    assert (assessment.region.id, assessment.region.confidence) == (name, confidence)


def test_the_fields_of_the_contract_are_there(make_report):
    plain = report_to_dict(make_report([np.ones((4, 6), bool)], [4]))
    assert plain["schema"] == "seagull.quality_report/1"
    assert plain["image"] == {"path": "a photo.jpg", "width": 6, "height": 4, "sha256": "0" * 64}
    (region,) = plain["regions"]
    assert region["box"] == [0, 0, 6, 4]
    assert region["mask"]["size"] == [4, 6]
    assert region["quality"]["level"] == "excellent"
    assert region["quality"]["score"] == 1.0
    assert region["distortions"] == [{"type": "noise", "severity": "serious", "probability": 0.9}]


def test_numbers_are_rounded_to_six_digits(make_report):
    report = make_report([np.ones((3, 7), bool)])
    third = replace(report.regions[0], quality=LevelScore("fair", 1 / 3, 2 / 3, {}))
    plain = report_to_dict(replace(report, regions=(third,)))
    assert plain["regions"][0]["quality"]["score"] == 0.333333


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(make_report, number):
    report = make_report([np.ones((3, 3), bool)])
    broken = replace(report.regions[0], quality=LevelScore("fair", number, 0.0, {}))
    with pytest.raises(ValueError, match="JSON"):
        report_to_json(replace(report, regions=(broken,)))


BROKEN = {
    "other schema": (("schema",), "seagull.quality_report/2"),
    "score above one": (("regions", 0, "quality", "score"), 1.5),
    "unknown level": (("regions", 0, "quality", "level"), "superb"),
    "unknown type": (("regions", 0, "distortions", 0, "type"), "rain"),
    "box of three": (("regions", 0, "box"), [0, 0, 3]),
    "box beside the mask": (("regions", 0, "box"), [1, 0, 3, 3]),
    "mask of another size": (("regions", 0, "mask", "size"), [9, 9]),
    "mask of gigabytes": (("regions", 0, "mask", "size"), [10**9, 10**9]),
    "counts that do not fit": (("regions", 0, "mask", "counts"), "0111"),
    "no regions": (("regions",), None),
}


@pytest.mark.parametrize(("place", "value"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_report_is_refused_with_a_reason(make_report, place, value):
    plain = json.loads(report_to_json(make_report([np.ones((3, 3), bool)])))
    target = plain
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(ValueError, match=r"report|region|rle|mask"):
        report_from_dict(plain)


def test_the_schema_speaks_the_words_of_the_code():
    words = report_schema()["$defs"]
    assert words["quality_word"]["enum"] == list(QUALITY.words)
    assert words["importance_word"]["enum"] == list(IMPORTANCE.words)
    assert words["distortion_type"]["enum"] == [kind.value for kind in DistortionType]
    distortion = words["region"]["properties"]["distortions"]["items"]["properties"]
    assert distortion["severity"]["enum"] == list(SEVERITY.words)
