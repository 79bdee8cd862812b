"""Caches what is computed once per photo, while memory allows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

from seagull.model.mfe import ImageContext
from seagull.model.seagull import PhotoFeatures
from seagull.photos import Photo


@dataclass
class Counters:
    """How much was computed since the engine was made; benchmarks and tests read it."""

    photos_encoded: int = 0
    regions_encoded: int = 0
    mask_passes: int = 0
    crops_encoded: int = 0
    prefix_tokens: int = 0
    suffix_tokens: int = 0


@dataclass(kw_only=True)
class TextSession:
    """What every conversation begins with, as the model has seen it.

    Attributes:
        prefix_embeddings: of the prefix, image tokens included, (1, P, D).
        prefix: keys and values of the prefix, per layer of the language model; None until the
            first pass over it.
    """

    prefix_embeddings: Tensor
    prefix: tuple[tuple[Tensor, Tensor], ...] | None = None

    @property
    def prefix_length(self) -> int:
        """Positions in the prefix."""
        return self.prefix_embeddings.shape[1]

    def prefix_cache(self, *, keep: bool) -> Cache:
        """The prefix for one run of the language model, without copying it.

        Args:
            keep: whether the run's own keys and values are kept for the steps after it.

        Raises:
            ValueError: if there was no pass over the prefix yet.
        """
        if self.prefix is None:
            raise ValueError("the prefix has not been computed; call Engine.prefill first")
        return filled_cache(self.prefix, keep=keep)


@dataclass(kw_only=True)
class ImageSession(TextSession):
    """A photo as the model has seen it, and the prefix with its image tokens.

    Attributes:
        photo: the photo.
        features: what regions need of it; the pyramid's levels are (1, C_l, h_l, w_l).
        global_tokens: per region's mask digest, its global token, (D,).
        local_tokens: per region's mask digest, its local token, (D,); the language model's alone.
    """

    photo: Photo
    features: PhotoFeatures
    global_tokens: dict[bytes, Tensor] = field(default_factory=dict)
    local_tokens: dict[bytes, Tensor] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Memory that the session holds, in bytes."""
        tensors = [*self.features.pyramid, self.prefix_embeddings]
        tensors += [*self.global_tokens.values(), *self.local_tokens.values()]
        for pair in (*self.features.context.levels, *(self.prefix or ())):
            tensors += pair
        return sum(tensor.nbytes for tensor in tensors) + self.photo.pixels.nbytes


def joined(sessions: Sequence[ImageSession]) -> PhotoFeatures:
    """What regions need of several photos, as one batch, a photo a row.

    Raises:
        RuntimeError: if their levels are not of one size.
    """
    features = [session.features for session in sessions]
    if len(features) == 1:
        return features[0]
    levels = zip(*(photo.pyramid for photo in features), strict=True)
    contexts = zip(*(photo.context.levels for photo in features), strict=True)
    pairs = [zip(*level, strict=True) for level in contexts]
    context = tuple((torch.cat(keys), torch.cat(values)) for keys, values in pairs)
    return PhotoFeatures([torch.cat(level) for level in levels], ImageContext(context))


class _PassingLayer(DynamicLayer):
    """A cache layer that shows its run's keys and values once and does not keep them."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        cached = cast(tuple[Tensor, Tensor], (self.keys, self.values))
        keys = torch.cat([cached[0], key_states], dim=-2)
        return keys, torch.cat([cached[1], value_states], dim=-2)


def filled_cache(pairs: Sequence[tuple[Tensor, Tensor]], *, keep: bool) -> Cache:
    """A cache of these keys and values, (1, heads, n, width) a layer, without copying them.

    They are never changed: a layer that grows makes new tensors.

    Args:
        pairs: keys and values per layer of the language model.
        keep: whether a run's own keys and values are kept for the steps after it.
    """
    layer: type[DynamicLayer] = DynamicLayer if keep else _PassingLayer
    return Cache(layers=[_filled(layer(), *pair) for pair in pairs])


def _filled(layer: DynamicLayer, keys: Tensor, values: Tensor) -> DynamicLayer:
    layer.lazy_initialization(keys, values)
    layer.keys, layer.values = keys, values
    return layer


class SessionCache:
    """The sessions of the photos last asked about, within a budget of bytes and of photos.

    The session in use always stays, even if it alone is over the budget. Without the second bound a
    run over thousands of small photos would take more memory for a long time.

    Args:
        budget: most bytes.
        most: photos.
    """

    def __init__(self, budget: int, most: int = 64) -> None:
        self.budget, self.most = budget, most
        self._sessions: OrderedDict[str, ImageSession] = OrderedDict()

    def get(self, key: str) -> ImageSession | None:
        """The session of a photo (by pixel digest), which becomes the most recent; or None."""
        session = self._sessions.get(key)
        if session is not None:
            self._sessions.move_to_end(key)
        return session

    def put(self, key: str, session: ImageSession) -> None:
        """Keeps a session and drops the oldest ones that no longer fit."""
        self._sessions[key] = session
        self.trim()

    def drop(self, key: str) -> None:
        """Forgets the session of a photo (by pixel digest), if there is one."""
        self._sessions.pop(key, None)

    def shorten(self, regions: int) -> None:
        """Forgets the regions' tokens of each photo that has more than so many."""
        for session in self._sessions.values():
            for tokens in (session.global_tokens, session.local_tokens):
                if len(tokens) > regions:
                    tokens.clear()

    def trim(self) -> None:
        """Drops the oldest sessions until the rest is within both bounds."""
        while len(self) > self.most or (len(self) > 1 and self.nbytes > self.budget):
            self._sessions.popitem(last=False)

    @property
    def nbytes(self) -> int:
        """Bytes held by all sessions."""
        return sum(session.nbytes for session in self._sessions.values())

    def __len__(self) -> int:
        return len(self._sessions)
