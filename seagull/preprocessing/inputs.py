"""The inputs of the model: the batch type and its parts, every field with its shape."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


@dataclass(frozen=True)
class RegionInputs:
    """Regions of one photo, ready for the model.

    Attributes:
        masks: in the encoder's input.
        crops: windows around the regions; None where no language model reads them.
        crop_masks: the regions within their crops; None without these.
    """

    masks: Bool[Tensor, "R H W"]
    crops: Float[Tensor, "R 3 s s"] | None = None
    crop_masks: Bool[Tensor, "R s s"] | None = None


@dataclass(frozen=True)
class Tokens:
    """A conversation as ids; ``labels`` are the ids the model is to say, IGNORE_INDEX elsewhere.

    ``regions`` are the ids of the regions spoken of, each once; ``markers`` says for each region
    marker in the text which of them it stands for; ``starts`` is where each token begins in the
    rendered text, in characters.
    """

    input_ids: Int[Tensor, " T"]
    labels: Int[Tensor, " T"]
    regions: tuple[str, ...]
    markers: Int[Tensor, " M"]
    starts: Int[Tensor, " T"]


@dataclass(frozen=True)
class ModelInputs:
    """A batch. B photos, R regions, M region markers, T text positions; rows are padded at the end.

    ``region_*`` are None in a batch without regions. ``region_markers`` holds for each of a row's M
    markers the index of the region it stands for, -1 where a row has fewer.
    """

    input_ids: Int[Tensor, "B T"]
    attention_mask: Int[Tensor, "B T"]
    labels: Int[Tensor, "B T"]
    pixel_values: Float[Tensor, "B 3 H W"]
    region_masks: Bool[Tensor, "B R H W"] | None = None
    region_crops: Float[Tensor, "B R 3 s s"] | None = None
    region_crop_masks: Bool[Tensor, "B R s s"] | None = None
    region_markers: Int[Tensor, "B M"] | None = None

    def to_kwargs(self, *, labels: bool = True) -> dict[str, Tensor]:
        """The fields that are set, by the names of the model's ``forward``."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value
            for name, value in named.items()
            if value is not None and (labels or name != "labels")
        }

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> ModelInputs:
        """The batch on a device, floating-point fields in ``dtype``."""
        moved = {
            name: value.to(device, dtype if value.is_floating_point() else None)
            for name, value in self.to_kwargs().items()
        }
        return replace(self, **moved)
