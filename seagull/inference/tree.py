"""Many token sequences packed into one: shared beginnings are kept once.

The questions about a photo's regions form a tree: what all share is the photo's prefix (kept apart,
see ``session``), below it come the region's tokens, below those the region's questions, then the
candidate answers. Packed, every node is one position of a single sequence; it sees the prefix, its
ancestors and itself, so each path computes exactly what it would compute alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seagull.preprocessing.packing import visible

Item = int
"""A token id; or, negative, a region's slot (see ``global_slot`` and ``local_slot``)."""

Sequence_ = tuple[Item, ...]


def global_slot(region: int) -> Item:
    """The item that stands for the global token of the region with this index."""
    return -1 - 2 * region


def local_slot(region: int) -> Item:
    """The item that stands for the local token of the region with this index."""
    return -2 - 2 * region


@dataclass(frozen=True)
class PackedTree:
    """A forest of token sequences, parents before children.

    Attributes:
        items: (n,) token ids and region slots.
        parents: (n,) index of the parent, -1 where the prefix is the parent.
        depths: (n,) number of ancestors.
        ends: per packed sequence, the index of its last item.
    """

    items: NDArray[np.int64]
    parents: NDArray[np.int64]
    depths: NDArray[np.int64]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.items)

    def visible(self) -> NDArray[np.bool_]:
        """(n, n): whether the row's node sees the column's."""
        return visible(self.parents)


def pack(sequences: Sequence[Sequence_]) -> PackedTree:
    """The sequences as one tree; equal beginnings become the same nodes.

    Raises:
        ValueError: if a sequence is empty.
    """
    items: list[Item] = []
    parents: list[int] = []
    depths: list[int] = []
    ends: list[int] = []
    children: dict[tuple[int, Item], int] = {}
    for sequence in sequences:
        if not sequence:
            raise ValueError("cannot pack an empty sequence")
        node = -1
        for depth, item in enumerate(sequence):
            child = children.get((node, item))
            if child is None:
                child = children[node, item] = len(items)
                items.append(item)
                parents.append(node)
                depths.append(depth)
            node = child
        ends.append(node)
    return PackedTree(np.array(items), np.array(parents), np.array(depths), tuple(ends))


def sorted_chunks(sequences: Sequence[Sequence_], most: int) -> list[list[int]]:
    """Indices of the sequences in groups of at most ``most`` new items each.

    Sequences are taken in sorted order, which brings those with a common beginning together; one
    costs only what is new in it. A single sequence longer than ``most`` still makes a group.
    """
    groups: list[list[int]] = []
    size = 0
    for index in sorted(range(len(sequences)), key=sequences.__getitem__):
        sequence = sequences[index]
        new = len(sequence) - (_shared(sequences[groups[-1][-1]], sequence) if groups else 0)
        if not groups or size + new > most:
            groups.append([])
            size, new = 0, len(sequence)
        groups[-1].append(index)
        size += new
    return groups


def _shared(first: Sequence_, second: Sequence_) -> int:
    for index, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return index
    return min(len(first), len(second))


def common_prefix(sequences: Sequence[Sequence_]) -> int:
    """Length of the beginning that all sequences share."""
    return min(_shared(sequences[0], sequence) for sequence in sequences)
