"""The JSON schema of a quality report, as it ships in the package."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema

SCHEMA_ID = "seagull.quality_report/1"
"""Value of a report's ``schema`` field."""
SCHEMA_FILE = "quality_report.schema.json"


@cache
def report_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of ``seagull.quality_report/1``; not to be changed."""
    return dict(json.loads(files("seagull.reports").joinpath(SCHEMA_FILE).read_text("utf-8")))


def check_report(plain: object) -> None:
    """Passes if ``plain`` is a quality report in its JSON form.

    Raises:
        ValueError: naming the first field that does not fit, by its path.
    """
    error = jsonschema.exceptions.best_match(_validator().iter_errors(plain))
    if error is not None:
        where = error.json_path.replace("$", "report", 1)
        raise ValueError(f"not a {SCHEMA_ID}: {where}: {error.message[:200]}")


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(report_schema())
