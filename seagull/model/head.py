"""A small head that reads a region's numbers off its two tokens, without the language model.

Side towers, which the tokens are not made of, have readers of their own in it. Those of towers that
have learned from whole photos know quality alone, so a gate says how much they count, together
with a reader of subsets of opinions. A reader of regions, for a tower that has learned from
synthetic ones, counts where the gate is shut.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from seagull.model.adapter import keyed_parameters, load_tensors, read_adapter
from seagull.model.errors import ModelError
from seagull.model.mfe import MaskFeatureExtractor, Pyramid, RegionTokens, SideView
from seagull.model.readers import Gate, SubsetReader, TowerReader
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.types import DistortionType

HEAD_NUMBERS = ("quality", "importance", *(kind.value for kind in DistortionType))
"""What the head reads, each in [0, 1]; of a distortion type its severity, 0 where it is absent."""
HEAD_FILE = "head.safetensors"
"""The head beside the weights of a model folder, as an adapter file."""
GROUP = "head."
"""Beginning of the head's keys in an adapter file."""
REGIONS = 0.9
"""What a reader of regions counts where the gate is shut, and of small regions anywhere."""
SUBSETS = 2 / 3
"""What a reader of subsets counts among the readers of photos; those of towers count the rest."""
HEARD = 1.5
"""How many times what the gate gives these then count together, which know more than the tokens."""
OPEN = 0.25
"""Of a whole photo a reader of regions counts nothing from here on: the gate is open, so the photo
is like those that people judged, not like those that such a reader has learned from."""


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
        subsets: the reader of subsets of opinions, if there is one beside these.
        regions: the reader of regions, if there is a tower for it.
    """

    def __init__(
        self,
        width: int,
        hidden: int = 128,
        *,
        readers: int = 0,
        statistics: int = 0,
        subsets: SubsetReader | None = None,
        regions: RegionReader | None = None,
    ) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * width)
        self.inner = nn.Linear(2 * width, hidden)
        self.outer = nn.Linear(hidden, len(HEAD_NUMBERS))
        self.presence = nn.Linear(hidden, len(DistortionType))
        self.readers = nn.ModuleList(TowerReader(statistics) for _ in range(readers))
        self.subsets = subsets
        self.gate = Gate(2 * width) if readers else None
        self.regions = regions

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
        reading = HeadReading(numbers, self.presence(hidden).float())
        if self.gate is None and self.regions is None:
            return reading
        if side is None:
            raise ValueError("this head reads side towers: give it what they show")
        return self._with_readers(reading, both, side)

    def read_towers(self, side: SideView) -> Float[Tensor, "B R"]:
        """What the readers of side towers say of quality together, in [0, 1]."""
        towers = side.statistics.unbind(dim=2)
        read = [reader(own) for reader, own in zip(self.readers, towers, strict=True)]
        mean = torch.stack(read).mean(dim=0)
        return mean if self.subsets is None else mean.lerp(self.subsets(side.every), SUBSETS)

    def _with_readers(
        self, own: HeadReading, both: Float[Tensor, "B R 2D"], side: SideView
    ) -> HeadReading:
        """What is read off the tokens, and what the readers say, each with its share."""
        numbers, rest = own.numbers, torch.full_like(own.numbers[..., :1], REGIONS)
        if self.gate is not None:
            # Its towers, and people's opinions, are of whole photos.
            counts = self.gate(both) * side.share
            rest = rest * (1 - counts / OPEN).clamp_min(0)[..., None]
            heard = counts if self.subsets is None else (HEARD * counts).clamp_max(1)
            quality = torch.lerp(numbers[..., 0], self.read_towers(side), heard)
            numbers = torch.cat([quality[..., None], numbers[..., 1:]], dim=-1)
        if self.regions is None:
            return HeadReading(numbers, own.presence)
        return HeadReading(
            torch.lerp(numbers, side.numbers, rest),
            torch.lerp(own.presence, side.presence, rest),
        )


class RegionReader(nn.Module):
    """What a network that has learned from regions reads off its tower, all of it.

    It has an MFE, for global tokens, and a head of its own.

    Args:
        mfe: for the levels of one tower, with tokens of that width.
        width: width D of its tokens.
    """

    def __init__(self, mfe: MaskFeatureExtractor, width: int) -> None:
        super().__init__()
        self.mfe = mfe
        self.head = RegionHead(width)

    def forward(
        self,
        pyramid: Pyramid,
        masks: Bool[Tensor, "B R H W"],
        photo: Bool[Tensor, "B 1 H W"] | None = None,
    ) -> HeadReading:
        """Numbers and presence of each region.

        Args:
            pyramid: the tower's levels.
            masks: at the resolution of the encoder's input.
            photo: where the photo lies in it; None for everywhere.
        """
        weight = self.mfe.merge.weight
        levels = [level.to(weight.device, weight.dtype) for level in pyramid]
        context = self.mfe.image_context(levels)
        there = photo if photo is None else photo.to(weight.device)
        seen = self.mfe.global_tokens(levels, context, masks.to(weight.device), there)
        return self.head(RegionTokens(seen, torch.zeros_like(seen)))


def head_of(model: SeagullForConditionalGeneration) -> RegionHead:
    """A head of the model's sizes, with weights by chance."""
    width = model.config.text.hidden_size
    return RegionHead(
        width,
        readers=len(model.photo_towers),
        statistics=model.mfe.tower_statistics,
        subsets=_subset_reader(model),
        regions=RegionReader(model.region_mfe(), width) if model.config.mfe.region_tower else None,
    )


def _subset_reader(model: SeagullForConditionalGeneration) -> SubsetReader | None:
    statistics, towers = model.mfe.tower_statistics, len(model.vision_encoder.scales)
    subsets = model.config.mfe.subsets
    return SubsetReader(statistics, towers, model.photo_towers, subsets) if subsets else None


def side_view(
    model: SeagullForConditionalGeneration,
    head: RegionHead | None,
    pyramid: Pyramid,
    masks: Bool[Tensor, "B R H W"],
    photo: Bool[Tensor, "B 1 H W"] | None = None,
) -> SideView:
    """All that the head is to know of regions beside their tokens.

    Args:
        model: as ``SeagullForConditionalGeneration.side_view``, and so are pyramid and masks.
        head: reads more, if it has a reader of regions.
        photo: where the photo lies in the encoder's input; None for everywhere.
    """
    side = model.side_view(pyramid, masks, photo)
    if head is None or head.regions is None:
        return side
    numbers, presence = head.regions(model.region_levels(pyramid), masks, photo)
    return side._replace(numbers=numbers, presence=presence)


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
