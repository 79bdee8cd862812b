"""The regions of a packed photo: what all its records know of them."""

from itertools import permutations
from typing import Any

import pytest

from seagull.records import InstructionRecord, RegionLabels
from seagull.training.data.regions import Regions


def test_what_all_records_say_of_a_region_is_learned() -> None:
    blurred = {"distortions": [["blur", "minor"]]}
    rated = {"quality": 0.7, "metric": "mos"}
    told = [_about(f"r{number}", labels) for number, labels in enumerate(({}, blurred, rated))]
    for order in permutations(told):
        (labels,) = Regions(order).labels
        assert labels == RegionLabels.from_dict(blurred | rated)


def test_records_that_contradict_each_other_are_refused_by_name() -> None:
    told = [_about(f"r{n}", {"quality": n / 2, "metric": "mos"}) for n in range(2)]
    with pytest.raises(ValueError, match=r"record r1, region 1: .*quality is 0\.0 in one and 0\.5"):
        Regions(told)


def _about(name: str, labels: dict[str, Any]) -> InstructionRecord:
    plain = {"id": name, "image": "a.png", "regions": [{"id": "1", "box": [1, 1, 9, 9]}],
             "messages": [], "labels": {"1": labels} if labels else {}}  # fmt: skip
    return InstructionRecord.from_dict(plain)
