"""What every baseline network is: regions' views in, one number a task and region out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from jaxtyping import Float
from torch import Tensor, nn

from seagull.baselines.views import Views

if TYPE_CHECKING:
    from seagull.baselines.samples import Batch


class BaselineNetwork(nn.Module):
    """A network that reads regions of views.

    Its ``forward`` gives (R, tasks): quality, higher is better, and importance where it is learned;
    about [0, 1].
    """

    def forward(self, views: Views) -> Float[Tensor, "R tasks"]:
        """The numbers of each region."""
        raise NotImplementedError

    def parts(self) -> Mapping[str, nn.Module]:
        """Its parts by name; together they hold every parameter. ``encoder*`` are pretrained."""
        raise NotImplementedError


class Learner(Protocol):
    """How a system learns: its loss of a batch, and what it remembers between batches."""

    def loss(self, batch: Batch, epoch: float) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch, and what is worth a line in the log, by name.

        Args:
            batch: of regions.
            epoch: passes over the data before it.
        """
        ...

    def state(self) -> dict[str, Tensor]:
        """What it remembers, for a checkpoint; {} if nothing."""
        ...

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Takes up what ``state`` gave."""
        ...
