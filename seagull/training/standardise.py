"""Scales of statistics are taken from the first photos of a run, before anything learns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import torch
from torch import Tensor, nn

from seagull.model.head import RegionHead
from seagull.model.mfe import PyramidCrop, Standardise
from seagull.model.readers import TowerReader
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.training.samples import Batch

BATCHES = 24
"""Micro-batches whose regions are looked at."""


@torch.no_grad()
def fit_scales(
    model: SeagullForConditionalGeneration,
    batches: Iterable[Batch],
    *,
    crops: bool = True,
    head: RegionHead | None = None,
) -> None:
    """Fits every ``Standardise`` that is not yet fitted to the regions of some batches.

    Args:
        model: whose vision encoder is as it will be at the first step.
        batches: as the trainer gets them.
        crops: whether the local branch is used.
        head: whose readers have scales as well.
    """
    norms: list[nn.Module] = [*(model.mfe.norms or ())]
    local = model.mfe.local if crops and isinstance(model.mfe.local, PyramidCrop) else None
    norms += [] if local is None else [local.norm]
    norms += [] if head is None else _norms_of(head)
    if all(not isinstance(norm, Standardise) or norm.fitted for norm in norms):
        return
    rows: list[list[Tensor]] = [[] for _ in norms]
    for batch in batches:
        found = _statistics(model, batch, local, head)
        for own, statistics in zip(rows, found, strict=True):
            own.append(statistics)
    for norm, own in zip(norms, rows, strict=True):
        if isinstance(norm, Standardise) and not norm.fitted:
            together = torch.cat(own)
            norm.fit(together.mean(dim=0), together.std(dim=0))


@torch.no_grad()
def see_photos(model: SeagullForConditionalGeneration, batches: Iterable[Batch]) -> None:
    """Sends the photos of some batches through the vision encoder."""
    weight = next(model.vision_encoder.parameters())
    for batch in batches:
        model.vision_encoder(batch["pixel_values"].to(weight.device, weight.dtype))


@torch.no_grad()
def forget_scales(model: SeagullForConditionalGeneration) -> None:
    """Makes every ``Standardise`` of the MFE one that is to be fitted."""
    for module in model.mfe.modules():
        if isinstance(module, Standardise):
            module.scale.fill_(1)
            module.shift.zero_()


def _statistics(
    model: SeagullForConditionalGeneration,
    batch: Batch,
    local: PyramidCrop | None,
    head: RegionHead | None,
) -> list[Tensor]:
    """Statistics (n, C) of the regions for each scale, in the order of ``fit_scales``."""
    mfe, weight = model.mfe, next(model.vision_encoder.parameters())
    there = {name: value.to(weight.device) for name, value in batch.items()}
    masks = there["region_masks"]
    # Regions that only fill up the batch have an empty mask.
    real = masks.flatten(2).any(dim=2)
    pyramid = model.vision_encoder(there["pixel_values"].to(weight.dtype))
    found: list[Tensor] = []
    if mfe.norms is not None:
        found += [level[real] for level in mfe.pooled(mfe.own(pyramid), masks)]
    if local is not None:
        seen, shown = there["region_crops"][real], there["region_crop_masks"][real]
        found.append(local.pooled(model.vision_encoder.first(seen.to(weight.dtype)), shown))
    if head is not None:
        side = model.side_view(pyramid, masks)
        found += side.statistics[real].unbind(dim=1)
        if head.subsets is not None:
            found.append(side.every[real].flatten(1))
        if head.regions is not None and head.regions.mfe.norms is not None:
            pooled = head.regions.mfe.pooled(model.region_levels(pyramid), masks)
            found += [level[real] for level in pooled]
    return found


def _norms_of(head: RegionHead) -> list[nn.Module]:
    norms: list[nn.Module] = [cast(TowerReader, reader).norm for reader in head.readers]
    norms += [] if head.subsets is None else [head.subsets.norm]
    return norms if head.regions is None else [*norms, *(head.regions.mfe.norms or ())]
