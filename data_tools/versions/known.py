"""What is known of a region in one version, and what a model reads of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from data_tools.turns import RegionFacts
from seagull.records import RegionLabels, RegionOrder


class Reading(NamedTuple):
    """What a model reads of a region: quality in [0, 1] and its standard deviation."""

    quality: float
    std: float


Readings = Mapping[tuple[str, str], Reading]
"""By a picture's path in the output folder and a region's id."""


@dataclass(frozen=True)
class KnownRegion:
    """What is known of one region in one version.

    Args:
        facts: the numbers and words; ``distortions`` of it is only right if ``typed``.
        typed: whether it is known which distortions cover the region.
        state: ``clean``, ``distorted`` or ``partly``.
        raw: quality as the metric gave it.
        order: its place among the versions of its scene.
        read: what a model reads of it; None where none did.
    """

    facts: RegionFacts
    typed: bool
    state: str
    raw: float
    order: RegionOrder
    read: Reading | None = None

    @property
    def labels(self) -> RegionLabels:
        """The labels as they stand in a record."""
        important = self.facts.importance
        return RegionLabels(
            quality=round(self.facts.quality, 5),
            importance=None if important is None else round(important, 5),
            distortions=self.facts.distortions if self.typed else None,
            quality_std=None if self.read is None else round(self.read.std, 5),
            metric=self.facts.metric,
            order=self.order,
        )
