"""A small head that reads a region's numbers off its two tokens, without the language model.

Side towers, which the tokens are not made of, have small readers of their own in it, which know
quality alone. A gate says how much those count that have learned from whole photos; a reader of
cells takes the place that they leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from seagull.model.adapter import keyed_parameters, load_tensors, read_adapter
from seagull.model.errors import ModelError
from seagull.model.mfe import Pyramid, RegionTokens, SideView
from seagull.model.readers import CellReader, TowerReader
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.types import DistortionType

HEAD_NUMBERS = ("quality", "importance", *(kind.value for kind in DistortionType))
"""What the head reads, each in [0, 1]; of a distortion type its severity, 0 where it is absent."""
HEAD_FILE = "head.safetensors"
"""The head beside the weights of a model folder, as an adapter file."""
GROUP = "head."
"""Beginning of the head's keys in an adapter file."""
MOST = 0.5
"""What readers count together at most: as much as the tokens."""


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
        readers: one for each side tower that has learned from whole photos.
        statistics: how many statistics S each of these has.
        cells: of each tower that is read cell by cell, the channels of its levels.
    """

    def __init__(
        self,
        width: int,
        hidden: int = 128,
        *,
        readers: int = 0,
        statistics: int = 0,
        cells: Sequence[Sequence[int]] = (),
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * width)
        self.inner = nn.Linear(2 * width, hidden)
        self.outer = nn.Linear(hidden, len(HEAD_NUMBERS))
        self.presence = nn.Linear(hidden, len(DistortionType))
        self.readers = nn.ModuleList(TowerReader(statistics) for _ in range(readers))
        self.gate = nn.Linear(2 * width, 1) if readers else None
        self.cells = CellReader(cells) if cells else None

    def forward(self, tokens: RegionTokens, side: SideView | None = None) -> HeadReading:
        """Numbers and presence of each region.

        Args:
            tokens: of the regions.
            side: what the side towers show; needed if there are any.

        Raises:
            ValueError: if it is missing.
        """
        both = self.norm(torch.cat([tokens.global_tokens, tokens.local_tokens], dim=-1))
        hidden = nn.functional.gelu(self.inner(both))
        numbers = torch.sigmoid(self.outer(hidden).float())
        if self.gate is not None or self.cells is not None:
            if side is None:
                raise ValueError("this head reads side towers: give it what they show")
            quality = self._with_readers(numbers[..., 0], both, side)
            numbers = torch.cat([quality[..., None], numbers[..., 1:]], dim=-1)
        return HeadReading(numbers, self.presence(hidden).float())

    def read_towers(self, side: SideView) -> Float[Tensor, "B R"]:
        """The mean of what the readers of side towers say of quality, in [0, 1]."""
        towers = side.statistics.unbind(dim=2)
        read = [reader(own) for reader, own in zip(self.readers, towers, strict=True)]
        return torch.stack(read).mean(dim=0)

    def _with_readers(
        self, quality: Float[Tensor, "B R"], both: Float[Tensor, "B R 2D"], side: SideView
    ) -> Float[Tensor, "B R"]:
        """The quality read off the tokens, and what the readers say, each with its share."""
        share, found = torch.zeros_like(quality), quality
        if self.gate is not None:
            # Its towers have learned from whole photos.
            share = torch.sigmoid(self.gate(both).float()).squeeze(-1) * side.share
            found = found + share * (self.read_towers(side) - quality)
        if self.cells is not None:
            found = found + (MOST - share).clamp_min(0) * (side.quality - quality)
        return found


def head_of(model: SeagullForConditionalGeneration) -> RegionHead:
    """A head of the model's sizes, with weights by chance."""
    return RegionHead(
        model.config.text.hidden_size,
        readers=len(model.photo_towers),
        statistics=model.mfe.tower_statistics,
        cells=[model.vision_encoder.crop_channels for _ in model.config.mfe.cell_towers],
    )


def side_view(
    model: SeagullForConditionalGeneration,
    head: RegionHead | None,
    pyramid: Pyramid,
    masks: Bool[Tensor, "B R H W"],
) -> SideView:
    """All that the head is to know of regions beside their tokens.

    Args:
        model: as ``SeagullForConditionalGeneration.side_view``, and so are pyramid and masks.
        head: reads the quality of cells, if it has a reader for it.
    """
    side = model.side_view(pyramid, masks)
    if head is None or head.cells is None:
        return side
    return side._replace(quality=head.cells(model.cell_levels(pyramid), masks))


def read_head(adapter: Path, head: RegionHead) -> RegionHead | None:
    """The head of an adapter file, in 32 bits; None where there is none that tells presence.

    Args:
        adapter: the file, which may be missing.
        head: of the model's sizes, which gets the weights.

    Raises:
        ModelError: if the file is damaged, or its head is of another shape or has other parts.
    """
    if not adapter.is_file():
        return None
    _, tensors = read_adapter(adapter)
    own = {k.removeprefix(GROUP): v for k, v in tensors.items() if k.startswith(GROUP)}
    if not any(key.startswith("presence.") for key in own):
        return None
    wanted = keyed_parameters(head)
    if missing := sorted(wanted.keys() - own.keys()):
        raise ModelError(f"{adapter}: its head lacks {missing[0]}, which this model's head has")
    load_tensors(wanted, own)
    return head.eval()
