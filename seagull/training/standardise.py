"""Fits statistics to the first photos of a run, before the first step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from seagull.model.mfe import PyramidCrop, Standardise
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.training.batch_statistics import measure
from seagull.training.data.samples import Batch
from seagull.training.network import TrainingNetwork

BATCHES = 24
"""Micro-batches whose regions are looked at."""


def fit_statistics(
    network: TrainingNetwork, batches: Callable[[], Iterable[Batch]], *, again: bool
) -> None:
    """Fits what goes by statistics of the data to the first photos.

    Args:
        network: of the run.
        batches: makes the first batches anew at each call.
        again: whether the network starts from an adapter.
    """
    if again and network.normed:
        network.eval()
        measure(network.normed, lambda: see_photos(network.model, batches()))
    fit_scales(network.model, batches())


@torch.no_grad()
def fit_scales(model: SeagullForConditionalGeneration, batches: Iterable[Batch]) -> None:
    """Fits every ``Standardise`` that is not yet fitted to the regions of some batches.

    The local branch's waits for batches with crops.

    Args:
        model: whose vision encoder is as it will be at the first step.
        batches: as the trainer gets them.
    """
    waiting = [m for m in model.mfe.modules() if isinstance(m, Standardise) and not m.fitted]
    if not waiting:
        return
    rows: dict[Standardise, list[Tensor]] = {norm: [] for norm in waiting}
    for batch in batches:
        for norm, statistics in _statistics(model, batch):
            if norm in rows:
                rows[norm].append(statistics)
    for norm, norm_rows in rows.items():
        if norm_rows:
            values = torch.cat(norm_rows)
            norm.fit(values.mean(dim=0), values.std(dim=0))


@torch.no_grad()
def see_photos(model: SeagullForConditionalGeneration, batches: Iterable[Batch]) -> None:
    """Sends the photos of some batches through the vision encoder."""
    weight = next(model.vision_encoder.parameters())
    for batch in batches:
        model.vision_encoder(batch["pixel_values"].to(weight.device, weight.dtype))


def _statistics(
    model: SeagullForConditionalGeneration, batch: Batch
) -> Iterator[tuple[nn.Module, Tensor]]:
    """The MFE's norms, and the statistics (n, C) of the batch's regions that each of them gets."""
    mfe, weight = model.mfe, next(model.vision_encoder.parameters())
    inputs = {name: value.to(weight.device) for name, value in batch.items()}
    masks = inputs["region_masks"]
    # Regions that only fill up the batch have an empty mask.
    real = masks.flatten(2).any(dim=2)
    if mfe.norms is not None:
        pyramid = model.vision_encoder(inputs["pixel_values"].to(weight.dtype))
        for norm, level in zip(mfe.norms, mfe.pooled(pyramid, masks), strict=True):
            yield norm, level[real]
    if isinstance(mfe.local, PyramidCrop) and "region_crops" in inputs:
        crops, crop_masks = inputs["region_crops"][real], inputs["region_crop_masks"][real]
        yield (
            mfe.local.norm,
            mfe.local.pooled(model.vision_encoder(crops.to(weight.dtype)), crop_masks),
        )
