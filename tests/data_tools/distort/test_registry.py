"""Ladders: who gets which, and what a setting does to pixels."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest

from data_tools.distort.config import DEFAULT_CONFIG
from data_tools.distort.registry import apply, apply_all, distortion_key, ladder
from data_tools.distort.setting import LEVELS, severity_of
from data_tools.distort.tables import LADDERS, Ladder
from data_tools.metrics.haarpsi import HaarPsi
from data_tools.reference.arrays import RgbImage
from data_tools.reference.reference import Reference, from_rgb
from seagull.levels import SEVERITY
from seagull.types import DistortionType

EVERY_LADDER = pytest.mark.parametrize("item", LADDERS.values(), ids=lambda item: item.variant)


def scene(height: int = 120, width: int = 161) -> RgbImage:
    """Coloured blocks, a slope and a texture: something for every distortion to harm."""
    rows, columns = np.mgrid[:height, :width]
    red = 60 + 120 * columns / width
    green = 128 + 70 * np.sin(columns / 3) * np.sin(rows / 4)
    blue = np.where((rows // 24 + columns // 24) % 2, 190, 60)
    return np.clip(np.stack([red, green, blue], axis=2), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return from_rgb("scene", scene())


@EVERY_LADDER
def test_every_level_harms_more_than_the_last(item: Ladder, reference: Reference) -> None:
    labeller = HaarPsi()
    cache = labeller.prepare(reference.srgb)
    key = distortion_key(item.type, reference.image_id, 3)
    scores = [
        labeller.score_image(cache, apply(setting, reference, key))
        for setting in item.settings()[::4]
    ]
    assert scores[0] > scores[-1] + 0.1
    # WebP is not meant to be strictly ordered: its encoder moves bits between regions.
    assert np.all(np.diff(scores) <= (0.02 if item.kind in ("webp", "jpeg2000") else 0))


@EVERY_LADDER
def test_a_distortion_leaves_its_reference_alone_and_repeats(
    item: Ladder, reference: Reference
) -> None:
    before = reference.srgb.copy()
    key = distortion_key(item.type, "scene", 3)
    first = apply(item.setting(9), reference, key)
    again = apply(item.setting(9), from_rgb("scene", scene()), key)
    assert first.dtype == np.uint8
    assert first.shape == reference.srgb.shape
    assert np.array_equal(first, again)
    assert np.array_equal(before, reference.srgb)


@pytest.mark.parametrize("shape", [(1, 1), (2, 37), (16, 16)])
@EVERY_LADDER
def test_tiny_photos_survive_the_strongest_level(item: Ladder, shape: tuple[int, int]) -> None:
    tiny = from_rgb("tiny", scene()[: shape[0], : shape[1]])
    out = apply(item.setting(LEVELS), tiny, distortion_key(item.type, "tiny", 3))
    assert out.shape == (*shape, 3)


@EVERY_LADDER
def test_the_number_of_threads_changes_nothing(item: Ladder) -> None:
    photo = from_rgb("large", scene(300, 420))
    key = distortion_key(item.type, "large", 3)
    labeller, results = HaarPsi(), []
    before = cv2.getNumThreads()
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            pixels = apply(item.setting(14), from_rgb("large", photo.srgb), key)
            score = labeller.score_image(labeller.prepare(photo.srgb), pixels)
            results.append((pixels.tobytes(), score))
    finally:
        cv2.setNumThreads(before)
    assert len(set(results)) == 1


def test_a_ladder_has_one_kind_and_direction_and_balanced_severities() -> None:
    for type in DistortionType:
        settings = ladder(type, "photo", 1)
        assert [setting.k for setting in settings] == list(range(1, 21))
        assert len({(setting.kind, setting.direction) for setting in settings}) == 1
        assert Counter(setting.severity for setting in settings) == dict.fromkeys(SEVERITY.words, 4)
        assert [setting.severity for setting in settings] == [
            word for word in SEVERITY.words for _ in range(4)
        ]


def test_photos_share_out_the_variants_by_weight() -> None:
    drawn = Counter(
        ladder(DistortionType.BLUR, f"photo-{index}", 1)[0].kind for index in range(800)
    )
    assert drawn["gaussian"] == pytest.approx(400, abs=60)
    assert drawn["disc"] == pytest.approx(200, abs=50)
    assert drawn["motion"] == pytest.approx(200, abs=50)


def test_the_default_ladders_leave_out_uneven_codecs() -> None:
    assert set(DEFAULT_CONFIG.weights[DistortionType.COMPRESSION]) == {"jpeg"}


def test_levels_of_noise_differ_in_strength_alone(reference: Reference) -> None:
    grey = from_rgb("grey", np.full((64, 64, 3), 118, np.uint8))
    key = distortion_key(DistortionType.NOISE, "grey", 1)
    weak, strong = (
        apply(ladder(DistortionType.NOISE, "grey", 1)[level], grey, key).astype(float) - 118
        for level in (4, 8)
    )
    assert np.corrcoef(weak.reshape(-1), strong.reshape(-1))[0, 1] > 0.97
    assert strong.std() > 1.5 * weak.std()


def test_several_distortions_come_in_the_order_of_a_camera(reference: Reference) -> None:
    blur = ladder(DistortionType.BLUR, "scene", 1)[12]
    noise = ladder(DistortionType.NOISE, "scene", 1)[12]
    both = apply_all([noise, blur], reference, 1)
    assert np.array_equal(both, apply_all([blur, noise], reference, 1))
    blurred = Reference("scene", apply(blur, reference, distortion_key(blur.type, "scene", 1)))
    assert np.array_equal(both, apply(noise, blurred, distortion_key(noise.type, "scene", 1)))
    with pytest.raises(ValueError, match="different types"):
        apply_all([blur, blur], reference, 1)


def test_an_unknown_kind_is_named(reference: Reference) -> None:
    setting = replace(ladder(DistortionType.BLUR, "scene", 1)[0], kind="zoom")
    with pytest.raises(ValueError, match=r"'zoom'.*gaussian"):
        apply(setting, reference, distortion_key(DistortionType.BLUR, "scene", 1))


@pytest.mark.parametrize("level", [0, 21])
def test_levels_outside_the_ladder_are_refused(level: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.20"):
        severity_of(level)
