"""A small head that reads a region's numbers off its global token, without the language model."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seagull.model.adapter import keyed_parameters, load_tensors, read_adapter
from seagull.model.errors import ModelError
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.types import DistortionType

HEAD_NUMBERS = ("quality", "importance", *(kind.value for kind in DistortionType))
"""What the head reads, each in [0, 1]; of a distortion type its severity, 0 where it is absent."""
HEAD_FILE = "head.safetensors"
"""The head beside the weights of a model folder, as an adapter file."""
GROUP = "head."
"""Beginning of the head's keys in an adapter file."""
LEAST_SPREAD, SPREAD_RANGE = 0.02, 0.5
"""The spread of quality lies between the first and the sum of both."""


class HeadReading(NamedTuple):
    """What the head reads off regions' global tokens."""

    numbers: Float[Tensor, "B R numbers"]
    """As in ``HEAD_NUMBERS``, in [0, 1]; of quality the mean."""
    spread: Float[Tensor, "B R"]
    """Standard deviation of quality, on its scale."""
    presence: Float[Tensor, "B R types"]
    """Log-odds that a distortion type is there, types in the order of ``DistortionType``."""


class RegionHead(nn.Module):
    """Quality, its spread, importance, and presence and severity of each distortion type.

    Quality and spread are mean and standard deviation of a normal distribution and learn together,
    by the likelihood of the MOS; importance and severities by their distance from labels;
    presence by cross entropy.

    Args:
        width: width D of the tokens.
        hidden: inner width.
    """

    def __init__(self, width: int, hidden: int = 256) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, hidden)
        self.outer = nn.Linear(hidden, len(HEAD_NUMBERS))
        self.spread = nn.Linear(hidden, 1)
        self.presence = nn.Linear(hidden, len(DistortionType))

    def forward(self, global_tokens: Float[Tensor, "B R D"]) -> HeadReading:
        """What is read of each region, by itself."""
        hidden = nn.functional.gelu(self.inner(self.norm(global_tokens)))
        share = torch.sigmoid(self.spread(hidden).float()).squeeze(-1)
        return HeadReading(
            numbers=torch.sigmoid(self.outer(hidden).float()),
            spread=LEAST_SPREAD + SPREAD_RANGE * share,
            presence=self.presence(hidden).float(),
        )


def head_of(model: SeagullForConditionalGeneration) -> RegionHead:
    """A head of the model's width, randomly initialised."""
    return RegionHead(model.config.text.hidden_size)


def read_head(adapter: Path, head: RegionHead) -> RegionHead | None:
    """The head of an adapter file, in 32 bits; None where there is none.

    Args:
        adapter: the file, which may be missing.
        head: of the model's width, which gets the weights.

    Raises:
        ModelError: if the file is damaged or of an earlier version, or its head is of another shape
            or has other parts.
    """
    if not adapter.is_file():
        return None
    _, tensors = read_adapter(adapter)
    tensors_of_head = {k.removeprefix(GROUP): v for k, v in tensors.items() if k.startswith(GROUP)}
    if not tensors_of_head:
        return None
    parameters = keyed_parameters(head)
    if missing := sorted(parameters.keys() - tensors_of_head.keys()):
        raise ModelError(f"{adapter}: its head lacks {missing[0]}, which this model's head has")
    load_tensors(parameters, tensors_of_head)
    return head.eval()
