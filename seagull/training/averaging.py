"""The running mean of what is trained: noise of single steps cancels out in it.

Exponential averages of weights (Polyak averaging; as in Mean Teacher, arXiv 1703.01780) may do
better on new photos than the last weights. Batch statistics that are learned are averaged, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from seagull.training.batch_statistics import restore, statistics
from seagull.training.network import TrainingNetwork

AVERAGE_FILE = "average.safetensors"
"""In checkpoints of runs that average."""
_STATISTICS = "statistics::"
_COUNT = "count::"


class WeightAverage(TrainerCallback):
    """The mean of a network's trained weights over the steps so far, the newest counting most.

    Args:
        network: whose weights learn.
        share: of the mean that a step leaves as it is, in (0, 1); the first steps leave less, so
            that the weights at the beginning do not linger.
    """

    def __init__(self, network: TrainingNetwork, share: float) -> None:
        self.network, self.share, self.count = network, share, 0
        self.mean = self._copied()

    @torch.no_grad()
    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Takes the weights after a step into the mean."""
        self.count += 1
        share = min(self.share, self.count / (self.count + 9))
        for key, value in self._now().items():
            self.mean[key].lerp_(value, 1 - share)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the network has the mean of its weights; afterwards its weights again."""
        last = self._copied()
        self._put(self.mean)
        try:
            yield
        finally:
            self._put(last)

    def save(self, file: Path) -> None:
        """Writes the mean."""
        plain = {key: value.cpu().contiguous() for key, value in self.mean.items()}
        save_file(plain | {_COUNT: torch.tensor(self.count)}, file)

    def load(self, file: Path) -> None:
        """Takes over the mean that was written of the same network."""
        stored = load_file(file)
        self.count = int(stored.pop(_COUNT))
        self.mean = {key: stored[key].to(value.device) for key, value in self.mean.items()}

    def _copied(self) -> dict[str, Tensor]:
        return {key: value.clone() for key, value in self._now().items()}

    def _now(self) -> dict[str, Tensor]:
        weights = {key: value.detach() for key, value in self.network.trained()}
        learned = statistics(self.network.normed).items()
        return weights | {_STATISTICS + key: value for key, value in learned}

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for key, parameter in self.network.trained():
            parameter.copy_(values[key])
        learned = {
            key.removeprefix(_STATISTICS): value
            for key, value in values.items()
            if key.startswith(_STATISTICS)
        }
        restore(self.network.normed, learned)
