"""Windows of a reference and the regions in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_tools.config import DataConfig, MasksConfig
from data_tools.masks import Roi
from data_tools.reference.reference import Reference
from data_tools.versions.config import VersionsConfig
from data_tools.versions.scenes import PHOTO, Scene, make_scenes, windows_of
from seagull.regions.masks import box_mask


def config(**changes: object) -> DataConfig:
    versions = VersionsConfig(**{"window": (48, 32), **changes})
    return DataConfig(masks=MasksConfig(min_area=0.01, min_side=3), versions=versions)


def scenes_of(height: int, width: int, rois: list[Roi] | None = None, **changes: object):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return make_scenes(Reference("photo", pixels), rois or [], config(**changes))


@settings(max_examples=60)
@given(st.integers(33, 900), st.integers(33, 900), st.integers(0, 50))
def test_windows_lie_inside_and_are_never_enlarged(height: int, width: int, seed: int) -> None:
    windows = windows_of("photo", (height, width), seed, VersionsConfig(window=(48, 32)))
    assert 1 <= len(windows) <= 3
    sides = (48, 32) if width >= height else (32, 48)
    for x1, y1, x2, y2 in windows:
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        if width >= sides[0] and height >= sides[1]:
            assert x2 - x1 >= sides[0]
            assert y2 - y1 >= sides[1]
            assert (x2 - x1) / (y2 - y1) == pytest.approx(sides[0] / sides[1], rel=0.05)


def test_scenes_have_one_size_and_lie_as_the_photo_does() -> None:
    for height, width, size in ((200, 300, (32, 48)), (300, 200, (48, 32)), (32, 49, (32, 48))):
        assert {scene.reference.size for scene in scenes_of(height, width)} == {size}


def test_a_photo_that_hardly_exceeds_the_window_gives_one_scene() -> None:
    assert len(scenes_of(34, 50)) == 1
    assert len(scenes_of(200, 300)) > 1


def test_zero_takes_the_whole_reference() -> None:
    (scene,) = scenes_of(70, 90, window=(0, 0))
    assert scene.reference.size == (70, 90)


def test_a_small_photo_is_not_enlarged() -> None:
    (scene,) = scenes_of(20, 30)
    assert scene.reference.size == (20, 30)


def test_regions_that_lost_more_than_half_are_gone() -> None:
    size = (32, 98)  # the window is 48 wide, so half of the photo is out of sight
    rois = [Roi(str(x), box_mask((x, 4, x + 20, 28), size), "object", "test") for x in (5, 39, 75)]
    (scene,) = scenes_of(*size, rois)
    (window,) = windows_of("photo", size, 0, config().versions)
    for roi in rois:
        inside = np.count_nonzero(roi.mask[:, window[0] : window[2]])
        assert (roi.id in scene.masks) == (2 * inside >= np.count_nonzero(roi.mask))
    assert {"b1", "b2", "b3", PHOTO} < set(scene.masks)
    assert scene.masks[PHOTO].all()


def test_scenes_follow_from_the_seed_alone() -> None:
    def pixels(scenes: list[Scene]) -> list[bytes]:
        return [scene.reference.srgb.tobytes() for scene in scenes]

    assert pixels(scenes_of(200, 300)) == pixels(scenes_of(200, 300))
    assert len(set(pixels(scenes_of(200, 300)))) == len(scenes_of(200, 300))
