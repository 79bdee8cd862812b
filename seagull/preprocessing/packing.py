"""What a token sees in a packed sequence, where sequences with a common beginning share it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def visible(parents: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n, n): whether the row's node sees the column's, i.e. its ancestors and itself.

    Args:
        parents: (n,) index of the parent, smaller than the node's own; -1 for none.
    """
    seen = np.eye(len(parents), dtype=bool)
    for index, parent in enumerate(parents):
        if parent >= 0:
            seen[index] |= seen[parent]
    return seen
