"""Computes the tokens of regions once per photo and mask, in as few passes as possible."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import islice
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seagull.inference.session import Counters, ImageSession, joined
from seagull.model.seagull import SeagullForConditionalGeneration, VisualTokens
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import Region

_Pending = tuple[ImageSession, dict[bytes, Region]]
"""A photo and regions of it that have no token yet, by their masks' digests."""


class RegionEncoder:
    """Encodes regions with a model's MFE; what a session holds is not computed again.

    Args:
        model: in eval mode, on its device.
        processor: of that model.
        counters: count what was computed.
        mask_batch: most regions in one pass for global tokens.
        crop_batch: most crops in one pass for local tokens.
    """

    def __init__(
        self,
        model: SeagullForConditionalGeneration,
        processor: SeagullProcessor,
        counters: Counters,
        *,
        mask_batch: int,
        crop_batch: int,
    ) -> None:
        self.model = model
        self.processor = processor
        self.counters = counters
        self.mask_batch = mask_batch
        self.crop_batch = crop_batch

    @torch.inference_mode()
    def both_tokens(self, session: ImageSession, regions: Sequence[Region]) -> VisualTokens:
        """Global and local tokens, (1, R, D) each, which the language model sees."""
        (global_tokens,) = self.global_tokens([(session, regions)])
        keys = [mask_digest(region) for region in regions]
        regions_by_key = dict(zip(keys, regions, strict=True))
        missing = [key for key in regions_by_key if key not in session.local_tokens]
        for start in range(0, len(missing), self.crop_batch):
            batch = missing[start : start + self.crop_batch]
            tokens = self._encode_crops(session, [regions_by_key[key] for key in batch])
            session.local_tokens.update(zip(batch, tokens, strict=True))
        local = torch.stack([session.local_tokens[key] for key in keys])
        return VisualTokens(global_tokens=global_tokens[None], local_tokens=local[None])

    @torch.inference_mode()
    def global_tokens(
        self, session_regions: Sequence[tuple[ImageSession, Sequence[Region]]]
    ) -> list[Float[Tensor, "R D"]]:
        """Global tokens, which the head reads, of regions of one or several photos.

        Regions of photos whose levels have one size go through the network together, one photo a
        row of the batch.

        Args:
            session_regions: photos and their regions, at least one each; a photo may recur.
        """
        keys = [[mask_digest(region) for region in regions] for _, regions in session_regions]
        pending: dict[int, _Pending] = {}
        for (session, regions), region_keys in zip(session_regions, keys, strict=True):
            _, missing = pending.setdefault(id(session), (session, {}))
            pairs = zip(region_keys, regions, strict=True)
            missing.update((k, region) for k, region in pairs if k not in session.global_tokens)
        by_size: dict[tuple[torch.Size, ...], list[_Pending]] = {}
        for photo_pending in pending.values():
            size = tuple(level.shape for level in photo_pending[0].features.pyramid)
            by_size.setdefault(size, []).append(photo_pending)
        for rows in by_size.values():
            while rows := [row for row in rows if row[1]]:
                self._encode_rows(rows[: self.mask_batch])
        return [
            torch.stack([session.global_tokens[key] for key in region_keys])
            for (session, _), region_keys in zip(session_regions, keys, strict=True)
        ]

    def _encode_rows(self, rows: Sequence[_Pending]) -> None:
        """One pass: some regions of each photo, which are then no longer pending."""
        limit = max(1, self.mask_batch // len(rows))
        chosen = [dict(islice(pending.items(), limit)) for _, pending in rows]
        sessions = [session for session, _ in rows]
        tokens = self._encode_masks(sessions, [list(chunk.values()) for chunk in chosen])
        for (session, pending), chunk, line in zip(rows, chosen, tokens, strict=True):
            session.global_tokens.update(zip(chunk, line, strict=False))
            for key in chunk:
                del pending[key]

    def _encode_masks(
        self, sessions: Sequence[ImageSession], regions: Sequence[Sequence[Region]]
    ) -> Float[Tensor, "B R D"]:
        """Global tokens of each photo's regions, of which it has at least one; padded to R."""
        row_length = max(map(len, regions))
        masks = []
        for session, photo_regions in zip(sessions, regions, strict=True):
            mask = self.processor.regions(session.photo.pixels, photo_regions, crops=False).masks
            # Padding repeats a region, so that no number of the batch is NaN; nobody reads it.
            masks.append(
                torch.cat([mask, mask[:1].expand(row_length - len(photo_regions), -1, -1)])
            )
        self.counters.regions_encoded += sum(map(len, regions))
        self.counters.mask_passes += 1
        features = joined(sessions)
        batch = torch.stack(masks).to(features.pyramid[0].device)
        _, tokens = self.model.encode(features, batch)
        return cast(Tensor, tokens.global_tokens)

    def _encode_crops(
        self, session: ImageSession, regions: Sequence[Region]
    ) -> Float[Tensor, "R D"]:
        crops, masks = self.processor.crops(session.photo.pixels, regions)
        self.counters.crops_encoded += len(regions)
        device = session.features.pyramid[0].device
        _, tokens = self.model.encode(
            session.features,
            region_crops=crops[None].to(device),
            region_crop_masks=masks[None].to(device),
        )
        return cast(Tensor, tokens.local_tokens)[0]


def mask_digest(region: Region) -> bytes:
    """Digest of a region's mask: regions with the same pixels share their tokens."""
    packed = np.packbits(region.mask).tobytes() + repr(region.mask.shape).encode()
    return hashlib.blake2b(packed, digest_size=16).digest()
