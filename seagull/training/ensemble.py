"""Several networks that read as one: the mean of what their heads say of a region."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from seagull.model.head import HeadReading
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.training.network import TrainingNetwork


class Ensemble:
    """Finished networks with heads, none of which learns any more.

    No module: those it holds are neither parameters nor part of the checkpoints of a network that
    learns from it.

    Args:
        networks: at least one.
    """

    def __init__(self, networks: Sequence[TrainingNetwork]) -> None:
        self.networks = [network.eval().requires_grad_(False) for network in networks]

    @property
    def model(self) -> SeagullForConditionalGeneration:
        """The first one's model."""
        return self.networks[0].model

    @torch.no_grad()
    def read(self, batch: dict[str, Tensor]) -> HeadReading:
        """The mean of all readings, log-odds of presence included, on the device of the batch.

        Shapes: see ``HeadReading``.
        """
        device = batch["pixel_values"].device
        every = [network.to(device).read(batch) for network in self.networks]
        return HeadReading(*(torch.stack(part).mean(dim=0) for part in zip(*every, strict=True)))
