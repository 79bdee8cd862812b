"""How DGIQA learns here: nothing of its training is published, so this recipe is ours."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from seagull.baselines.config import DgiqaSettings
from seagull.baselines.dgiqa.network import DgiqaNetwork
from seagull.baselines.losses import absolute, correlation_loss
from seagull.baselines.samples import Batch


class DgiqaLearner:
    """L = L1 + ``correlation`` (1 - PLCC over the batch).

    Importance, where it is learned, adds L1 of its own.

    Args:
        network: that learns.
        settings: weight of the correlation loss.
    """

    def __init__(self, network: DgiqaNetwork, settings: DgiqaSettings) -> None:
        self.network, self.settings = network, settings

    def loss(self, batch: Batch, epoch: float) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch, and its parts."""
        settings = self.settings
        predicted = self.network(batch.views)
        quality, known = predicted[:, 0], batch.known[:, 0]
        parts = {"quality": absolute(quality, known)}
        if settings.correlation:
            parts["correlation"] = settings.correlation * correlation_loss(quality, known)
        if predicted.shape[1] > 1:
            parts["importance"] = absolute(predicted[:, 1], batch.known[:, 1])
        total = sum(parts.values(), predicted.new_zeros(()))
        return total, {name: float(part.detach()) for name, part in parts.items()}

    def state(self) -> dict[str, Tensor]:
        """Nothing is remembered between batches."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing to take up."""
