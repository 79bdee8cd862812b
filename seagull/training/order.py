"""What is known of the order of the regions of a micro-batch.

Numbers of full-reference metrics say nothing of how good a region would look to people, but which
of two versions of a region is the worse one is sure. So such labels give pairs, and people's MOS
alone gives the scale (``RegionOrder`` in ``seagull.records``). Pairs of MOS are Thurstone's: the
chance that the first is better follows from how far apart they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import erf, sqrt

import torch
from torch import Tensor

from seagull.records import MOS, RegionLabels, RegionOrder
from seagull.regions.spec import RegionSpec
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
MOS_DEVIATION = 0.1
"""Standard deviation of the difference of two MOS, of which the chance of their order is drawn."""


@dataclass(frozen=True)
class PlacedRegion:
    """A region of a micro-batch.

    Args:
        place: its index among the batch's regions, photo by photo.
        photo: index of its photo.
        key: tells the same region in another version of its photo.
        labels: what is known of it.
    """

    place: int
    photo: int
    key: str
    labels: RegionLabels

    @property
    def order(self) -> RegionOrder:
        """Where it stands among others, which is known."""
        assert self.labels.order is not None
        return self.labels.order


def region_key(spec: RegionSpec) -> str:
    """The same text for the same part of a photo, whatever it is called."""
    return json.dumps({k: v for k, v in spec.to_dict().items() if k != "id"}, sort_keys=True)


def order_targets(regions: Iterable[PlacedRegion]) -> dict[str, Tensor]:
    """Targets of the losses of order, by their names in a batch.

    Returns:
        ``pairs`` (P, 2): places of two regions; ``pair_targets`` (P,): the chance that the first is
        the better one; ``pair_kinds`` (P,): 1 for pairs of MOS, else 0; ``unchanged`` (S, 2):
        places of one region in two versions that both leave it untouched; ``poor`` (K,): places of
        regions that nobody would call fair.
    """
    groups: dict[str, list[PlacedRegion]] = {}
    poor = []
    for region in regions:
        if region.labels.order is not None:
            groups.setdefault(region.order.group, []).append(region)
            poor += [region.place] if _is_poor(region.order) else []
    pairs, targets, kinds = list[tuple[int, int]](), list[float](), list[int]()
    unchanged = list[tuple[int, int]]()
    for members in groups.values():
        for first, second in combinations(members, 2):
            known = _chance_of_first(first, second)
            if known is not None:
                pairs.append((first.place, second.place))
                targets.append(known)
                kinds.append(int(first.order.levels is None))
            elif _untouched_twice(first, second):
                unchanged.append((first.place, second.place))
    return {
        "pairs": torch.tensor(pairs, dtype=torch.long).reshape(-1, 2),
        "pair_targets": torch.tensor(targets, dtype=torch.float32),
        "pair_kinds": torch.tensor(kinds, dtype=torch.long),
        "unchanged": torch.tensor(unchanged, dtype=torch.long).reshape(-1, 2),
        "poor": torch.tensor(poor, dtype=torch.long),
    }


def _chance_of_first(first: PlacedRegion, second: PlacedRegion) -> float | None:
    """That the first is the better one; None where nothing is known of it."""
    one, other = first.order.levels, second.order.levels
    if one is None or other is None:
        mos = [r.labels.quality for r in (first, second) if r.labels.metric == MOS]
        if len(mos) < 2 or mos[0] is None or mos[1] is None:
            return None
        return 0.5 * (1 + erf((mos[0] - mos[1]) / (MOS_DEVIATION * sqrt(2))))
    if first.key == second.key:
        return 1.0 if is_worse(one, other) else 0.0 if is_worse(other, one) else None
    if first.photo != second.photo or bool(one) == bool(other):
        return None
    better, worse = (first, second) if other else (second, first)
    if not is_worse({}, worse.order.levels or {}) or not _as_sharp(better.order, worse.order):
        return None
    return 1.0 if better is first else 0.0


def is_worse(levels: Mapping[str, int], than: Mapping[str, int]) -> bool:
    """Whether a region with the levels ``than`` is surely worse than the same one with ``levels``.

    Every distortion is as strong or stronger; each that is stronger is strong enough to harm, and
    at least one is a step stronger.
    """
    if any(level > than.get(name, 0) for name, level in levels.items()):
        return False
    more = {name: level for name, level in than.items() if level > levels.get(name, 0)}
    return (
        bool(more)
        and all(level >= HARMS_FROM[name.split("/")[0]] for name, level in more.items())
        and any(
            level - levels.get(name, 0) >= STEP or name not in levels
            for name, level in more.items()
        )
    )


def _as_sharp(one: RegionOrder, other: RegionOrder) -> bool:
    """Whether one region was at least as sharp as the other before anything was done to either."""
    known = one.sharpness is not None and other.sharpness is not None
    return known and (one.sharpness or 0.0) >= (other.sharpness or 0.0)


def _untouched_twice(first: PlacedRegion, second: PlacedRegion) -> bool:
    return first.key == second.key and first.order.levels == second.order.levels == {}


def _is_poor(order: RegionOrder) -> bool:
    levels = order.levels or {}
    return any(
        level >= SEVERE and name.split("/")[0] in POOR_WHEN_SEVERE for name, level in levels.items()
    )


def placed_regions(
    rows: Sequence[Sequence[tuple[str, RegionLabels | None]]], most: int
) -> Iterator[PlacedRegion]:
    """The regions of a batch with labels.

    Args:
        rows: per photo, key and labels of each of its regions.
        most: how many regions the batch has room for a photo.
    """
    for photo, row in enumerate(rows):
        for number, (key, labels) in enumerate(row):
            if labels is not None:
                yield PlacedRegion(photo * most + number, photo, key, labels)
