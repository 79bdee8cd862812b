"""The MFE's scales are taken from the first photos of a run, before anything learns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from seagull.model.mfe import MaskFeatureExtractor, PyramidCrop, Standardise
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.training.samples import Batch

BATCHES = 24
"""Micro-batches whose regions are looked at."""


@torch.no_grad()
def fit_scales(
    model: SeagullForConditionalGeneration, batches: Iterable[Batch], *, crops: bool = True
) -> None:
    """Fits every ``Standardise`` of the MFE that is not yet fitted to the regions of some batches.

    Args:
        model: whose vision encoder is as it will be at the first step.
        batches: as the trainer gets them.
        crops: whether the local branch is used.
    """
    mfe = model.mfe
    norms: list[nn.Module] = [*(mfe.norms or ())]
    local = mfe.local if crops and isinstance(mfe.local, PyramidCrop) else None
    norms += [] if local is None else [local.norm]
    if all(not isinstance(norm, Standardise) or norm.fitted for norm in norms):
        return
    rows: list[list[Tensor]] = [[] for _ in norms]
    for batch in batches:
        found = _statistics(model, mfe, batch, crops=local is not None)
        for own, statistics in zip(rows, found if mfe.norms else found[-1:], strict=True):
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
    model: SeagullForConditionalGeneration, mfe: MaskFeatureExtractor, batch: Batch, *, crops: bool
) -> Sequence[Tensor]:
    """Statistics (n, C) of the regions in each level of the photo, then in their crops."""
    weight = next(model.vision_encoder.parameters())
    there = {name: value.to(weight.device) for name, value in batch.items()}
    # Regions that only fill up the batch have an empty mask.
    real = there["region_masks"].flatten(2).any(dim=2)
    pyramid = model.vision_encoder(there["pixel_values"].to(weight.dtype))
    found = [level[real] for level in mfe.pooled(pyramid, there["region_masks"])]
    if crops and isinstance(mfe.local, PyramidCrop):
        seen, masks = there["region_crops"][real], there["region_crop_masks"][real]
        found.append(mfe.local.pooled(model.vision_encoder.first(seen.to(weight.dtype)), masks))
    return found
