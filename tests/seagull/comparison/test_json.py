"""seagull.comparison/1 and the distortion graph."""

from __future__ import annotations

import json

import pytest

from seagull.comparison.graph import distortion_graph
from seagull.comparison.json import (
    check_comparison,
    comparison_from_json,
    comparison_schema,
    comparison_to_dict,
    comparison_to_json,
)
from seagull.reports.schema import report_schema

BEFORE = [(0.8, 0.5, {}), (0.3, 0.7, {"noise": ("serious", 0.9)})]
AFTER = [(0.5, 0.4, {"blur": ("trivial", 0.8)}), (0.6, 0.7, {})]


def test_a_comparison_fits_its_schema_and_reads_back_the_same(compared):
    made = compared(BEFORE, AFTER)
    text = comparison_to_json(made)
    check_comparison(json.loads(text))
    assert comparison_to_json(comparison_from_json(text)) == text


def test_what_is_read_in_either_photo_has_the_form_of_the_report(compared):
    plain = comparison_to_dict(compared(BEFORE, AFTER))
    known = report_schema()["$defs"]["region"]["properties"]
    assert set(plain["regions"][0]["before"]) <= set(known)
    assert plain["regions"][1]["before"]["distortions"][0]["type"] == "noise"


@pytest.mark.parametrize(
    ("field", "value", "where"),
    [("change", {"before": 0, "after": 2, "quality": 1, "std": 0, "verdict": "worse"},
      "change.after"),
     ("schema", "seagull.comparison/2", "schema"),
     ("regions", [], "regions")],
)  # fmt: skip
def test_what_does_not_fit_is_named(compared, field, value, where):
    plain = comparison_to_dict(compared(BEFORE, AFTER)) | {field: value}
    with pytest.raises(ValueError, match=f"comparison.{where}"):
        check_comparison(plain)


def test_every_enum_of_the_schema_is_that_of_the_code():
    from seagull.comparison.types import Verdict

    assert comparison_schema()["$defs"]["verdict"]["enum"] == [word.value for word in Verdict]


def test_the_graph_has_pandas_fields_and_tells_of_photo_1_compared_with_photo_2(compared):
    graph = distortion_graph(compared(BEFORE, AFTER))
    assert list(graph) == ["objects", "attributes", "relationships", "art"]
    assert [(one["id"], one["image"]) for one in graph["objects"]] == [
        ("0", "1"), ("2", "2"), ("1", "1"), ("3", "2"),
    ]  # fmt: skip
    assert graph["art"] == [
        {"predicate": "significantly_better", "object": "0", "subject": "2"},
        {"predicate": "significantly_worse", "object": "1", "subject": "3"},
    ]
    of_noisy = [one["attribute"] for one in graph["attributes"] if one["object"] == "1"]
    assert of_noisy == ["noise", "severe", "0.3000"]
    of_clean = [one["attribute"] for one in graph["attributes"] if one["object"] == "0"]
    assert of_clean == ["clean", "clean", "0.8000"]
