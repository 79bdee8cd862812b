"""Regions without weights: superpixels merged by colour and edge, and the merges that last.

Superpixels (Felzenszwalb & Huttenlocher, IJCV 2004) are merged pair by pair, most alike first.
Every node of the tree of merges is a candidate; one that is swallowed late stands out from its
surroundings, which is what objects do.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import felzenszwalb

from seagull.photos import Pixels
from seagull.types import BoolMask

Labels = NDArray[np.int64]

_HALF_CONTRAST = 20.0
"""Difference, in the units of ``_difference``, that counts as a contrast of one half."""


@dataclass(frozen=True)
class MergedRegion:
    """A node of the tree of merges.

    Args:
        members: labels of its superpixels.
        birth: difference at which its parts were merged; 0 for a superpixel.
        death: difference at which it was merged into something larger.
    """

    members: tuple[int, ...]
    birth: float
    death: float

    @property
    def contrast(self) -> float:
        """How much it stands out from its surroundings, in [0, 1)."""
        return self.death / (self.death + _HALF_CONTRAST)


def superpixels(pixels: Pixels) -> Labels:
    """Labels 0..n-1 of superpixels, shape (H, W); the same for the same pixels."""
    area = pixels.shape[0] * pixels.shape[1]
    labels = felzenszwalb(pixels, scale=60, sigma=0.8, min_size=max(area // 1500, 4))
    return np.asarray(labels, dtype=np.int64)


def merge_tree(pixels: Pixels, labels: Labels) -> list[MergedRegion]:
    """All regions that arise when the superpixels are merged down to one, in order of birth."""
    return _Merger(pixels, labels).run()


def mask_of(labels: Labels, members: tuple[int, ...]) -> BoolMask:
    """The union of superpixels as a mask."""
    chosen = np.zeros(int(labels.max()) + 1, dtype=np.bool_)
    chosen[list(members)] = True
    return chosen[labels]


@dataclass
class _Node:
    members: tuple[int, ...]
    area: float
    colour: NDArray[np.float64]
    histogram: NDArray[np.float64]
    birth: float


class _Merger:
    def __init__(self, pixels: Pixels, labels: Labels) -> None:
        scaled = pixels.astype(np.float32) / 255.0
        lab = np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), dtype=np.float32)
        self._nodes = dict(enumerate(_leaves(lab, labels)))
        self._borders = _borders(lab, labels)
        self._photo_area = float(labels.size)
        self._queue: list[tuple[float, int, int]] = []
        for a, neighbours in self._borders.items():
            for b in neighbours:
                if a < b:
                    self._push(a, b)

    def run(self) -> list[MergedRegion]:
        alive, done, level = dict(self._nodes), list[MergedRegion](), 0.0
        following = len(alive)
        while len(alive) > 1 and self._queue:
            cost, a, b = heapq.heappop(self._queue)
            if a not in alive or b not in alive:
                continue
            # Levels never fall, so that a birth is never after the death.
            level = max(level, cost)
            first, second = alive.pop(a), alive.pop(b)
            done += [MergedRegion(node.members, node.birth, level) for node in (first, second)]
            self._nodes[following] = alive[following] = _merged(first, second, level)
            self._join(a, b, following)
            following += 1
        return done

    def _push(self, a: int, b: int) -> None:
        heapq.heappush(self._queue, (self._difference(a, b), min(a, b), max(a, b)))

    def _difference(self, a: int, b: int) -> float:
        """How unlike two neighbours are: edge between them, mean colours, colour histograms.

        Small regions are merged sooner: a speck is no object, however it stands out.
        """
        first, second = self._nodes[a], self._nodes[b]
        contrast, length = self._borders[a][b]
        edge = contrast / length
        colour = float(np.linalg.norm(first.colour - second.colour))
        spread = 1.0 - float(np.minimum(first.histogram, second.histogram).sum())
        share = min(first.area, second.area) / self._photo_area
        return (edge + 0.5 * colour + 30.0 * spread) * share**0.3

    def _join(self, a: int, b: int, merged: int) -> None:
        joined: dict[int, tuple[float, int]] = {}
        for old in (a, b):
            for other, (contrast, length) in self._borders.pop(old).items():
                if other not in (a, b):
                    before = joined.get(other, (0.0, 0))
                    joined[other] = (before[0] + contrast, before[1] + length)
        self._borders[merged] = joined
        for other, border in joined.items():
            self._borders[other].pop(a, None)
            self._borders[other].pop(b, None)
            self._borders[other][merged] = border
            self._push(other, merged)


def _merged(first: _Node, second: _Node, level: float) -> _Node:
    area = first.area + second.area
    share = first.area / area
    return _Node(
        first.members + second.members,
        area,
        share * first.colour + (1 - share) * second.colour,
        share * first.histogram + (1 - share) * second.histogram,
        level,
    )


def _leaves(lab: NDArray[np.float32], labels: Labels) -> list[_Node]:
    flat, count = labels.ravel(), int(labels.max()) + 1
    areas = np.bincount(flat, minlength=count).astype(np.float64)
    channels = lab.reshape(-1, 3).astype(np.float64)
    sums = np.stack([np.bincount(flat, channels[:, c], count) for c in range(3)], axis=1)
    # L in [0, 100] and a, b in [-127, 127], eight bins each.
    bins = np.clip((channels - (0, -64, -64)) / (12.5, 16, 16), 0, 7).astype(np.int64)
    histograms = [
        np.bincount(flat * 8 + bins[:, c], minlength=count * 8).reshape(count, 8) for c in range(3)
    ]
    stacked = np.concatenate(histograms, axis=1) / (3 * areas[:, None])
    return [_Node((i,), float(areas[i]), sums[i] / areas[i], stacked[i], 0.0) for i in range(count)]


def _borders(lab: NDArray[np.float32], labels: Labels) -> dict[int, dict[int, tuple[float, int]]]:
    """Summed colour step and number of pixel pairs between neighbours, both ways."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0)
    count = int(labels.max()) + 1
    codes, steps = [], []
    for near, far in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        a, b = labels[near], labels[far]
        across = a != b
        a, b = a[across], b[across]
        codes.append(np.minimum(a, b) * count + np.maximum(a, b))
        steps.append(np.linalg.norm(smooth[near][across] - smooth[far][across], axis=1))
    pairs, where = np.unique(np.concatenate(codes), return_inverse=True)
    contrast = np.bincount(where, np.concatenate(steps), len(pairs))
    lengths = np.bincount(where, minlength=len(pairs))
    borders: dict[int, dict[int, tuple[float, int]]] = {i: {} for i in range(count)}
    for pair, total, length in zip(
        pairs.tolist(), contrast.tolist(), lengths.tolist(), strict=True
    ):
        a, b = divmod(pair, count)
        borders[a][b] = borders[b][a] = (total, length)
    return borders
