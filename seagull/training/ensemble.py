"""Several networks that read as one: the mean of what their heads say of a region."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from seagull.model.head import HEAD_NUMBERS, HeadReading
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.training.network import TrainingNetwork
from seagull.types import DistortionType

REGION_INPUTS = ("pixel_values", "region_masks", "region_crops", "region_crop_masks")
"""What of a batch is read."""


class Ensemble:
    """Finished networks with heads, none of which learns any more.

    No module: those it holds are neither parameters nor part of the checkpoints of a network that
    learns from it.

    Args:
        networks: at least one.
        shares: (S, networks), what each counts for photos of each source; rows sum to 1. All alike
            and for all photos if None.
        quality: the same for what they read of quality; None where it is no exception.
    """

    def __init__(
        self,
        networks: Sequence[TrainingNetwork],
        shares: Float[Tensor, "S networks"] | None = None,
        quality: Float[Tensor, "S networks"] | None = None,
    ) -> None:
        if shares is None:
            shares = torch.full((1, len(networks)), 1 / len(networks))
        # Each (S, networks, kinds).
        numbers = shares[:, :, None].repeat(1, 1, len(HEAD_NUMBERS))
        if quality is not None:
            numbers[:, :, HEAD_NUMBERS.index("quality")] = quality
        self.shares = HeadReading(numbers, shares[:, :, None])
        self.networks = [network.eval().requires_grad_(False) for network in networks]

    @property
    def model(self) -> SeagullForConditionalGeneration:
        """The first one's model."""
        return self.networks[0].model

    @torch.no_grad()
    def read(self, batch: dict[str, Tensor]) -> HeadReading:
        """The mean of all readings, log-odds of presence included, on the device of the batch.

        Networks that do not count for a photo do not look at it. Shapes: see ``HeadReading``.
        """
        masks = batch["region_masks"]
        sources = batch.get("photo_sources", torch.zeros(len(masks), dtype=torch.long))
        # Each (networks, B, kinds).
        shares = HeadReading(
            *(part[sources.cpu()].transpose(0, 1).to(masks.device) for part in self.shares)
        )
        kinds = (len(HEAD_NUMBERS), len(DistortionType))
        mean = HeadReading(*(shares.numbers.new_zeros(*masks.shape[:2], kind) for kind in kinds))
        for network, *own in zip(self.networks, *shares, strict=True):
            asked = torch.cat(own, dim=1).any(dim=1).nonzero()[:, 0]
            if len(asked):
                shown = {name: batch[name][asked] for name in REGION_INPUTS if name in batch}
                read = network.to(masks.device).read(shown)
                for whole, part, share in zip(mean, read, own, strict=True):
                    whole[asked] += share[asked, None] * part
        return mean
