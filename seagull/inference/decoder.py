"""The language model over packed items: embeddings, one pass behind a cache, and its read-out."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

from seagull.inference.session import Counters, ImageSession, TextSession
from seagull.model.assembly import additive_mask
from seagull.model.seagull import SeagullForConditionalGeneration, VisualTokens
from seagull.preprocessing.packing import Item, PackedTree, ids_and_markers

SCALED_HEADS = ("final_logit_softcapping", "logit_scale", "logits_scaling", "output_multiplier")
"""Settings of language models whose logits are more than their head times the hidden state."""


def cache_name(language_model: nn.Module) -> str:
    """What a language model calls the cache: ``cache`` since transformers 5.24."""
    parameters = inspect.signature(type(language_model).forward).parameters
    return "cache" if "cache" in parameters else "past_key_values"


@dataclass(frozen=True)
class Readout:
    """What a pass knows of the next tokens at the items asked for; only what is needed is made.

    Attributes:
        hidden: (rows, D) last hidden states, where the head is a plain matrix; else None.
        logits: (rows, V) where it is not; else None.
        head: the plain head.
        unspeakable: ids that are never an answer.
    """

    hidden: Tensor | None
    logits: Tensor | None
    head: nn.Linear | None
    unspeakable: Sequence[int]

    def words(self, rows: Sequence[int], tokens: Sequence[int]) -> Float[Tensor, "rows tokens"]:
        """Logits of these tokens alone, in float32 whatever the model's type.

        A logit rounded to bfloat16 is off by up to a sixteenth, which would show in every score.
        """
        if self.hidden is None or self.head is None:
            return self.full(rows)[:, list(tokens)].float()
        index = torch.as_tensor(list(tokens), device=self.head.weight.device)
        bias = None if self.head.bias is None else self.head.bias[index].float()
        hidden = self.hidden[list(rows)].float()
        return functional.linear(hidden, self.head.weight[index].float(), bias)

    def full(self, rows: Sequence[int]) -> Float[Tensor, "rows V"]:
        """Logits of the whole vocabulary; placeholders are never likely."""
        chosen = list(rows)
        if self.hidden is not None and self.head is not None:
            logits = self.head(self.hidden[chosen])
        else:
            logits = cast(Tensor, self.logits)[chosen]
        logits[:, list(self.unspeakable)] = torch.finfo(logits.dtype).min
        return logits


class PackedDecoder:
    """Runs a model's language model over packed items.

    Args:
        model: in eval mode, on its device.
        counters: count the items that were computed.
    """

    def __init__(self, model: SeagullForConditionalGeneration, counters: Counters) -> None:
        self.model = model
        self.counters = counters
        head = model.get_output_embeddings()
        scaled = any(getattr(model.config.text, name, None) for name in SCALED_HEADS)
        # A weight that ZeRO-3 spreads over processes (it has a ds_id) is here only during a call.
        plain = head if type(head) is nn.Linear and not scaled else None
        self._head = None if plain is None or hasattr(plain.weight, "ds_id") else plain

    @property
    def table(self) -> nn.Embedding:
        """The language model's embedding table."""
        return cast(nn.Embedding, self.model.get_input_embeddings())

    @property
    def device(self) -> torch.device:
        """Where the language model's inputs go."""
        return self.table.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Type of the model's floating-point inputs."""
        return self.table.weight.dtype

    @torch.inference_mode()
    def embed(
        self, items: Sequence[Item] | Int[np.ndarray, " n"], regions: VisualTokens
    ) -> Float[Tensor, "1 n D"]:
        """Embeddings of packed items; those of regions take the tokens (1, R, D) of ``regions``."""
        config = self.model.config
        ids, markers = ids_and_markers(
            np.asarray(items), config.global_token_id, config.local_token_id
        )
        return self.model.assemble(
            torch.from_numpy(ids)[None].to(self.device),
            regions if len(markers) else VisualTokens(),
            torch.from_numpy(markers)[None].to(self.device),
        )

    @torch.inference_mode()
    def run(
        self,
        embeddings: Float[Tensor, "1 n D"],
        positions: Sequence[int] | Int[np.ndarray, " n"],
        visible: Bool[np.ndarray, "n seen"],
        cache: Cache,
        rows: Sequence[int] | None = None,
        prefix: int = 0,
    ) -> Readout:
        """One pass over new items behind a cache.

        Args:
            embeddings: of the new items.
            positions: their positions.
            visible: which of the items after the prefix each new item sees; the new items are the
                last columns, and everything before ``seen`` columns from the right is the prefix.
            cache: keys and values before the new items.
            rows: the items that are read, in the read-out's order; all if None.
            prefix: how many of the first items are the photo's prefix.
        """
        count = embeddings.shape[1]
        self.counters.prefix_tokens += prefix
        self.counters.suffix_tokens += count - prefix
        keep = torch.as_tensor(range(count) if rows is None else list(rows), device=self.device)
        arguments = {
            "inputs_embeds": embeddings,
            "attention_mask": self._mask(embeddings, visible, cache.get_seq_length() + count),
            "position_ids": torch.as_tensor(np.asarray(positions), device=self.device)[None],
            cache_name(self.model.language_model): cache,
            "use_cache": True,
        }
        never = self.model.config.unspeakable
        if self._head is None:
            output = self.model.language_model(**arguments, logits_to_keep=keep)
            return Readout(None, output.logits[0], None, never)
        hidden = self.model.language_model.get_decoder()(**arguments).last_hidden_state
        return Readout(hidden[0, keep], None, self._head, never)

    @torch.inference_mode()
    def prefill(self, session: TextSession) -> None:
        """Computes the prefix's keys and values, unless the session has them."""
        if session.prefix is not None:
            return
        language = self.model.language_model
        output = language.get_decoder()(inputs_embeds=session.prefix_embeddings, use_cache=True)
        self.counters.prefix_tokens += session.prefix_length
        layers = getattr(output, cache_name(language)).layers
        session.prefix = tuple((layer.keys, layer.values) for layer in layers)

    @torch.inference_mode()
    def run_tree(
        self,
        session: ImageSession,
        tokens: VisualTokens,
        tree: PackedTree,
        rows: Sequence[int],
        cache: Cache | None = None,
    ) -> Readout:
        """One pass over a packed tree behind a photo's prefix.

        Args:
            session: the photo.
            tokens: of the regions that the tree's items stand for.
            tree: the questions.
            rows: nodes that are read, in the read-out's order.
            cache: of the prefix, where the nodes' keys and values are to be kept in it.
        """
        if session.prefix is None and cache is None:
            return self._run_first(session, tokens, tree, rows)
        return self.run(
            self.embed(tree.items, tokens),
            session.prefix_length + tree.depths,
            tree.visible(),
            session.prefix_cache(keep=False) if cache is None else cache,
            rows,
        )

    def _run_first(
        self, session: ImageSession, tokens: VisualTokens, tree: PackedTree, rows: Sequence[int]
    ) -> Readout:
        """A photo's first tree goes through the model with the prefix: one pass, not two."""
        length, count = session.prefix_length, len(tree)
        visible = np.zeros((length + count, length + count), dtype=bool)
        visible[:length, :length] = np.tri(length, dtype=bool)
        visible[length:, :length] = True
        visible[length:, length:] = tree.visible()
        cache = DynamicCache()
        readout = self.run(
            torch.cat([session.prefix_embeddings, self.embed(tree.items, tokens)], dim=1),
            np.concatenate([np.arange(length), length + tree.depths]),
            visible,
            cache,
            [length + row for row in rows],
            prefix=length,
        )
        # Copies, so that the tree's keys and values are freed.
        layers = cast(list[DynamicLayer], cache.layers)
        pairs = [(cast(Tensor, layer.keys), cast(Tensor, layer.values)) for layer in layers]
        session.prefix = tuple(
            (keys[:, :, :length].clone(), values[:, :, :length].clone()) for keys, values in pairs
        )
        return readout

    def _mask(
        self, embeddings: Tensor, visible: Bool[np.ndarray, "n seen"], total: int
    ) -> Float[Tensor, "1 1 n total"]:
        """What the new positions see of all: everything before those that ``visible`` is about."""
        mask = torch.ones(1, 1, embeddings.shape[1], total, dtype=torch.bool)
        mask[..., total - visible.shape[1] :] = torch.from_numpy(visible)
        return additive_mask(mask, embeddings)
