"""A small head that reads a region's numbers off its two tokens, without the language model."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seagull.model.adapter import keyed_parameters, load_tensors, read_adapter
from seagull.model.mfe import RegionTokens
from seagull.types import DistortionType

HEAD_NUMBERS = ("quality", "importance", *(kind.value for kind in DistortionType))
"""What the head reads, each in [0, 1]; of a distortion type its severity, 0 where it is absent."""
HEAD_FILE = "head.safetensors"
"""The head beside the weights of a model folder, as an adapter file."""
GROUP = "head."
"""Beginning of the head's keys in an adapter file."""


class HeadReading(NamedTuple):
    """What the head reads off regions' tokens."""

    numbers: Float[Tensor, "B R numbers"]
    """As in ``HEAD_NUMBERS``, in [0, 1]."""
    presence: Float[Tensor, "B R types"]
    """Log-odds that a distortion type is there, types in the order of ``DistortionType``."""


class RegionHead(nn.Module):
    """Quality, importance, and the presence and severity of each distortion type of regions.

    Args:
        width: width D of the tokens.
        hidden: inner width.
    """

    def __init__(self, width: int, hidden: int = 128) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * width)
        self.inner = nn.Linear(2 * width, hidden)
        self.outer = nn.Linear(hidden, len(HEAD_NUMBERS))
        self.presence = nn.Linear(hidden, len(DistortionType))

    def forward(self, tokens: RegionTokens) -> HeadReading:
        """Numbers and presence of each region."""
        both = torch.cat([tokens.global_tokens, tokens.local_tokens], dim=-1)
        hidden = nn.functional.gelu(self.inner(self.norm(both)))
        return HeadReading(torch.sigmoid(self.outer(hidden).float()), self.presence(hidden).float())


def read_head(adapter: Path, width: int) -> RegionHead | None:
    """The head of an adapter file, in 32 bits; None where there is none that tells presence.

    Args:
        adapter: the file, which may be missing.
        width: of the model's region tokens.

    Raises:
        ModelError: if the file is damaged, or its head is of another shape.
    """
    if not adapter.is_file():
        return None
    _, tensors = read_adapter(adapter)
    own = {k.removeprefix(GROUP): v for k, v in tensors.items() if k.startswith(GROUP)}
    head = RegionHead(width)
    wanted = keyed_parameters(head)
    if set(own) != set(wanted):
        return None
    load_tensors(wanted, own)
    return head.eval()
