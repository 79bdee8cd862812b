"""What a network is shown: windows, boxes, masks, and depth under the same geometry."""

from collections.abc import Callable

import numpy as np
import torch

from seagull.baselines.config import BaselineConfig, ViewSettings
from seagull.baselines.views import (
    boxed,
    make_views,
    region_mask,
    shown,
    squeezed,
    stacked,
    windows,
)
from seagull.types import Region

Make = Callable[..., BaselineConfig]


def region(top: int, left: int, bottom: int, right: int, size: tuple[int, int]) -> Region:
    mask = np.zeros(size, bool)
    mask[top:bottom, left:right] = True
    return Region(mask)


def test_windows_are_cut_after_the_shorter_side_is_brought_to_size():
    rows = np.repeat(np.arange(100, dtype=np.uint8)[:, None], 300, 1)[..., None].repeat(3, 2)
    cut = windows(rows, ViewSettings(side=50, short_side=50), 4, np.random.default_rng(0))
    assert {one.shape for one in cut} == {(50, 50, 3)}
    # 100 rows at 50: a window has all of them, two by two.
    np.testing.assert_allclose(cut[0][:, 0, 0], np.arange(50) * 2 + 0.5, atol=1)
    own = windows(rows, ViewSettings(side=50, short_side=0), 3, np.random.default_rng(0))
    starts = [int(one[0, 0, 0]) for one in own]
    np.testing.assert_array_equal(own[0][:, 0, 0], np.arange(starts[0], starts[0] + 50))


def test_a_photo_smaller_than_a_window_is_enlarged_to_it():
    tiny = np.zeros((20, 30, 3), np.uint8)
    (one,) = windows(tiny, ViewSettings(side=64, short_side=0), 1, np.random.default_rng(0))
    assert one.shape == (64, 64, 3)


def test_a_box_with_a_margin_goes_no_further_than_the_photo():
    layers = np.arange(100, dtype=np.uint8).reshape(10, 10, 1).repeat(3, 2)
    assert boxed(layers, (4, 0, 9, 5), 0.2).shape == (6, 7, 3)
    assert boxed(layers, (4, 0, 9, 5), 0.0)[0, 0, 0] == 4


def test_depth_is_cut_as_the_photo_is():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    layers = stacked(pixels, pixels[..., 1])
    view = ViewSettings(side=40, short_side=50)
    cut = [*windows(layers, view, 3, np.random.default_rng(1)), squeezed(layers, 40)]
    for one in cut:
        np.testing.assert_array_equal(one[..., 1], one[..., 3])
    views = make_views(torch.from_numpy(np.stack(cut)).permute(0, 3, 1, 2), torch.arange(4))
    assert views.depth is not None
    # One layer of depth three times, in [0, 1] as colour is.
    raw = torch.from_numpy(cut[0][..., 3]).float() / 255
    for channel in range(3):
        torch.testing.assert_close(views.depth[0, channel], raw)
    torch.testing.assert_close(views.depth[:, 1], views.pixels[:, 1])


def test_masks_are_shares_of_cells_and_no_region_vanishes():
    half = region_mask(region(0, 0, 50, 100, (100, 100)), 4)
    assert half.tolist() == [[255] * 4, [255] * 4, [0] * 4, [0] * 4]
    dot = region_mask(region(399, 10, 400, 11, (400, 400)), 4)
    assert dot.max() == 255
    assert np.argwhere(dot).tolist() == [[3, 0]]


def test_the_crop_protocol_shows_windows_of_a_whole_photo_and_the_box_of_a_part(settings: Make):
    config = settings()
    pixels = np.random.default_rng(0).integers(0, 256, (80, 100, 3), dtype=np.uint8)
    whole, part = region(0, 0, 80, 100, (80, 100)), region(10, 20, 50, 90, (80, 100))
    cut, masks = shown(pixels, [whole, part], config, 3, np.random.default_rng(0))
    assert masks is None
    assert len(cut) == 4
    np.testing.assert_array_equal(cut[3], squeezed(pixels[10:50, 20:90], 64))


def test_the_mask_protocol_shows_the_photo_once_for_all_regions(settings: Make):
    config = settings(protocol="mask")
    pixels = np.zeros((80, 100, 3), np.uint8)
    regions = [region(0, 0, 40, 100, (80, 100)), region(10, 20, 50, 90, (80, 100))]
    cut, masks = shown(pixels, regions, config, 3, np.random.default_rng(0))
    assert len(cut) == 1
    assert masks is not None
    assert masks.shape == (2, 64, 64)
