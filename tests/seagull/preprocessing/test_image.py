"""The published preparation, number by number, and what native preparation leaves alone."""

import json
import tracemalloc

import numpy as np
import pytest
import torch
from PIL import Image

from seagull.model.presets import preset
from seagull.preprocessing.image import ImageTransform
from seagull.preprocessing.region import CropTransform, encoder_mask, nearest_mask, window
from seagull.regions.rle import Rle, decode
from seagull.types import Region

NATIVE = ImageTransform(0, 256, 32, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@pytest.fixture(scope="module")
def published(shared):
    folder = shared / "fixtures" / "reference"
    described = json.loads((folder / "preprocess.json").read_text())
    with Image.open(shared / described["image"]) as picture:
        photo = np.asarray(picture.convert("RGB"))
    region = Region(decode(Rle.from_dict(described["rle"])))
    settings = preset("seagull-7b")["processor"]
    transform = ImageTransform(
        settings["image_size"], 0, 32, settings["image_mean"], settings["image_std"]
    )
    return np.load(folder / "preprocess.npz"), photo, region, transform, described


def test_square_pixels_equal_the_published_ones(published):
    numbers, photo, _, transform, _ = published
    ours = transform.pixels(photo)[:, ::16, ::16].numpy()
    assert np.abs(ours - numbers["pixels"]).max() < 1e-6


def test_a_strip_becomes_a_square_without_memory_by_its_ratio(published):
    *_, transform, _ = published
    strip = np.zeros((1, 20_000, 3), np.uint8)  # as published, the step between has 16 GB
    strip[:, 10_000:] = 255
    red = transform.pixels(strip)[0]
    assert red.shape == (transform.size, transform.size)
    black, white = red[:, : transform.size // 2 - 1], red[:, transform.size // 2 + 1 :]
    assert black.unique().numel() == white.unique().numel() == 1
    assert float(black[0, 0]) < float(white[0, 0])


def test_published_box_gives_the_published_crop_and_only_behind_its_setting(published):
    numbers, photo, region, transform, described = published
    compatible, _ = CropTransform(512, transform, published_box=True).crop(photo, region)
    assert np.abs(compatible[:, ::16, ::16].numpy() - numbers["crop"]).max() < 1e-6
    x1, y1, x2, y2 = described["crop_box_xyxy_exclusive"]
    assert region.box == (x1, y1, x2 + 1, y2 + 1)
    whole, _ = CropTransform(512, transform).crop(photo, region)
    assert np.abs(whole[:, ::16, ::16].numpy() - numbers["crop"]).max() > 1e-3


def test_mask_equals_the_published_one(published):
    numbers, photo, region, transform, _ = published
    mask = encoder_mask(region, transform.frame(*photo.shape[:2]))
    assert np.array_equal(mask.numpy(), numbers["mask"])


def test_native_keeps_the_pixels_and_pads_to_the_stride():
    photo = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    pixels = NATIVE.pixels(photo)
    assert pixels.shape == (3, 64, 96)
    back = (pixels[:, :50, :70] * 0.5 + 0.5) * 255
    assert np.array_equal(back.round().permute(1, 2, 0).numpy().astype(np.uint8), photo)


def test_native_reduces_only_what_is_larger_than_the_limit():
    assert NATIVE.frame(256, 200).content == (256, 200)
    assert NATIVE.frame(512, 300).content == (256, 150)


@pytest.mark.parametrize("size", [(8, 8), (64, 96), (31, 7)])
def test_a_thin_region_never_vanishes(size):
    mask = np.zeros((400, 600), dtype=bool)
    mask[201, 333] = True
    assert nearest_mask(mask, size).sum() >= 1


def test_padding_belongs_to_no_region():
    mask = np.ones((50, 70), dtype=bool)
    placed = encoder_mask(Region(mask), NATIVE.frame(50, 70))
    assert placed[:50, :70].all()
    assert placed.sum() == 50 * 70


def test_window_keeps_native_pixels_and_the_mask_in_step():
    photo = np.random.default_rng(1).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    mask = np.zeros((100, 120), dtype=bool)
    mask[5:20, 100:118] = True
    pixels, inside = window(photo, Region(mask), 64)
    assert pixels.shape == (64, 64, 3)
    assert np.array_equal(pixels[inside], photo[mask])


def test_window_reduces_a_region_larger_than_itself():
    photo = np.full((300, 200, 3), 90, dtype=np.uint8)
    pixels, inside = window(photo, Region(np.ones((300, 200), dtype=bool)), 64)
    assert pixels.shape == (64, 64, 3)
    assert (pixels == 90).all()
    # The photo is 200 of the window's 300 pixels wide, centred in it.
    assert inside.mean() == pytest.approx(2 / 3, abs=0.03)


def test_the_window_of_a_long_thin_photo_takes_little_memory():
    photo = np.zeros((16, 14_000, 3), np.uint8)
    photo[:, :3_500] = 200
    inside = np.zeros((16, 14_000), bool)
    inside[:, 1:] = True
    region = Region(inside)
    tracemalloc.start()
    pixels, mask = window(photo, region, 64)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6  # the square of the long side has 588 MB
    assert (pixels.shape, mask.shape) == ((64, 64, 3), (64, 64))
    assert (pixels[:, :15] == 200).all()
    assert (pixels[:, 17:] == 0).all()
    assert mask.any(axis=1).sum() == 1
    assert mask.any(axis=0).sum() >= 63


@pytest.mark.parametrize("shape", [(300, 200), (200, 300), (120, 300), (300, 299)])
def test_scaling_a_window_down_before_it_is_padded_moves_it_by_half_a_pixel_at_most(
    shape, monkeypatch
):
    levels = np.linspace(0, 255, shape[0])[:, None] * np.linspace(0, 1, shape[1])
    photo = np.repeat(levels.astype(np.uint8)[..., None], 3, axis=2)
    region = Region(np.ones(shape, bool))
    pixels, mask = window(photo, region, 64)
    monkeypatch.setattr("seagull.preprocessing.region._MOST_PADDED", 1)
    reduced, reduced_mask = window(photo, region, 64)
    half_a_pixel = 0.5 * 255 / (64 * min(shape) / max(shape))
    assert np.abs(pixels.astype(int) - reduced).max() <= half_a_pixel + 1
    assert np.count_nonzero(mask ^ reduced_mask) <= 2 * 64


def test_regions_of_another_photo_are_refused(processor, photo):
    with pytest.raises(ValueError, match="make regions at the photo's own resolution"):
        processor.regions(photo.pixels, [Region(np.ones((10, 10), dtype=bool))])


def test_crops_hold_finite_numbers(processor, photo, regions):
    inputs = processor.regions(photo.pixels, regions)
    assert torch.isfinite(inputs.crops).all()
    assert inputs.crop_masks.flatten(1).any(dim=1).all()
    assert inputs.masks.flatten(1).any(dim=1).all()
