"""Which of two regions is surely the worse one, and where nothing is said of it."""

from __future__ import annotations

from statistics import NormalDist

import pytest

from seagull.records import MOS, RegionLabels, RegionOrder
from seagull.records.order import PlacedRegion, is_worse, order_of

SCENE = "haarpsi-1/p.0"


def region(
    place: int,
    photo: int,
    key: str,
    levels: dict[str, int] | None,
    sharpness: float | None = 0.05,
    group: str = SCENE,
) -> PlacedRegion:
    return PlacedRegion(
        place, photo, key, RegionLabels(order=RegionOrder(group, levels, sharpness))
    )


def rated(place: int, mos: float, group: str, metric: str = MOS) -> PlacedRegion:
    labels = RegionLabels(quality=mos, metric=metric, order=RegionOrder(group))
    return PlacedRegion(place, place, "whole", labels)


@pytest.mark.parametrize(
    ("levels", "than", "worse"),
    [
        ({}, {"blur/gaussian": 3}, True),
        ({}, {"blur/gaussian": 2}, False),  # hardly to be seen
        ({}, {"contrast/slope-higher": 8}, False),  # may look better
        ({}, {"contrast/slope-higher": 9}, True),
        ({"noise/sensor": 6}, {"noise/sensor": 10}, True),
        ({"noise/sensor": 6}, {"noise/sensor": 9}, False),  # less than a step
        ({"noise/sensor": 10}, {"noise/sensor": 6}, False),
        ({"exposure/gain-lower": 4}, {"exposure/gain-lower": 12}, True),
        ({"exposure/gain-lower": 2}, {"exposure/gain-lower": 7}, False),
        ({"exposure/gain-lower": 12}, {"exposure/gain-higher": 20}, False),  # two ways, no order
        ({"blur/disc": 5}, {"blur/disc": 5, "noise/sensor": 4}, True),
        ({"blur/disc": 5}, {"blur/disc": 9, "contrast/slope-lower": 3}, False),  # may make up
        ({"blur/disc": 5}, {"blur/disc": 5}, False),
    ],
)
def test_worse_is_what_nobody_would_dispute(
    levels: dict[str, int], than: dict[str, int], worse: bool
) -> None:
    assert is_worse(levels, than) is worse
    assert not (worse and is_worse(than, levels))


def test_one_region_in_two_versions_and_two_regions_of_one_picture() -> None:
    order = order_of(
        [
            region(0, 0, "face", {}),
            region(1, 1, "face", {"blur/gaussian": 12}),
            region(2, 1, "sky", {}, sharpness=0.01),
            region(3, 1, "tree", {}, sharpness=0.09),
        ]
    )
    pairs = {(p.first, p.second): (p.chance, p.alone) for p in order.pairs}
    # The sky was less sharp than the face before: blurred, the face may still be the sharper one.
    assert pairs == {(0, 1): (1.0, True), (1, 3): (0.0, False)}


def test_two_untouched_versions_must_agree() -> None:
    order = order_of([region(0, 0, "a", {}), region(1, 1, "a", {}), region(2, 2, "a", None)])
    assert order.unchanged == [(0, 1)]
    assert order.pairs == []


def test_groups_are_never_compared() -> None:
    order = order_of([region(0, 0, "a", {}), region(1, 1, "a", {"blur/disc": 20}, group="other")])
    assert order.pairs == []


def test_mos_gives_a_chance_inside_its_group_and_other_numbers_none() -> None:
    order = order_of(
        [rated(0, 0.7, "s1"), rated(1, 0.6, "s1"), rated(2, 0.1, "s2"), rated(3, 0.1, "s1", "x")]
    )
    (pair,) = order.pairs
    assert (pair.first, pair.second, pair.rated, pair.alone) == (0, 1, True, False)
    assert pair.chance == pytest.approx(NormalDist().cdf(0.1 / 0.1))


def test_severe_harm_is_poor_and_taste_is_not() -> None:
    order = order_of(
        [
            region(0, 0, "a", {"blur/motion": 17}),
            region(1, 0, "b", {"blur/motion": 16}),
            region(2, 0, "c", {"colorfulness/saturation-lower": 20}),
            region(3, 0, "d", {"contrast/slope-lower": 3, "exposure/gain-higher": 19}),
        ]
    )
    assert order.poor == [0, 3]
