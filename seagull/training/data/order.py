"""The order of the regions of a micro-batch as tensors, for the losses of order."""

from __future__ import annotations

import json
from collections.abc import Sequence

import torch
from torch import Tensor

from seagull.records import RegionLabels
from seagull.records.order import PlacedRegion, order_of
from seagull.regions.spec import RegionSpec

Known = tuple[str, RegionLabels | None]
"""A region's key (``region_key``) and what is known of it."""


def region_key(spec: RegionSpec) -> str:
    """The same text for the same part of a photo, whatever it is called."""
    return json.dumps({k: v for k, v in spec.to_dict().items() if k != "id"}, sort_keys=True)


def order_targets(rows: Sequence[Sequence[Known]], max_regions: int) -> dict[str, Tensor]:
    """Targets of the losses of order, by their names in a batch.

    Args:
        rows: per photo, its regions.
        max_regions: how many regions the batch has room for a photo.

    Returns:
        ``pairs`` (P, 2): two regions each, by their places among the batch's B x R;
        ``pair_targets`` (P,): the chance that the first is the better one; ``pair_rated`` (P,):
        whether that is drawn from MOS; ``unchanged`` (S, 2) and ``poor`` (K,): as in ``Order``.
    """
    order = order_of(
        PlacedRegion(photo * max_regions + number, photo, key, labels)
        for photo, row in enumerate(rows)
        for number, (key, labels) in enumerate(row)
        if labels is not None
    )
    pairs = [(pair.first, pair.second) for pair in order.pairs]
    return {
        "pairs": torch.tensor(pairs, dtype=torch.long).reshape(-1, 2),
        "pair_targets": torch.tensor([p.chance for p in order.pairs], dtype=torch.float32),
        "pair_rated": torch.tensor([p.rated for p in order.pairs], dtype=torch.bool),
        "unchanged": torch.tensor(order.unchanged, dtype=torch.long).reshape(-1, 2),
        "poor": torch.tensor(order.poor, dtype=torch.long),
    }
