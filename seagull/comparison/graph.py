"""A comparison as a distortion graph: the JSON form of Panda (arXiv 2604.11004).

Four lists: ``objects`` (each region in photo 1 and in photo 2), ``attributes`` (of each of them its
type, severity and score), ``relationships`` (within a photo; none here) and ``art`` (what a region
of photo 1 is, compared with the same one of photo 2). All values are texts.

A region has one type there, the likeliest one. Panda tells directions apart that Seagull does not:
``contrast``, ``exposure`` and ``colorfulness`` keep their names.
"""

from __future__ import annotations

from typing import Any

from seagull.comparison.types import Comparison, Verdict
from seagull.types import RegionAssessment

CLEAN = "clean"
SEVERITIES = {
    "trivial": "minor",
    "minor": "minor",
    "moderate": "moderate",
    "serious": "severe",
    "severe": "severe",
}
"""Panda's severity words for ours."""
RELATIONS = {
    Verdict.MUCH_WORSE: "significantly_better",
    Verdict.WORSE: "slightly_better",
    Verdict.SAME: "same",
    Verdict.BETTER: "slightly_worse",
    Verdict.MUCH_BETTER: "significantly_worse",
}
"""What a region of photo 1 is, by the verdict on photo 2."""


def distortion_graph(comparison: Comparison) -> dict[str, list[dict[str, Any]]]:
    """The distortion graph of a comparison: photo 1 is before, photo 2 is after."""
    count = len(comparison.regions)
    graph: dict[str, list[dict[str, Any]]] = {
        "objects": [], "attributes": [], "relationships": [], "art": [],
    }  # fmt: skip
    for number, one in enumerate(comparison.regions):
        sides = ((str(number), "1", one.before), (str(number + count), "2", one.after))
        for id, image, assessment in sides:
            graph["objects"].append({"id": id, "name": one.region.id, "image": image})
            graph["attributes"] += [
                {"attribute": text, "object": id, "image": image} for text in _texts(assessment)
            ]
        relation = RELATIONS[one.change.verdict]
        graph["art"].append(
            {"predicate": relation, "object": str(number), "subject": str(number + count)}
        )
    return graph


def _texts(assessment: RegionAssessment) -> list[str]:
    """Type, severity and score of a region, as Panda writes them."""
    found = (assessment.distortions or (None,))[0]
    words = [CLEAN, CLEAN] if found is None else [found.type.value, SEVERITIES[found.severity]]
    return [*words, *([f"{assessment.quality.score:.4f}"] if assessment.quality else [])]
