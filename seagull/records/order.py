"""The known order of regions by quality, where no region has a score.

Numbers of full-reference metrics say little of how good a region looks to people, but which of two
versions of a region is the worse one is often sure (``RegionOrder``). MOS of photos that the same
people rated are put in order as well, by Thurstone's model: the chance that the first is better
follows from how far apart they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import erf, sqrt
from typing import NamedTuple

from seagull.records import MOS, RegionLabels, RegionOrder
from seagull.types import DistortionType

STEP = 4
"""Levels between two strengths of a distortion that can be told apart: one severity word."""
HARMS_FROM: Mapping[str, int] = {
    DistortionType.BLUR: 3,
    DistortionType.NOISE: 3,
    DistortionType.COMPRESSION: 3,
    # A little more or less of these often looks better than the photo itself: from moderate on.
    DistortionType.CONTRAST: 9,
    DistortionType.COLORFULNESS: 9,
    DistortionType.EXPOSURE: 9,
}
"""Level from which a distortion of that type makes a region worse, whatever it shows."""
SEVERE = 17
"""Level from which a distortion is severe."""
POOR_WHEN_SEVERE = (
    DistortionType.BLUR, DistortionType.NOISE, DistortionType.COMPRESSION, DistortionType.EXPOSURE,
)  # fmt: skip
POOR_BELOW = 0.4
"""Where the words fair and better begin: no region under such a distortion reaches it."""
MOS_DEVIATION = 0.1
"""Standard deviation of the difference of two MOS, of which the chance of their order is drawn."""


@dataclass(frozen=True)
class PlacedRegion:
    """A region among others.

    Args:
        place: its number among them.
        photo: tells regions of one picture from those of another.
        key: tells the same region in another version of its photo.
        labels: what is known of it.
    """

    place: int
    photo: str | int
    key: str
    labels: RegionLabels

    @property
    def order(self) -> RegionOrder:
        """Where it stands among others, which is known."""
        assert self.labels.order is not None
        return self.labels.order


class OrderedPair(NamedTuple):
    """Two regions, by their places.

    Attributes:
        first, second: places.
        chance: that the first is the better one, in [0, 1].
        rated: whether that is drawn from MOS.
        alone: whether it is one region in two versions of its photo.
    """

    first: int
    second: int
    chance: float
    rated: bool
    alone: bool


class Order(NamedTuple):
    """What is known of the order of some regions.

    Attributes:
        pairs: of which one is the better one.
        unchanged: places of one region in two versions that both leave it untouched.
        poor: places of regions that nobody would call fair.
    """

    pairs: list[OrderedPair]
    unchanged: list[tuple[int, int]]
    poor: list[int]


def order_of(regions: Iterable[PlacedRegion]) -> Order:
    """What is known of the order of the regions, each compared inside its group alone."""
    order = Order([], [], [])
    groups: dict[str, list[PlacedRegion]] = {}
    for region in regions:
        if region.labels.order is not None:
            groups.setdefault(region.order.group, []).append(region)
            if _is_poor(region.order):
                order.poor.append(region.place)
    for members in groups.values():
        for first, second in combinations(members, 2):
            chance = _chance_of_first(first, second)
            if chance is not None:
                rated, same_region = first.order.levels is None, first.key == second.key
                order.pairs.append(
                    OrderedPair(first.place, second.place, chance, rated, same_region and not rated)
                )
            elif first.key == second.key and first.order.levels == second.order.levels == {}:
                order.unchanged.append((first.place, second.place))
    return order


def _chance_of_first(first: PlacedRegion, second: PlacedRegion) -> float | None:
    """That the first is the better one; None where nothing is known of it."""
    first_levels, second_levels = first.order.levels, second.order.levels
    if first_levels is None or second_levels is None:
        mos = [r.labels.quality for r in (first, second) if r.labels.metric == MOS]
        if len(mos) < 2 or mos[0] is None or mos[1] is None:
            return None
        return 0.5 * (1 + erf((mos[0] - mos[1]) / (MOS_DEVIATION * sqrt(2))))
    if first.key == second.key:
        second_is_worse = is_worse(first_levels, second_levels)
        ordered = second_is_worse or is_worse(second_levels, first_levels)
        return float(second_is_worse) if ordered else None
    if first.photo != second.photo or bool(first_levels) == bool(second_levels):
        return None
    better, worse = (first, second) if second_levels else (second, first)
    if not is_worse({}, worse.order.levels or {}) or not _as_sharp(better.order, worse.order):
        return None
    return 1.0 if better is first else 0.0


def is_worse(levels: Mapping[str, int], than: Mapping[str, int]) -> bool:
    """Whether a region with the levels ``than`` is surely worse than the same one with ``levels``.

    Every distortion is as strong or stronger; each that is stronger is strong enough to harm, and
    at least one is new or a step stronger.
    """
    if any(level > than.get(name, 0) for name, level in levels.items()):
        return False
    increased = {name: level for name, level in than.items() if level > levels.get(name, 0)}
    clear = [n for n, level in increased.items() if n not in levels or level - levels[n] >= STEP]
    harms = all(level >= HARMS_FROM[name.split("/")[0]] for name, level in increased.items())
    return bool(clear) and harms


def _as_sharp(order: RegionOrder, other_order: RegionOrder) -> bool:
    """Whether one region was at least as sharp as the other before anything was done to either."""
    if order.sharpness is None or other_order.sharpness is None:
        return False
    return order.sharpness >= other_order.sharpness


def _is_poor(order: RegionOrder) -> bool:
    levels = order.levels or {}
    return any(
        level >= SEVERE and name.split("/")[0] in POOR_WHEN_SEVERE for name, level in levels.items()
    )
