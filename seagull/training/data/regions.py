"""The regions of a photo, of which several records speak."""

from __future__ import annotations

import json
from collections.abc import Iterable

from seagull.records import InstructionRecord, RegionLabels
from seagull.regions.spec import RegionSpec


class Regions:
    """The different regions that records of one photo speak of.

    Attributes:
        specs: of the regions.
        labels: what all records together know of each, None where nothing is.

    Raises:
        ValueError: naming record and region, if the labels of two records contradict each other.
    """

    def __init__(self, records: Iterable[InstructionRecord]) -> None:
        self.specs: list[RegionSpec] = []
        self.labels: list[RegionLabels | None] = []
        self._numbers: dict[str, int] = {}
        for record in records:
            for spec in record.regions:
                number = self._numbers.setdefault(_key(spec), len(self.specs))
                if number == len(self.specs):
                    self.specs.append(spec)
                    self.labels.append(None)
                self.labels[number] = _known_with(record, spec, self.labels[number])

    def number(self, record: InstructionRecord, name: str) -> int:
        """The region's number, by the name that the record has for it.

        Ids of records may repeat from one file to another, so they tell nothing here.
        """
        return self._numbers[next(_key(spec) for spec in record.regions if spec.id == name)]


def _known_with(
    record: InstructionRecord, spec: RegionSpec, known: RegionLabels | None
) -> RegionLabels | None:
    """What is known of a region with what one more record says of it."""
    labels = record.labels.get(spec.id)
    if known is None or labels is None:
        return labels if known is None else known
    try:
        return known.merged(labels)
    except ValueError as error:
        raise ValueError(
            f"record {record.id}, region {spec.id}: records about it contradict each other "
            f"({error}); keep one of them, or put them into two sources"
        ) from error


def _key(spec: RegionSpec) -> str:
    return json.dumps(spec.to_dict(), sort_keys=True)
