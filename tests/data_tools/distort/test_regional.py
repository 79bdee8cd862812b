"""Distortions of one region leave the rest alone."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.distort.regional import distort_region, paste_region
from data_tools.distort.registry import apply, distortion_key, ladder
from data_tools.reference.reference import from_rgb
from seagull.types import DistortionType

SIZE = (60, 80)
PIXELS = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
MASK = np.zeros(SIZE, dtype=bool)
MASK[15:45, 20:60] = True


def test_a_hard_edge_follows_the_mask_exactly() -> None:
    reference = from_rgb("photo", PIXELS)
    setting = ladder(DistortionType.NOISE, "photo", 1)[15]
    key = distortion_key(DistortionType.NOISE, "photo", 1)
    out = distort_region(reference, MASK, setting, key)
    assert np.array_equal(out[~MASK], PIXELS[~MASK])
    assert np.array_equal(out[MASK], apply(setting, reference, key)[MASK])


def test_a_soft_edge_runs_from_one_picture_to_the_other() -> None:
    black, white = np.zeros((*SIZE, 3), np.uint8), np.full((*SIZE, 3), 255, np.uint8)
    row = paste_region(black, white, MASK, feather=8.0)[30, :, 0].astype(int)
    assert row[40] == 255
    assert row[5] == 0
    assert np.all(np.diff(row[8:40]) >= 0)
    # The border itself, between columns 19 and 20, is half and half.
    assert row[19] + row[20] == pytest.approx(255, abs=2)
    assert np.count_nonzero((row[:40] > 0) & (row[:40] < 255)) == pytest.approx(8, abs=1)


def test_a_mask_of_the_whole_photo_has_no_edge() -> None:
    white = np.full((*SIZE, 3), 255, np.uint8)
    every = np.ones(SIZE, dtype=bool)
    assert paste_region(PIXELS, white, every, feather=9.0).min() == 255
    assert np.array_equal(paste_region(PIXELS, white, ~every, feather=9.0), PIXELS)


def test_wrong_masks_and_feathers_are_refused() -> None:
    with pytest.raises(ValueError, match="boolean"):
        paste_region(PIXELS, PIXELS, MASK.astype(np.uint8))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="one size"):
        paste_region(PIXELS, PIXELS, MASK[:-1])
    with pytest.raises(ValueError, match=r"0\.\.256"):
        paste_region(PIXELS, PIXELS, MASK, feather=-1)
