"""Comparison to and from its stable JSON form, ``seagull.comparison/1``.

The contract is ``comparison.schema.json`` beside this file. What is read in either photo has the
form of ``seagull.quality_report/1``. Numbers are rounded to six digits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

from seagull.comparison.measured import Measured
from seagull.comparison.types import (
    Change,
    Comparison,
    DistortionChange,
    RegionChange,
    Resized,
    Verdict,
)
from seagull.comparison.words import headline
from seagull.files.text import to_json
from seagull.reports.json import DIGITS, report_from_dict, report_to_dict
from seagull.reports.schema import SCHEMA_ID as REPORT_SCHEMA
from seagull.types import DistortionType, QualityReport

SCHEMA_ID = "seagull.comparison/1"
"""Value of a comparison's ``schema`` field."""
SCHEMA_FILE = "comparison.schema.json"

_PLACE = ("id", "box", "area_fraction", "mask", "source", "segmenter", "confidence")
_READ = ("quality", "importance", "distortions", "distortion_probabilities")


def comparison_to_dict(comparison: Comparison) -> dict[str, Any]:
    """The JSON form of a comparison.

    Raises:
        ValueError: if a number in it is not finite (JSON has no NaN).
    """
    before, after = report_to_dict(comparison.before), report_to_dict(comparison.after)
    resized = comparison.resized
    plain = {
        "schema": SCHEMA_ID,
        "before": before["image"],
        "after": after["image"],
        "resized": None if resized is None else asdict(resized),
        "model": before["model"],
        "segmenter": before["segmenter"],
        "measured": {
            **asdict(comparison.measured),
            "same": [list(pair) for pair in comparison.measured.same],
            "applies": comparison.is_measured,
        },
        "headline": headline(comparison),
        "change": _change_to_dict(comparison.change),
        "regions": [
            _region_to_dict(one, first, second)
            for one, first, second in zip(
                comparison.regions, before["regions"], after["regions"], strict=True
            )
        ],
    }
    json.dumps(plain, allow_nan=False)
    return plain


def comparison_to_json(comparison: Comparison, *, indent: int | None = None) -> str:
    """The comparison as JSON text; one line unless ``indent`` is given.

    Raises:
        ValueError: if a number in it is not finite.
    """
    return to_json(comparison_to_dict(comparison), indent=indent)


def comparison_from_dict(plain: Mapping[str, Any]) -> Comparison:
    """The comparison of a JSON object; changes and verdicts are as they were written.

    Raises:
        ValueError: if the object does not fit the schema, or a mask does not fit its photo.
    """
    check_comparison(plain)
    before, after = (_report(plain, side) for side in ("before", "after"))
    measured = dict(plain["measured"])
    known = {name: measured[name] for name in Measured.__dataclass_fields__}
    resized = plain["resized"]
    regions = tuple(
        RegionChange(
            first,
            second,
            one["identical"],
            _change_from_dict(one["change"]),
            tuple(
                DistortionChange(DistortionType(item["type"]), item["before"], item["after"])
                for item in one["distortions"]
            ),
        )
        for one, first, second in zip(plain["regions"], before.regions, after.regions, strict=True)
    )
    return Comparison(
        before,
        after,
        resized and Resized(resized["photo"], resized["width"], resized["height"]),
        Measured(**known),
        _change_from_dict(plain["change"]),
        regions,
    )


def comparison_from_json(text: str) -> Comparison:
    """The comparison of a JSON text.

    Raises:
        ValueError: if the text is not JSON or not a comparison.
    """
    return comparison_from_dict(json.loads(text))


@cache
def comparison_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of ``seagull.comparison/1``; not to be changed."""
    return dict(json.loads(files("seagull.comparison").joinpath(SCHEMA_FILE).read_text("utf-8")))


def check_comparison(plain: object) -> None:
    """Passes if ``plain`` is a comparison in its JSON form.

    Raises:
        ValueError: naming the first field that does not fit, by its path.
    """
    error = jsonschema.exceptions.best_match(_validator().iter_errors(plain))
    if error is not None:
        where = error.json_path.replace("$", "comparison", 1)
        raise ValueError(f"not a {SCHEMA_ID}: {where}: {error.message[:200]}")


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(comparison_schema())


def _report(plain: Mapping[str, Any], side: str) -> QualityReport:
    """One photo's report, put together again and checked as a report."""
    regions = [
        {**{name: one[name] for name in _PLACE if name in one}, **one[side], "text": {}}
        for one in plain["regions"]
    ]
    return report_from_dict(
        {
            "schema": REPORT_SCHEMA,
            "image": plain[side],
            "model": plain["model"],
            "segmenter": plain["segmenter"],
            "regions": regions,
        }
    )


def _region_to_dict(
    one: RegionChange, before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        **{name: before[name] for name in _PLACE},
        "identical": one.identical,
        "before": {name: before[name] for name in _READ},
        "after": {name: after[name] for name in _READ},
        "change": _change_to_dict(one.change),
        "distortions": [
            {"type": item.type.value, "before": item.before, "after": item.after}
            for item in one.distortions
        ],
    }


def _change_to_dict(change: Change) -> dict[str, Any]:
    before, after = round(change.before, DIGITS), round(change.after, DIGITS)
    return {
        "before": before,
        "after": after,
        "quality": round(after - before, DIGITS),
        "std": round(change.std, DIGITS),
        "verdict": change.verdict.value,
    }


def _change_from_dict(plain: Mapping[str, Any]) -> Change:
    return Change(plain["before"], plain["after"], plain["std"], Verdict(plain["verdict"]))
