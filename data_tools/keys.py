"""Randomness that depends on what is made, never on when, where or in which order.

A key names one random decision. Its BLAKE2b digest seeds a counter-based generator (Philox
4x64-10), of which only the raw bits are used: numpy promises that they stay the same, which it does
not promise for its distributions. The level ``k`` of a setting is never part of a key, so the
levels of a ladder share one noise field and one direction and differ in strength alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 16


@dataclass(frozen=True)
class Key:
    """The name of one random decision.

    Args:
        seed: of the whole data set.
        stage: which part of the pipeline decides, e.g. ``distort``.
        image_id: the photo it is about.
        kind: what is decided, e.g. a distortion type.
        variant: which one of several such decisions.
    """

    seed: int
    stage: str
    image_id: str
    kind: str
    variant: str = ""

    def with_variant(self, variant: str) -> Key:
        """The key of another decision of the same kind."""
        return replace(self, variant=variant)

    def digest(self) -> bytes:
        """The 16 bytes of the key's BLAKE2b-128; parts are length-prefixed, so they cannot blur."""
        parts = (str(self.seed), self.stage, self.image_id, self.kind, self.variant)
        state = hashlib.blake2b(digest_size=16)
        for part in parts:
            encoded = part.encode("utf-8", "surrogateescape")
            state.update(len(encoded).to_bytes(4, "little") + encoded)
        return state.digest()

    def raw(self, count: int) -> NDArray[np.uint64]:
        """The first ``count`` 64-bit words of the key's stream, shape (count,)."""
        words = np.frombuffer(self.digest(), dtype="<u8").astype(np.uint64)
        return np.asarray(np.random.Philox(key=words).random_raw(count), dtype=np.uint64)

    def unit(self) -> float:
        """One number, uniform in [0, 1), a multiple of 2^-53."""
        return int(self.raw(1)[0] >> np.uint64(11)) * 2.0**-53

    def index(self, count: int) -> int:
        """One integer, uniform in [0, count).

        Raises:
            ValueError: if ``count`` is not positive.
        """
        if count < 1:
            raise ValueError(f"cannot choose among {count} things; give at least one")
        return int(self.raw(1)[0]) * count >> 64

    def choose(self, weights: Mapping[str, float]) -> str:
        """One of the names, with probability proportional to its weight.

        Raises:
            ValueError: if a weight is negative or all are zero.
        """
        total = sum(weights.values())
        if total <= 0 or min(weights.values()) < 0:
            raise ValueError(f"weights must be >= 0 and not all zero, got {dict(weights)}")
        left = self.unit() * total
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return [name for name, weight in weights.items() if weight > 0][-1]

    def words16(self, shape: tuple[int, ...]) -> NDArray[np.uint16]:
        """Uniform 16-bit integers of the given shape."""
        count = int(np.prod(shape))
        raw = self.raw((count + 3) // 4).astype("<u8", copy=False)
        return raw.view("<u2")[:count].astype(np.uint16, copy=False).reshape(shape)

    def uniform(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Numbers uniform in (0, 1): the middles of 65,536 equal cells."""
        return (self.words16(shape).astype(np.float32) + np.float32(0.5)) / np.float32(_CELLS)

    def gaussian(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Standard normal numbers (65,536 different values, at most 4.33 from 0)."""
        return np.take(_normal_table(), self.words16(shape))


@lru_cache(maxsize=1)
def _normal_table() -> NDArray[np.float32]:
    """The inverse normal distribution at the middles of 65,536 equal cells, odd symmetric."""
    normal = NormalDist()
    upper = np.asarray(
        [normal.inv_cdf((i + 0.5) / _CELLS) for i in range(_CELLS // 2, _CELLS)], dtype=np.float32
    )
    return np.concatenate([-upper[::-1], upper])
