"""Packs many conversations about photos into one sequence and keeps equal beginnings once.

A conversation has the loss of a sequence of its own (see ``seagull.preprocessing.packing``).
Answers are never shared, so every supervised token has one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing import packing
from seagull.preprocessing.inputs import Tokens
from seagull.preprocessing.packing import PackedTree, global_item, ids_and_markers, local_item


@dataclass(frozen=True, eq=False)
class Conversation:
    """Tokens of one conversation, and for each of its region markers the region's number."""

    tokens: Tokens
    regions: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Forest:
    """Conversations, packed.

    Attributes:
        tree: of the conversations.
        labels: the id at nodes that the model is to say, IGNORE_INDEX elsewhere, (n,).
        placeholders: ids of those of global and local tokens.
    """

    tree: PackedTree
    labels: NDArray[np.int64]
    placeholders: tuple[int, int]

    @property
    def ids(self) -> NDArray[np.int64]:
        """Token ids, (n,)."""
        return ids_and_markers(self.tree.items, *self.placeholders)[0]

    @property
    def markers(self) -> NDArray[np.int64]:
        """The region's number per region marker, in the order of the nodes."""
        return ids_and_markers(self.tree.items, *self.placeholders)[1]


def up_to_answer(tokens: Tokens) -> Tokens:
    """A conversation that ends with the first token the model is to say, as it is read in use.

    The rest of an answer adds nothing once its first word is compared, and would outweigh it.
    """
    end = int((tokens.labels != IGNORE_INDEX).nonzero()[0]) + 1
    return replace(
        tokens,
        input_ids=tokens.input_ids[:end],
        labels=tokens.labels[:end],
        starts=tokens.starts[:end],
    )


def without_answers(tokens: Tokens, count: int) -> Tokens:
    """A conversation whose first ``count`` answers are given, and not trained on."""
    supervised = tokens.labels != IGNORE_INDEX
    begins = supervised & ~torch.cat([supervised.new_zeros(1), supervised[:-1]])
    given_answers = supervised & (begins.cumsum(0) <= count)
    return replace(tokens, labels=tokens.labels.masked_fill(given_answers, IGNORE_INDEX))


def grow(conversations: Sequence[Conversation], global_id: int, local_id: int) -> Forest:
    """The conversations of one photo as one tree.

    Args:
        conversations: about one photo.
        global_id, local_id: placeholders of a region's two tokens.
    """
    supervised = [
        conversation.tokens.labels.numpy() != IGNORE_INDEX for conversation in conversations
    ]
    tree = packing.pack(
        [_items(conversation, global_id, local_id) for conversation in conversations],
        [int(mask.argmax()) if mask.any() else len(mask) for mask in supervised],
    )
    labels = np.full(len(tree), IGNORE_INDEX, dtype=np.int64)
    for conversation, nodes in zip(conversations, tree.nodes, strict=True):
        labels[nodes] = conversation.tokens.labels.numpy()
    return Forest(tree, labels, (global_id, local_id))


def _items(conversation: Conversation, global_id: int, local_id: int) -> packing.Items:
    ids = conversation.tokens.input_ids.numpy()
    items = ids.copy()
    items[ids == global_id] = [global_item(region) for region in conversation.regions]
    items[ids == local_id] = [local_item(region) for region in conversation.regions]
    return tuple(items.tolist())


def join(forests: Sequence[Forest], regions: int) -> Forest:
    """The forests of several photos as one; region numbers continue at multiples of ``regions``."""
    return Forest(
        packing.join([forest.tree for forest in forests], regions),
        np.concatenate([forest.labels for forest in forests]),
        forests[0].placeholders,
    )
