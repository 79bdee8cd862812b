"""Many conversations about some photos as one packed sequence: equal beginnings are kept once.

A conversation sees its own beginning and nothing of the others, at the positions it would have
alone, so its loss is that of a sequence of its own (see ``seagull.inference.tree`` for the same
idea in use). Answers are never shared, so every supervised token has one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from seagull.language.tokens import IGNORE_INDEX
from seagull.preprocessing.inputs import Tokens


@dataclass(frozen=True, eq=False)
class Conversation:
    """Tokens of one conversation, and for each of its region markers the region's number."""

    tokens: Tokens
    regions: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Forest:
    """A packed sequence; parents come before their children.

    Attributes:
        ids: token ids, (n,).
        parents: -1 for the beginning of a photo's conversations, (n,).
        depths: number of ancestors, which is the position, (n,).
        labels: the id at nodes that the model is to say, IGNORE_INDEX elsewhere, (n,).
        markers: the region's number per region marker, in the order of the nodes.
        places: per conversation, the node of each of its tokens.
    """

    ids: NDArray[np.int64]
    parents: NDArray[np.int64]
    depths: NDArray[np.int64]
    labels: NDArray[np.int64]
    markers: tuple[int, ...]
    places: tuple[NDArray[np.int64], ...]


def up_to_answer(tokens: Tokens) -> Tokens:
    """A conversation that ends with the first token the model is to say, as it is read in use.

    What an answer goes on with says nothing more once its first word is compared, and would
    outweigh it.
    """
    end = int((tokens.labels != IGNORE_INDEX).nonzero()[0]) + 1
    return replace(
        tokens,
        input_ids=tokens.input_ids[:end],
        labels=tokens.labels[:end],
        starts=tokens.starts[:end],
    )


def without_answers(tokens: Tokens, count: int) -> Tokens:
    """A conversation whose first ``count`` answers are given, not to be learned."""
    supervised = tokens.labels != IGNORE_INDEX
    begins = supervised & ~torch.cat([supervised.new_zeros(1), supervised[:-1]])
    given = supervised & (begins.cumsum(0) <= count)
    return replace(tokens, labels=tokens.labels.masked_fill(given, IGNORE_INDEX))


def grow(conversations: Sequence[Conversation], global_id: int, local_id: int) -> Forest:
    """The conversations of one photo as one tree.

    Args:
        conversations: about one photo.
        global_id, local_id: placeholders of a region's two tokens.
    """
    tree = _Tree(global_id, local_id)
    places = tuple(tree.add(conversation) for conversation in conversations)
    columns = np.array(tree.nodes, dtype=np.int64).reshape(-1, 4).T
    return Forest(columns[0], columns[1], columns[2], columns[3], tuple(tree.markers), places)


class _Tree:
    def __init__(self, global_id: int, local_id: int) -> None:
        self.global_id, self.local_id = global_id, local_id
        self.nodes: list[tuple[int, int, int, int]] = []
        self.markers: list[int] = []
        self.children: dict[tuple[int, int, int], int] = {}

    def add(self, conversation: Conversation) -> NDArray[np.int64]:
        tokens = conversation.tokens
        waiting = {self.global_id: iter(conversation.regions)}
        waiting[self.local_id] = iter(conversation.regions)
        node, shared, places = -1, True, []
        pairs = zip(tokens.input_ids.tolist(), tokens.labels.tolist(), strict=True)
        for depth, (token, label) in enumerate(pairs):
            region = next(waiting[token]) if token in waiting else -1
            shared = shared and label == IGNORE_INDEX
            child = self.children.get((node, token, region)) if shared else None
            if child is None:
                child = len(self.nodes)
                self.nodes.append((token, node, depth, label))
                if shared:
                    self.children[node, token, region] = child
                if token == self.global_id:
                    self.markers.append(region)
            node = child
            places.append(node)
        return np.array(places, dtype=np.int64)


def join(forests: Sequence[Forest], regions: int) -> Forest:
    """The forests of several photos as one; region numbers go on at multiples of ``regions``."""
    starts = np.cumsum([0, *(len(forest.ids) for forest in forests)])[:-1]
    parents = [
        np.where(forest.parents < 0, -1, forest.parents + start)
        for forest, start in zip(forests, starts, strict=True)
    ]
    return Forest(
        np.concatenate([forest.ids for forest in forests]),
        np.concatenate(parents),
        np.concatenate([forest.depths for forest in forests]),
        np.concatenate([forest.labels for forest in forests]),
        tuple(
            row * regions + region
            for row, forest in enumerate(forests)
            for region in forest.markers
        ),
        tuple(
            place + start
            for forest, start in zip(forests, starts, strict=True)
            for place in forest.places
        ),
    )


def supervised(forest: Forest) -> Int[Tensor, " E"]:
    """The nodes that the model is to say, in order."""
    return torch.from_numpy(np.flatnonzero(forest.labels != IGNORE_INDEX))
