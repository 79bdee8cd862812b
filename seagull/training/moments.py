"""Second moments of what a vision encoder's layers are shown, for factors that lose least."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from seagull.model.adapter import keyed_parameters, load_tensors
from seagull.model.checkpoint import load_model, load_processor
from seagull.model.vision import VisionEncoder
from seagull.record_photos import record_photo
from seagull.training.config import Source
from seagull.training.packs import group_by_photo
from seagull.training.records import build_index

PHOTOS = 64
"""Photos of each file of records that are shown."""
ENCODER = "vision_encoder."


def moments_on(
    folder: Path, tensors: Mapping[str, Tensor], records: Sequence[str], *, photos: int = PHOTOS
) -> dict[str, Tensor]:
    """Second moments on photos of some records, by the keys of the layers' weights.

    Args:
        folder: of the base model.
        tensors: of an adapter of it, with whole weights.
        records: files of records, from each of which photos are drawn.
        photos: how many of each.

    Returns:
        nothing where there are no records.

    Raises:
        ModelError: if adapter and model do not fit.
        PhotoError: if a photo cannot be read.
    """
    if not records:
        return {}
    model = load_model(folder, dtype=torch.float32, device="cpu")
    own = {k: v for k, v in keyed_parameters(model).items() if k.startswith(ENCODER)}
    load_tensors(own, {key: value for key, value in tensors.items() if key.startswith(ENCODER)})
    processor = load_processor(folder)

    def shown() -> Iterable[Tensor]:
        for file in records:
            index = build_index([Source(file)])
            groups = group_by_photo(index)
            for number in np.random.default_rng(0).permutation(len(groups))[:photos]:
                row = int(groups[number][0])
                photo = record_photo(index.read(row).image, index.folder(row))
                yield processor.pixels(photo.pixels)[None]

    found = input_moments(model.vision_encoder, shown())
    return {f"{ENCODER}{name}.weight": moment for name, moment in found.items()}


@torch.no_grad()
def input_moments(encoder: VisionEncoder, photos: Iterable[Tensor]) -> dict[str, Tensor]:
    """Second moments (in, in) of what linear layers and pointwise convolutions are shown.

    Args:
        encoder: which is to be in evaluation mode.
        photos: each (B, 3, H, W).
    """
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
        def see(module: nn.Module, given: tuple[Tensor, ...]) -> None:
            channel = 1 if isinstance(module, nn.Conv2d) else -1
            rows = given[0].float().movedim(channel, -1).flatten(0, -2)
            sums[name] = sums.get(name, 0) + (rows.T @ rows).double()
            counts[name] = counts.get(name, 0) + len(rows)

        return see

    handles = [
        module.register_forward_pre_hook(watch(name))
        for name, module in encoder.named_modules()
        if _is_pointwise(module)
    ]
    try:
        for pixels in photos:
            encoder(pixels)
    finally:
        for handle in handles:
            handle.remove()
    return {name: total / counts[name] for name, total in sums.items()}


def _is_pointwise(module: nn.Module) -> bool:
    if isinstance(module, nn.Conv2d):
        return module.groups == 1 and tuple(module.kernel_size) == (1, 1)
    return isinstance(module, nn.Linear)
