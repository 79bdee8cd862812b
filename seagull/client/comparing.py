"""Comparisons as a server answers them, with what is known here of their photos and regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seagull.client.regions import with_own
from seagull.client.streaming import put_together
from seagull.client.uploads import Upload
from seagull.comparison.changes import mean_change
from seagull.comparison.json import comparison_from_dict
from seagull.comparison.types import Comparison
from seagull.types import QualityReport, Region


def read_comparison(answer: dict[str, Any], owns: Sequence[Region | None]) -> Comparison:
    """The comparison in an answer, of the regions that were sent as such.

    Args:
        answer: ``seagull.comparison/1``.
        owns: the regions that were sent, in order; None where the server made one.

    Raises:
        ValueError: if it is no comparison.
    """
    made = comparison_from_dict(answer)
    known = [*owns, *[None] * (len(made.regions) - len(owns))]
    regions = tuple(
        replace(region, before=with_own(region.before, own), after=with_own(region.after, own))
        for region, own in zip(made.regions, known, strict=True)
    )
    return replace(
        made,
        before=replace(made.before, regions=tuple(region.before for region in regions)),
        after=replace(made.after, regions=tuple(region.after for region in regions)),
        regions=regions,
    )


def put_comparisons_together(parts: Sequence[Comparison]) -> Comparison:
    """One comparison of several about parts of the same regions of the same two photos."""
    if len(parts) == 1:
        return parts[0]
    regions = tuple(region for part in parts for region in part.regions)
    return replace(
        parts[0],
        before=put_together([part.before for part in parts]),
        after=put_together([part.after for part in parts]),
        change=mean_change(regions, parts[0].measured),
        regions=regions,
    )


def with_paths(made: Comparison, before: Upload, after: Upload) -> Comparison:
    """The comparison with the paths of both photos' files."""
    return replace(
        made, before=_with_path(made.before, before), after=_with_path(made.after, after)
    )


def _with_path(report: QualityReport, upload: Upload) -> QualityReport:
    return replace(report, image=replace(report.image, path=upload.path))
