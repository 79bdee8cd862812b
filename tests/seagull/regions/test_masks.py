"""Masks by boxes and polygons, and what resizing and outlines keep."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco

from seagull.regions.masks import (
    box_mask,
    box_of,
    iou,
    largest_inner_point,
    outline,
    pixel_box,
    polygon_cost,
    polygon_mask,
    resize_mask,
)

SIZE = (30, 40)
corner = st.tuples(st.integers(-20, 60), st.integers(-20, 60))


@given(corner, corner)
def test_a_box_and_the_polygon_of_its_corners_agree(a: tuple[int, int], b: tuple[int, int]) -> None:
    (x1, x2), (y1, y2) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    ring = [x1, y1, x2, y1, x2, y2, x1, y2]
    try:
        expected = box_mask(pixel_box((x1, y1, x2, y2), SIZE), SIZE)
    except ValueError:
        with pytest.raises(ValueError, match="covers no pixel"):
            polygon_mask([ring], SIZE)
        return
    assert np.array_equal(polygon_mask([ring], SIZE), expected)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_a_polygon_is_nearly_that_of_coco(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    radius = rng.uniform(40, 90, 9)
    ring = np.stack([100 + radius * np.cos(angles), 110 + radius * np.sin(angles)], 1).ravel()
    theirs = coco.decode(coco.frPyObjects([ring.tolist()], 220, 200))[..., 0].astype(bool)
    assert iou(polygon_mask([ring.tolist()], (220, 200)), theirs) > 0.95


def test_rings_are_united_and_a_ring_is_even_odd() -> None:
    square = [2, 2, 10, 2, 10, 10, 2, 10]
    shifted = [6, 6, 14, 6, 14, 14, 6, 14]
    both = polygon_mask([square, shifted], SIZE)
    assert both.sum() == 64 + 64 - 16
    bow_tie = [0, 0, 10, 10, 10, 0, 0, 10]
    assert not polygon_mask([bow_tie], SIZE)[1, 5]


def test_huge_coordinates_cost_nothing() -> None:
    mask = polygon_mask([[-1e8, -1e8, 1e8, -1e8, 1e8, 1e8, -1e8, 1e8]], SIZE)
    assert mask.all()


number = st.one_of(
    st.integers(-60, 100).map(lambda value: value / 2),
    st.floats(-60, 60),
    st.sampled_from([-1e9, -1e7, 1e7, 1e9]),
)


def in_whole(ring: list[float], size: tuple[int, int]) -> np.ndarray:
    """A ring's mask by the even-odd rule, every pixel of the photo asked about every edge."""
    height, width = size
    inside = np.zeros(size, dtype=bool)
    corners = list(zip(ring[::2], ring[1::2], strict=True))
    for (xa, ya), (xb, yb) in zip(corners, corners[1:] + corners[:1], strict=True):
        for row in range(height):
            if min(ya, yb) <= row + 0.5 < max(ya, yb):
                crossing = xa + (row + 0.5 - ya) * (xb - xa) / (yb - ya)
                inside[row, min(max(math.ceil(crossing - 0.5), 0), width) :] ^= True
    return inside


@given(st.lists(st.tuples(number, number), min_size=3, max_size=9), st.sampled_from([3, 4096]))
def test_a_ring_has_the_pixels_that_the_whole_photo_is_asked_for(corners, band) -> None:
    ring = [value for corner in corners for value in corner]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seagull.regions.masks._BAND", band)
        expected = in_whole(ring, SIZE)
        if expected.any():
            assert np.array_equal(polygon_mask([ring], SIZE), expected)
        else:
            with pytest.raises(ValueError, match="covers no pixel"):
                polygon_mask([ring], SIZE)


def test_small_rings_take_no_memory_of_the_photo_s_size() -> None:
    rings = [[9 * n, 9, 9 * n + 5, 9, 9 * n + 5, 14] for n in range(20)]
    tracemalloc.start()
    try:
        mask = polygon_mask(rings, (2000, 2000))
        assert tracemalloc.get_traced_memory()[1] < 1.2 * mask.nbytes
    finally:
        tracemalloc.stop()


def test_a_polygon_costs_what_its_rings_cover_and_how_far_its_edges_go() -> None:
    square = [0, 0, 1000, 0, 1000, 1000, 0, 1000]
    size = (1000, 1000)
    one = polygon_cost([square], size)
    assert 1e6 < one < 1.1e6
    assert polygon_cost([square] * 3, size) == 3 * one
    assert polygon_cost([[9 * value for value in square]], size) == one
    assert polygon_cost([[0, 0, 9, 0, 9, 9]], size) < 500
    # A comb: all edges are as long as the photo is high.
    comb = [value for x in range(1000) for value in (x, 1000 * (x % 2))]
    assert polygon_cost([comb], size) > 4e6


@pytest.mark.parametrize(
    "ring", [[0, 0, 5, 5], [0, 0, 5, 5, 1], [], [0, 0, np.nan, 5, 5, 5], [0, 0, 1e300, 5, 5, 5]]
)
def test_rings_that_are_no_polygon(ring: list[float]) -> None:
    with pytest.raises(ValueError, match="polygon"):
        polygon_mask([ring], SIZE)


def test_a_box_is_cut_to_the_photo_and_widened_to_pixels() -> None:
    assert pixel_box((-5, 3.2, 8.1, 99), SIZE) == (0, 3, 9, 30)
    assert pixel_box((7, 7, 8, 8), SIZE) == (7, 7, 8, 8)


@pytest.mark.parametrize(
    ("corners", "words"),
    [
        ((40, 0, 50, 5), "40 x 30"),
        ((-9, -9, 0, 0), "outside"),
        ((5, 5, 5, 9), "right of"),
        ((9, 9, 3, 3), "right of"),
        ((0, 0, float("nan"), 4), "finite"),
        ((0, 0, float("inf"), 4), "finite"),
    ],
)
def test_boxes_that_are_no_region(corners: tuple[float, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pixel_box(corners, SIZE)


@given(corner, st.integers(1, 20), st.integers(1, 20))
def test_a_region_never_vanishes_when_shrunk(at: tuple[int, int], height: int, width: int) -> None:
    mask = np.zeros((80, 90), dtype=np.bool_)
    mask[at[1] % 80, at[0] % 90] = True
    small = resize_mask(mask, (height, width))
    assert small.shape == (height, width)
    assert small.any()


def test_resizing_there_and_back_keeps_a_box() -> None:
    mask = box_mask((4, 8, 24, 20), SIZE)
    assert np.array_equal(resize_mask(resize_mask(mask, (120, 160)), SIZE), mask)
    assert not resize_mask(np.zeros(SIZE, dtype=np.bool_), (5, 5)).any()


def test_outline_is_the_rim_of_the_mask() -> None:
    rim = outline(box_mask((0, 0, 10, 8), SIZE))
    assert rim.sum() == 80 - 8 * 6
    assert rim[0, 5]


def test_iou_and_box_and_inner_point() -> None:
    a, b = box_mask((0, 0, 10, 10), SIZE), box_mask((5, 0, 15, 10), SIZE)
    assert iou(a, b) == pytest.approx(50 / 150)
    assert iou(~a & a, ~b & b) == 0.0
    assert box_of(b) == (5, 0, 15, 10)
    x, y = largest_inner_point(a)
    assert 3 <= x <= 6
    assert 3 <= y <= 6
