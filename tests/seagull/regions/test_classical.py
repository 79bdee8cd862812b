"""The segmenter without weights, on drawn scenes and on photos with human segments."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from seagull.photos import Photo, read_photo
from seagull.regions.classical import ClassicalSegmenter
from seagull.regions.everything import Selection
from seagull.regions.masks import iou
from seagull.regions.rle import Rle, decode

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "bsds500"


@pytest.fixture(scope="module")
def scene() -> tuple[Photo, np.ndarray, np.ndarray]:
    """A red disc and a blue box on green, with noise."""
    disc, box = np.zeros((120, 160), np.uint8), np.zeros((120, 160), np.uint8)
    cv2.circle(disc, (45, 60), 28, 1, -1)
    box[30:90, 100:140] = 1
    pixels = np.full((120, 160, 3), (60, 140, 60), dtype=np.float64)
    pixels[disc == 1], pixels[box == 1] = (200, 50, 40), (40, 60, 190)
    pixels += np.random.default_rng(1).normal(0, 8, pixels.shape)
    photo = Photo(np.clip(pixels, 0, 255).astype(np.uint8))
    return photo, disc == 1, box == 1


def test_a_click_finds_the_object(scene: tuple[Photo, np.ndarray, np.ndarray]) -> None:
    photo, disc, box = scene
    opened = ClassicalSegmenter().open(photo)
    assert iou(opened.segment([(45, 60, 1)]).mask, disc) > 0.9
    assert iou(opened.segment([(120, 60, 1)]).mask, box) > 0.9


def test_a_loose_box_shrinks_to_the_object(scene: tuple[Photo, np.ndarray, np.ndarray]) -> None:
    photo, disc, _box = scene
    assert iou(ClassicalSegmenter().open(photo).segment([], (8, 22, 84, 98)).mask, disc) > 0.9


def test_everything_holds_the_objects(scene: tuple[Photo, np.ndarray, np.ndarray]) -> None:
    photo, disc, box = scene
    found = ClassicalSegmenter().open(photo).everything(Selection())
    assert 2 <= len(found) <= 32
    assert max(iou(one.mask, disc) for one in found) > 0.9
    assert max(iou(one.mask, box) for one in found) > 0.9
    assert all(0.0 <= one.confidence <= 1.0 for one in found)


@pytest.mark.parametrize("seed", range(5))
def test_points_decide_what_is_in_and_out(
    scene: tuple[Photo, np.ndarray, np.ndarray], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    points = [(int(rng.integers(160)), int(rng.integers(120)), label) for label in (1, 1, 0)]
    mask = ClassicalSegmenter().open(scene[0]).segment(points).mask
    assert [mask[y, x] for x, y, _label in points] == [True, True, False]


def test_the_answer_does_not_depend_on_what_ran_before(
    scene: tuple[Photo, np.ndarray, np.ndarray],
) -> None:
    first = ClassicalSegmenter().open(scene[0]).segment([(45, 60, 1)]).mask
    cv2.setRNGSeed(7)
    cv2.kmeans(np.eye(9, dtype=np.float32), 3, None, (1, 5, 0.0), 2, cv2.KMEANS_RANDOM_CENTERS)
    assert np.array_equal(ClassicalSegmenter().open(scene[0]).segment([(45, 60, 1)]).mask, first)


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 3), (64, 64)])
def test_tiny_and_flat_photos_have_regions(shape: tuple[int, int]) -> None:
    opened = ClassicalSegmenter().open(Photo(np.full((*shape, 3), 77, dtype=np.uint8)))
    assert opened.segment([(0, 0, 1)]).mask[0, 0]
    assert opened.segment([], (0, 0, shape[1], shape[0])).mask.any()
    assert len(opened.everything(Selection(max_area=1.0))) >= 1


def test_a_large_photo_is_answered_at_its_own_size() -> None:
    pixels = np.zeros((1500, 2000, 3), dtype=np.uint8)
    pixels[400:1000, 600:1400] = 220
    mask = ClassicalSegmenter().open(Photo(pixels)).segment([(1000, 700, 1)]).mask
    assert mask.shape == (1500, 2000)
    assert iou(mask, pixels[..., 0] > 0) > 0.95


def test_human_segments_are_found_better_than_by_a_grid() -> None:
    if not SHARED.exists():
        pytest.skip("the BSDS500 photos are not in ../shared/data")
    lines = (SHARED / "val_segments.jsonl").read_text().splitlines()[:3]
    ours, grid = [], []
    for line in lines:
        row = json.loads(line)
        photo = read_photo(SHARED / row["image"])
        found = [c.mask for c in ClassicalSegmenter().open(photo).everything(Selection())]
        tiles = np.arange(photo.height)[:, None] * 5 // photo.height * 6
        tiles = tiles + np.arange(photo.width) * 6 // photo.width
        for segment in row["segments"]:
            human = decode(Rle.from_dict({k: segment[k] for k in ("size", "counts")}), photo.size)
            ours.append(max(iou(human, mask) for mask in found))
            grid.append(max(iou(human, tiles == tile) for tile in range(30)))
    assert np.mean(ours) > 0.4 > np.mean(grid)
