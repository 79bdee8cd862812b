"""Tokens of regions: computed once per photo and mask, in as few passes as it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seagull.inference.session import Counters, ImageSession, joined
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import Region

_Wanted = tuple[ImageSession, dict[bytes, Region]]
"""A photo and regions of it that have no token yet, by their masks' digests."""


class RegionEncoder:
    """Encodes regions with a model's MFE; what a session holds is not computed again.

    Args:
        model: in eval mode, on its device.
        processor: of that model.
        counters: told how much was computed.
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
    def both_tokens(
        self, session: ImageSession, regions: Sequence[Region]
    ) -> Float[Tensor, "R 2 D"]:
        """Global and local tokens, which the language model sees."""
        (seen,) = self.global_tokens([(session, regions)])
        keys = [mask_digest(region) for region in regions]
        wanted = dict(zip(keys, regions, strict=True))
        missing = [key for key in wanted if key not in session.local_tokens]
        for start in range(0, len(missing), self.crop_batch):
            batch = missing[start : start + self.crop_batch]
            tokens = self._encode_crops(session, [wanted[key] for key in batch])
            session.local_tokens.update(zip(batch, tokens, strict=True))
        return torch.stack([seen, torch.stack([session.local_tokens[key] for key in keys])], dim=1)

    @torch.inference_mode()
    def global_tokens(
        self, asked: Sequence[tuple[ImageSession, Sequence[Region]]]
    ) -> list[Float[Tensor, "R D"]]:
        """Global tokens, which the head reads, of regions of one or several photos.

        Regions of photos whose levels have one size go through the network together, one photo a
        row of the batch.

        Args:
            asked: photos and regions of each, at least one; a photo may come several times.
        """
        keys = [[mask_digest(region) for region in regions] for _, regions in asked]
        wanted: dict[int, _Wanted] = {}
        for (session, regions), own in zip(asked, keys, strict=True):
            _, missing = wanted.setdefault(id(session), (session, {}))
            pairs = zip(own, regions, strict=True)
            missing.update((k, region) for k, region in pairs if k not in session.global_tokens)
        by_size: dict[tuple[torch.Size, ...], list[_Wanted]] = {}
        for one in wanted.values():
            by_size.setdefault(tuple(level.shape for level in one[0].pyramid), []).append(one)
        for rows in by_size.values():
            while rows := [row for row in rows if row[1]]:
                self._encode_rows(rows[: self.mask_batch])
        return [
            torch.stack([session.global_tokens[key] for key in own])
            for (session, _), own in zip(asked, keys, strict=True)
        ]

    def _encode_rows(self, rows: Sequence[_Wanted]) -> None:
        """One pass: some regions of each photo, which are then no longer wanted."""
        most = max(1, self.mask_batch // len(rows))
        chosen = [dict(islice(wanted.items(), most)) for _, wanted in rows]
        sessions = [session for session, _ in rows]
        tokens = self._encode_masks(sessions, [list(own.values()) for own in chosen])
        for (session, wanted), own, line in zip(rows, chosen, tokens, strict=True):
            session.global_tokens.update(zip(own, line, strict=False))
            for key in own:
                del wanted[key]

    def _encode_masks(
        self, sessions: Sequence[ImageSession], regions: Sequence[Sequence[Region]]
    ) -> Float[Tensor, "B R D"]:
        """Global tokens of each photo's regions, of which it has at least one; padded to R."""
        most = max(map(len, regions))
        masks = []
        for session, own in zip(sessions, regions, strict=True):
            mask = self.processor.regions(session.photo.pixels, own, crops=False).masks
            # Padding repeats a region, so that no number of the batch is NaN; nobody reads it.
            masks.append(torch.cat([mask, mask[:1].expand(most - len(own), -1, -1)]))
        self.counters.regions_encoded += sum(map(len, regions))
        self.counters.mask_passes += 1
        pyramid, context = joined(sessions)
        batch = torch.stack(masks).to(pyramid[0].device)
        return self.model.mfe.global_tokens(pyramid, context, batch)

    def _encode_crops(
        self, session: ImageSession, regions: Sequence[Region]
    ) -> Float[Tensor, "R D"]:
        crops, masks = self.processor.crops(session.photo.pixels, regions)
        self.counters.crops_encoded += len(regions)
        weight = self.model.get_input_embeddings().weight
        assert isinstance(weight, Tensor)
        return self.model.local_tokens(
            crops[None].to(weight.device, weight.dtype), masks[None].to(weight.device)
        )[0]


def mask_digest(region: Region) -> bytes:
    """Digest of a region's mask: regions with the same pixels share their tokens."""
    packed = np.packbits(region.mask).tobytes() + repr(region.mask.shape).encode()
    return hashlib.blake2b(packed, digest_size=16).digest()
