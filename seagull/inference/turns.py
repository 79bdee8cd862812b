"""The language model over one conversation: what is new in it is computed behind a cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

from seagull.inference.engine import Engine
from seagull.inference.session import TextSession, filled_cache
from seagull.inference.turn_cache import ComputedTurns, OwnerTurns
from seagull.model.seagull import VisualTokens
from seagull.preprocessing.packing import Items, common_prefix, pair_start, renumbered


class Turns:
    """Keys and values of one conversation, computed once for all of its turns.

    Items are compared with regions numbered by their masks' digests: where earlier turns are left
    out of what the model sees, the first region of one turn is not that of the next.

    Args:
        engine: holds the model.
        photo: digest of the photo; empty without one.
        kept: conversations to go on from, and where this one is kept; None: neither.
    """

    def __init__(self, engine: Engine, photo: str, kept: OwnerTurns | None) -> None:
        self._engine = engine
        self._photo = photo
        self._kept = kept
        self._cache: Cache | None = None
        self._cached_items: Items = ()
        self._prompt = 0

    def resume(self, session: TextSession, items: Items, digests: Sequence[int]) -> int:
        """Takes up the turn before, or else the kept conversation that shares most with this one.

        Args:
            session: of the photo; its prefix is computed if there is neither.
            items: of the conversation up to where an answer begins.
            digests: see ``extend``.

        Returns:
            How many tokens of the prompt, the prefix included, need no computing.
        """
        known_items = renumbered(items, digests)
        self._prompt = len(items)
        if self._cache is None and self._kept is not None:
            turns = self._kept.longest(self._photo, known_items)
            if turns is not None:
                self._cache = filled_cache(turns.layers, keep=True)
                self._cached_items = turns.items
        if self._cache is not None:
            return session.prefix_length + self._shared(known_items)
        self._engine.prefill(session)
        self._cache = session.prefix_cache(keep=True)
        return 0

    @torch.inference_mode()
    def extend(
        self, session: TextSession, items: Items, digests: Sequence[int], tokens: VisualTokens
    ) -> Float[Tensor, " V"]:
        """Logits after the items; only those that the cache does not hold are computed.

        Whatever ends it early, the next turn is computed anew.

        Args:
            session: of the photo.
            items: of the conversation so far.
            digests: of region r's mask, as a number.
            tokens: of the regions.
        """
        try:
            return self._extended(session, items, renumbered(items, digests), tokens)
        except BaseException:
            # A pass that Ctrl-C ended has filled some layers and not others.
            self._cache, self._cached_items = None, ()
            raise

    def keep(self) -> None:
        """Lets later conversations go on from this one."""
        if self._kept is None or self._cache is None:
            return
        layers = cast(list[DynamicLayer], self._cache.layers)
        pairs = tuple((cast(Tensor, layer.keys), cast(Tensor, layer.values)) for layer in layers)
        self._kept.keep(self._photo, ComputedTurns(self._cached_items, pairs, self._prompt))

    def _extended(
        self, session: TextSession, items: Items, known_items: Items, tokens: VisualTokens
    ) -> Float[Tensor, " V"]:
        assert self._cache is not None  # ``resume`` comes first
        shared = self._shared(known_items)
        self._cache.crop(shared - len(self._cached_items))
        new_items = items[shared:]
        visible = np.tri(len(new_items), len(items), k=shared, dtype=bool)
        positions = session.prefix_length + np.arange(shared, len(items))
        decoder = self._engine.decoder
        embeddings = decoder.embed(new_items, tokens)
        readout = decoder.run(embeddings, positions, visible, self._cache, [len(new_items) - 1])
        self._cached_items = known_items
        return readout.full([0])[0]

    def _shared(self, items: Items) -> int:
        """How many first items the cache holds; the last one is always computed, for its logits."""
        shared = common_prefix([self._cached_items, items])
        return pair_start(items, min(shared, len(items) - 1))
