"""Labels of regions on a photo of which one half is harmed."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.labels import label_rois, visible
from data_tools.metrics.haarpsi import HaarPsi
from seagull.types import Region

SIZE = (96, 128)


def _photo() -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    texture = 128 + 60 * np.sin(columns / 2.3) * np.cos(rows / 3.1)
    return np.repeat(texture[..., None], 3, axis=2).astype(np.uint8)


def _region(name: str, rows: slice, columns: slice) -> Region:
    mask = np.zeros(SIZE, dtype=bool)
    mask[rows, columns] = True
    return Region(mask, name)


def test_quality_and_importance_follow_the_harm() -> None:
    photo = _photo()
    harmed = photo.copy()
    harmed[:, 64:] = 128
    rois = [
        _region("clean", slice(8, 60), slice(4, 50)),
        _region("harmed", slice(8, 60), slice(70, 116)),
        _region("harmed, large", slice(None), slice(64, None)),
    ]
    labeller = HaarPsi()
    labels = label_rois(labeller.prepare(photo), harmed, rois, labeller)
    assert labels.quality[0] == 1.0
    assert labels.quality[1] < 0.5
    assert labels.importance_raw[0] == 1.0
    # The same harm over a larger part of the photo matters more.
    assert labels.importance_raw[2] < labels.importance_raw[1] < 1.0
    assert (labels.metric, labels.version) == ("haarpsi", labeller.version)
    assert labels.quality.dtype == labels.importance_raw.dtype == np.float32


@pytest.mark.parametrize(
    ("score", "shows"), [(0.2, True), (0.994, True), (0.995, False), (1, False)]
)
def test_what_counts_as_visible(score: float, shows: bool) -> None:
    assert visible(score) is shows
