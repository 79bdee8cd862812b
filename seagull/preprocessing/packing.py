"""Packs many token sequences into one and keeps shared beginnings once.

The questions about a photo's regions form a tree: what all share is the photo's prefix, below it
come the region's tokens, below those the region's questions, then the answers. Packed, every node
is one position of a single sequence; it sees its ancestors and itself, at the position it would
have alone, so each path computes exactly what it would compute alone.

The engine packs questions with candidate answers, training packs conversations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Item = int
"""A token id; or, negative, a token of a region (see ``global_item`` and ``local_item``)."""
Items = tuple[Item, ...]


def global_item(region: int) -> Item:
    """The item that stands for the global token of the region with this number."""
    return -1 - 2 * region


def local_item(region: int) -> Item:
    """The item that stands for the local token of the region with this number."""
    return -2 - 2 * region


def renumbered(items: Items, numbers: Sequence[int]) -> Items:
    """The items with number ``numbers[r]`` for region r."""

    def item_of(item: Item) -> Item:
        number = numbers[(-1 - item) // 2]
        return local_item(number) if item % 2 == 0 else global_item(number)

    return tuple(item_of(item) if item < 0 else item for item in items)


def pair_start(items: Items, place: int) -> int:
    """The place, or the one before where it would part a region's local from its global token."""
    return place - 1 if items[place] < 0 and items[place] % 2 == 0 else place


def ids_and_markers(
    items: NDArray[np.int64], global_id: int, local_id: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Items as token ids (n,) with placeholders, and the region's number per marker (m,).

    A marker is a region's global and local token, which are there together.
    """
    ids = np.where(items < 0, np.where(items % 2 == 0, local_id, global_id), items)
    return ids, (-1 - items[(items < 0) & (items % 2 == 1)]) // 2


@dataclass(frozen=True, eq=False)
class PackedTree:
    """A forest of token sequences, parents before children.

    Attributes:
        items: (n,) token ids and region items.
        parents: (n,) number of the parent node, -1 where a sequence begins.
        depths: (n,) number of ancestors, which is the position.
        nodes: per packed sequence, the node of each of its items.
    """

    items: NDArray[np.int64]
    parents: NDArray[np.int64]
    depths: NDArray[np.int64]
    nodes: tuple[NDArray[np.int64], ...]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def ends(self) -> list[int]:
        """Per packed sequence, the node of its last item."""
        return [int(path[-1]) for path in self.nodes]

    def visible(self) -> NDArray[np.bool_]:
        """(n, n): whether the row's node sees the column's, i.e. its ancestors and itself."""
        ancestors = np.eye(len(self), dtype=bool)
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                ancestors[node] |= ancestors[parent]
        return ancestors


def pack(sequences: Sequence[Items], shareable: Sequence[int] | None = None) -> PackedTree:
    """The sequences as one tree; equal beginnings become the same nodes.

    Args:
        sequences: each with at least one item.
        shareable: per sequence, how many of its first items may be shared (those before an answer
            that is learned); all if None.

    Raises:
        ValueError: if a sequence is empty.
    """
    items: list[Item] = []
    parents: list[int] = []
    depths: list[int] = []
    nodes: list[NDArray[np.int64]] = []
    children: dict[tuple[int, Item], int] = {}
    for number, sequence in enumerate(sequences):
        if not sequence:
            raise ValueError("cannot pack an empty sequence")
        shared_length = len(sequence) if shareable is None else shareable[number]
        node, path = -1, []
        for depth, item in enumerate(sequence):
            child = children.get((node, item)) if depth < shared_length else None
            if child is None:
                child = len(items)
                items.append(item)
                parents.append(node)
                depths.append(depth)
                if depth < shared_length:
                    children[node, item] = child
            node = child
            path.append(node)
        nodes.append(np.array(path))
    columns = [np.array(column, dtype=np.int64) for column in (items, parents, depths)]
    return PackedTree(columns[0], columns[1], columns[2], tuple(nodes))


def join(trees: Sequence[PackedTree], regions: int) -> PackedTree:
    """Trees about several photos as one.

    Args:
        trees: one a photo.
        regions: region r of photo b becomes number b * regions + r.
    """
    starts = np.cumsum([0, *map(len, trees)])[:-1]
    shifted = [
        PackedTree(
            np.where(tree.items < 0, tree.items - 2 * regions * photo, tree.items),
            np.where(tree.parents < 0, -1, tree.parents + start),
            tree.depths,
            tuple(path + start for path in tree.nodes),
        )
        for photo, (tree, start) in enumerate(zip(trees, starts, strict=True))
    ]
    return PackedTree(
        np.concatenate([tree.items for tree in shifted]),
        np.concatenate([tree.parents for tree in shifted]),
        np.concatenate([tree.depths for tree in shifted]),
        tuple(path for tree in shifted for path in tree.nodes),
    )


def sorted_chunks(sequences: Sequence[Items], most: int) -> list[list[int]]:
    """Indices of the sequences in groups of at most ``most`` new items each.

    Sequences are taken in sorted order, which brings those with a common beginning together; one
    costs only what is new in it. A single sequence longer than ``most`` still makes a group.
    """
    groups: list[list[int]] = []
    size = 0
    for index in sorted(range(len(sequences)), key=sequences.__getitem__):
        sequence = sequences[index]
        added = len(sequence) - (_shared(sequences[groups[-1][-1]], sequence) if groups else 0)
        if not groups or size + added > most:
            groups.append([])
            size, added = 0, len(sequence)
        groups[-1].append(index)
        size += added
    return groups


def _shared(first: Items, second: Items) -> int:
    for index, (item, other_item) in enumerate(zip(first, second, strict=False)):
        if item != other_item:
            return index
    return min(len(first), len(second))


def common_prefix(sequences: Sequence[Items]) -> int:
    """Length of the beginning that all sequences share."""
    return min(_shared(sequences[0], sequence) for sequence in sequences)
