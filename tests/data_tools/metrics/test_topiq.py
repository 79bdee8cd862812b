"""The TOPIQ-FR adapter with a stand-in network: grouping, batches, composites, costs."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.metrics.topiq import TopiqFr

CLEAN = np.zeros((100, 150, 3), np.uint8)
DISTORTED = np.zeros((100, 150, 3), np.uint8)
DISTORTED[:, 75:] = 255


class Fake:
    """Scores 1 minus the mean difference, and remembers what it was given."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(
        self, distorted: NDArray[np.uint8], reference: NDArray[np.uint8]
    ) -> NDArray[np.float64]:
        assert distorted.shape == reference.shape
        self.shapes.append(distorted.shape)
        gap = np.abs(distorted.astype(float) - reference.astype(float))
        return 1 - gap.mean(axis=(1, 2, 3)) / 255


def test_crops_of_one_size_share_a_batch_and_keep_their_order() -> None:
    fake = Fake()
    labeller = TopiqFr(metric=fake, batch=2)
    boxes = [(0, 0, 20, 20), (120, 0, 150, 30), (0, 0, 150, 100), (5, 60, 25, 99)]
    scores = labeller.score_crops(labeller.prepare(CLEAN), DISTORTED, boxes)
    assert scores.tolist() == pytest.approx([1, 0, 0.5, 1])
    assert sorted(shape[0] for shape in fake.shapes) == [1, 1, 2]
    assert all(shape[1] >= 64 and shape[2] >= 64 for shape in fake.shapes)


def test_nothing_but_a_region_s_own_pixels_counts_for_it() -> None:
    fake = Fake()
    labeller = TopiqFr(metric=fake, batch=2)
    masks = [np.zeros((100, 150), dtype=bool) for _ in range(3)]
    masks[0][:64, 10:74] = True
    masks[1][:64, 10:138] = True
    masks[2][:64, 76:140] = True
    masks[2][:32, 76:140] = False
    scores = labeller.score_regions(labeller.prepare(CLEAN), DISTORTED, masks)
    # Of the third region's box, which is grown upwards to 64 px, half is the region's own.
    assert scores.tolist() == pytest.approx([1, 1 - 63 / 128, 0.5])
    assert len(fake.shapes) == 2
    assert labeller.score_regions(labeller.prepare(CLEAN), DISTORTED, []).shape == (0,)


def test_composites_change_the_mask_alone() -> None:
    fake = Fake()
    labeller = TopiqFr(metric=fake, batch=2)
    masks = [np.zeros((100, 150), dtype=bool) for _ in range(3)]
    masks[0][:, 75:] = True
    masks[1][:, :75] = True
    masks[2][:50, 75:] = True
    scores = labeller.score_composites(labeller.prepare(CLEAN), DISTORTED, masks)
    assert scores.tolist() == pytest.approx([0.5, 1, 0.75])
    assert [shape[0] for shape in fake.shapes] == [2, 1]
    assert labeller.score_composites(labeller.prepare(CLEAN), DISTORTED, []).shape == (0,)


def test_the_cost_of_the_whole_set_is_announced_in_days() -> None:
    cost = TopiqFr(metric=Fake(), device="cuda").cost(978_720, 33, (800, 1080))
    assert cost.seconds / 86400 == pytest.approx(79, abs=1)
    assert "days of one V100" in str(cost)


def test_without_pyiqa_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiqa", None)
    with pytest.raises(ValueError, match="pip install pyiqa"):
        TopiqFr()


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        TopiqFr(metric=Fake(), batch=0)
