"""Answers that come line by line, put back together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, TypeVar

from seagull.client.errors import ServerError
from seagull.reports.json import report_from_dict
from seagull.types import QualityReport, RegionAssessment

T = TypeVar("T")


def assessed_lines(lines: Iterator[bytes], server: str) -> Iterator[RegionAssessment]:
    """The assessments in the lines of a streamed report.

    Args:
        lines: a ``report`` without regions, a ``region`` each, and ``done`` or ``error``.
        server: its address, for messages.

    Raises:
        ServerError: if the server ends with an error, or without a word.
    """
    head: dict[str, Any] = {}
    for line in lines:
        if not line:
            continue
        entry = json.loads(line)
        kind = entry["type"]
        if kind == "report":
            head = dict(entry["report"])
        elif kind == "region":
            whole = head | {"regions": [entry["region"]]}
            yield report_from_dict(whole).regions[0]
        elif kind == "error":
            error = entry["error"]
            raise ServerError(f"{server}: {error['message']}", 500, error.get("code"))
        elif kind == "done":
            return
    raise ServerError(f"{server}: the answer broke off; what came of it is whole", 500)


def sse_events(lines: Iterator[bytes], server: str) -> Iterator[dict[str, Any]]:
    """The objects in a stream of server-sent events, up to ``[DONE]``.

    Raises:
        ServerError: if one is an error, or the stream ends before ``[DONE]``.
    """
    for line in lines:
        if not line.startswith(b"data:"):
            continue
        text = line.removeprefix(b"data:").strip()
        if text == b"[DONE]":
            return
        event = json.loads(text)
        if error := event.get("error"):
            raise ServerError(f"{server}: {error['message']}", 500, error.get("code"))
        yield event
    raise ServerError(f"{server}: the answer broke off", 500)


def begun(items: Iterator[T]) -> Iterator[T]:
    """The same items, the first of which is there already: what refuses them has done so."""
    first = list(islice(items, 1))
    return chain(first, items)


def put_together(reports: Sequence[QualityReport]) -> QualityReport:
    """One report of several about parts of the same regions."""
    regions = tuple(assessed for report in reports for assessed in report.regions)
    names = sorted({name for assessed in regions if (name := assessed.region.segmenter)})
    return replace(reports[0], segmenter=", ".join(names) or None, regions=regions)
