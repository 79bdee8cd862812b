"""Packed trees: what is shared, what is seen, and which regions' tokens are where."""

from __future__ import annotations

import numpy as np
import pytest

from seagull.preprocessing.packing import (
    common_prefix,
    global_item,
    ids_and_markers,
    join,
    local_item,
    pack,
    pair_start,
    sorted_chunks,
)

GLOBAL, LOCAL = 90, 91


def pair(region: int) -> tuple[int, int]:
    return global_item(region), local_item(region)


def test_packing_shares_beginnings_and_sees_ancestors_only() -> None:
    tree = pack([(1, 2, 3), (1, 2, 4), (1, 5), (1, 2)])
    assert tree.items.tolist() == [1, 2, 3, 4, 5]
    assert tree.parents.tolist() == [-1, 0, 1, 1, 0]
    assert tree.depths.tolist() == [0, 1, 2, 2, 1]
    assert tree.ends == [2, 3, 4, 1]
    assert tree.visible()[3].tolist() == [True, True, False, True, False]
    with pytest.raises(ValueError, match="empty"):
        pack([()])


def test_an_answer_that_is_learned_is_nobody_else_s() -> None:
    tree = pack([(1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3)], shareable=[2, 2, 3])
    assert tree.items.tolist() == [1, 2, 3, 4, 3, 4, 3]
    assert [own.tolist() for own in tree.nodes] == [[0, 1, 2, 3], [0, 1, 4, 5], [0, 1, 6]]


def test_every_marker_knows_its_region() -> None:
    items = np.array([5, *pair(0), 6, *pair(3), 7])
    ids, markers = ids_and_markers(items, GLOBAL, LOCAL)
    assert ids.tolist() == [5, GLOBAL, LOCAL, 6, GLOBAL, LOCAL, 7]
    assert markers.tolist() == [0, 3]


def test_joined_photos_keep_their_own_regions_and_see_nothing_of_one_another() -> None:
    first, second = pack([(5, *pair(1), 6)]), pack([(5, *pair(0)), (5, *pair(1))])
    tree = join([first, second], regions=2)
    ids, markers = ids_and_markers(tree.items, GLOBAL, LOCAL)
    assert ids.tolist() == [5, GLOBAL, LOCAL, 6, 5, GLOBAL, LOCAL, GLOBAL, LOCAL]
    assert markers.tolist() == [1, 2, 3]
    assert tree.depths.tolist() == [0, 1, 2, 3, 0, 1, 2, 1, 2]
    assert tree.ends == [3, 6, 8]
    visible = tree.visible()
    assert np.array_equal(visible[:4, :4], first.visible())
    assert np.array_equal(visible[4:, 4:], second.visible())
    assert not visible[:4, 4:].any()
    assert not visible[4:, :4].any()


def test_a_region_s_two_items_are_not_parted() -> None:
    items = (5, *pair(0), 6)
    assert [pair_start(items, place) for place in range(4)] == [0, 1, 1, 3]


def test_chunks_bring_beginnings_together_and_count_only_what_is_new() -> None:
    sequences = [(1, 2, 3), (9,) * 10, (1, 2, 4), (7,)]
    assert sorted_chunks(sequences, 4) == [[0, 2], [3], [1]]
    assert sorted_chunks(sequences, 100) == [[0, 2, 3, 1]]
    assert common_prefix([(1, 2, 3), (1, 2), (1, 2, 9)]) == 2
