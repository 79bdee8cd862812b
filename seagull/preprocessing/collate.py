"""Collates samples of one image size into one padded batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing.inputs import ModelInputs, RegionInputs, Tokens

Sample = tuple[Tensor, RegionInputs | None, Tokens]
"""Pixels (3, H, W), the regions in the order of the text's markers, and the text."""


def collate(samples: Sequence[Sample], pad_id: int) -> ModelInputs:
    """The samples as one batch, text and regions padded.

    Args:
        samples: all with pixels of one size (group them before).
        pad_id: id that fills the text; attention ignores it.

    Raises:
        ValueError: if there is no sample, or their pixels differ in size.
    """
    sizes = {tuple(pixels.shape) for pixels, _, _ in samples}
    if len(sizes) != 1:
        raise ValueError(f"a batch takes photos of one size, got {sorted(sizes) or 'none'}")
    ids = [tokens.input_ids for _, _, tokens in samples]
    return ModelInputs(
        input_ids=pad_sequence(ids, batch_first=True, padding_value=pad_id),
        attention_mask=pad_sequence([torch.ones_like(row) for row in ids], batch_first=True),
        labels=pad_sequence(
            [tokens.labels for _, _, tokens in samples],
            batch_first=True,
            padding_value=IGNORE_INDEX,
        ),
        pixel_values=torch.stack([pixels for pixels, _, _ in samples]),
        **pad_regions([regions for _, regions, _ in samples]),
        **_pad_markers([tokens.markers for _, _, tokens in samples]),
    )


def _pad_markers(rows: Sequence[Tensor]) -> dict[str, Tensor]:
    if not any(len(row) for row in rows):
        return {}
    return {"region_markers": pad_sequence(list(rows), batch_first=True, padding_value=-1)}


def pad_regions(rows: Sequence[RegionInputs | None]) -> dict[str, Tensor]:
    """Masks, crops and crop masks (B, R, ...) by the names of the model's inputs; {} without.

    Either all photos' regions have crops, or none.
    """
    counts = [0 if row is None else len(row.masks) for row in rows]
    max_regions = max(counts)
    if max_regions == 0:
        return {}

    def padded(name: str) -> Tensor:
        example = next(getattr(row, name) for row in rows if row is not None)
        out = example.new_zeros(len(rows), max_regions, *example.shape[1:])
        for index, row in enumerate(rows):
            if row is not None:
                out[index, : counts[index]] = getattr(row, name)
        return out

    return {
        f"region_{name}": padded(name)
        for name in ("masks", "crops", "crop_masks")
        if any(row is not None and getattr(row, name) is not None for row in rows)
    }
