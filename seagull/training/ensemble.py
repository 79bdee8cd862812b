"""Several networks that read as one: the mean of what their heads say of a region."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seagull.model.head import HEAD_NUMBERS, HeadReading
from seagull.model.mfe import Pyramid
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.model.vision import VisionEncoder
from seagull.training.network import TrainingNetwork
from seagull.types import DistortionType

REGION_INPUTS = (
    "pixel_values", "photo_masks", "region_masks", "region_crops", "region_crop_masks",
)  # fmt: skip
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
        learner: the vision encoder, which must not learn, of the network that learns from them.
            What it gives of a photo is enough for a network all of whose towers it has.
    """

    def __init__(
        self,
        networks: Sequence[TrainingNetwork],
        shares: Float[Tensor, "S networks"] | None = None,
        quality: Float[Tensor, "S networks"] | None = None,
        learner: VisionEncoder | None = None,
    ) -> None:
        if shares is None:
            shares = torch.full((1, len(networks)), 1 / len(networks))
        # Each (S, networks, kinds).
        numbers = shares[:, :, None].repeat(1, 1, len(HEAD_NUMBERS))
        if quality is not None:
            numbers[:, :, HEAD_NUMBERS.index("quality")] = quality
        self.shares = HeadReading(numbers, shares[:, :, None])
        self.networks = [network.eval().requires_grad_(False) for network in networks]
        encoders = [network.model.vision_encoder for network in networks]
        self.levels = [
            None if learner is None else levels_in(learner, encoder) for encoder in encoders
        ]
        """For each network the places of its levels among the learner's; None: it has to look."""

    @property
    def model(self) -> SeagullForConditionalGeneration:
        """The first one's model."""
        return self.networks[0].model

    @torch.no_grad()
    def read(self, batch: dict[str, Tensor], pyramid: Pyramid | None = None) -> HeadReading:
        """The mean of all readings, log-odds of presence included, on the device of the batch.

        Networks that do not count for a photo do not look at it. Shapes: see ``HeadReading``.

        Args:
            batch: photos and regions.
            pyramid: what the learner's vision encoder gives of the photos, if known already.
        """
        masks = batch["region_masks"]
        sources = batch.get("photo_sources", torch.zeros(len(masks), dtype=torch.long))
        # Each (networks, B, kinds).
        shares = HeadReading(
            *(part[sources.cpu()].transpose(0, 1).to(masks.device) for part in self.shares)
        )
        kinds = (len(HEAD_NUMBERS), len(DistortionType))
        mean = HeadReading(*(shares.numbers.new_zeros(*masks.shape[:2], kind) for kind in kinds))
        for network, levels, *own in zip(self.networks, self.levels, *shares, strict=True):
            asked = torch.cat(own, dim=1).any(dim=1).nonzero()[:, 0]
            if len(asked):
                shown = {name: batch[name][asked] for name in REGION_INPUTS if name in batch}
                seen = (
                    None if pyramid is None or levels is None
                    else [pyramid[place][asked] for place in levels]
                )  # fmt: skip
                read = network.to(masks.device).read(shown, seen)
                for whole, part, share in zip(mean, read, own, strict=True):
                    whole[asked] += share[asked, None] * part
        return mean


def levels_in(learner: VisionEncoder, encoder: VisionEncoder) -> list[int] | None:
    """The places of a vision encoder's levels among those of one that has all its towers.

    None if the learner lacks a tower, with exactly these weights, this scale and these looks.
    """
    count = len(encoder.strides)
    known, wanted = (
        zip(one.scales, one.looks, one.backbones, strict=True) for one in (learner, encoder)
    )
    places = [*enumerate(known)]
    found: list[int] = []
    for *seen, tower in wanted:
        same = [place for place, (*own, other) in places if own == seen and alike(other, tower)]
        if not same:
            return None
        found += range(same[0] * count, (same[0] + 1) * count)
    return found


def alike(one: nn.Module, other: nn.Module) -> bool:
    """Whether two modules of one kind have the same weights and statistics."""
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(
        value.dtype == second[name].dtype and torch.equal(value.cpu(), second[name].cpu())
        for name, value in first.items()
    )
