"""Natural-scene statistics and the regression on them."""

import cv2
import numpy as np
import pytest

from seagull.evaluation.classical import ClassicalPredictor, FitData, fit_regression
from seagull.evaluation.metrics import srcc
from seagull.evaluation.scene_statistics import (
    asymmetric_gaussian,
    generalised_gaussian,
    scene_statistics,
)
from seagull.types import AssessmentTask


def scene(seed: int) -> np.ndarray:
    """A picture with edges and texture at several scales, (96, 96, 3)."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(size=(size, size)), (96, 96), interpolation=cv2.INTER_CUBIC)
        for size in (6, 12, 24, 48, 96)
    ]
    grey = sum(layer * 2.0**-index for index, layer in enumerate(layers))
    pixels = np.clip(128 + 40 * grey, 0, 255).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2)


WHOLE = np.ones((96, 96), dtype=bool)


def test_shapes_of_known_distributions_are_recovered():
    rng = np.random.default_rng(0)
    assert generalised_gaussian(rng.normal(0, 2, 200_000)) == pytest.approx((2, 4), rel=0.03)
    assert generalised_gaussian(rng.laplace(0, 1, 200_000))[0] == pytest.approx(1, rel=0.03)
    values = np.abs(rng.normal(size=200_000)) * np.where(rng.random(200_000) < 0.5, -1.0, 1.0)
    shape, mean, left, right = asymmetric_gaussian(values)
    assert (shape, left, right) == pytest.approx((2, 1, 1), rel=0.03)
    assert mean == pytest.approx(0, abs=0.02)


def test_only_the_pixels_inside_the_mask_count():
    pixels, mask = scene(0), np.zeros((96, 96), dtype=bool)
    mask[20:60, 30:70] = True
    changed = pixels.copy()
    changed[:8] = 255
    before, after = (scene_statistics(one, [mask, WHOLE]) for one in (pixels, changed))
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.allclose(before[1], after[1])


@pytest.mark.parametrize("value", [0, 255])
def test_flat_and_tiny_regions_have_finite_features(value):
    mask = np.zeros((96, 96), dtype=bool)
    mask[3, 4] = True
    flat = np.full((96, 96, 3), value, np.uint8)
    assert np.isfinite(scene_statistics(flat, [mask, WHOLE])).all()


def test_blur_of_unseen_scenes_is_graded():
    rng = np.random.default_rng(1)
    strengths = rng.uniform(0.3, 3, 90)
    features = np.concatenate(
        [
            scene_statistics(cv2.GaussianBlur(scene(index), (0, 0), strength), [WHOLE])
            for index, strength in enumerate(strengths)
        ]
    )
    quality, names = 1 - strengths / 3, [str(index) for index in range(90)]
    model = fit_regression(features[:60], quality[:60], names[:60])
    assert srcc(model(features[60:]), quality[60:]) > 0.9
    assert model.std < 0.15


def test_nothing_to_learn_gives_about_the_mean():
    rng = np.random.default_rng(2)
    features, scores = rng.normal(size=(120, 36)), rng.uniform(0.3, 0.7, 120)
    model = fit_regression(features, scores, [str(index) for index in range(120)])
    assert np.abs(model(rng.normal(size=(40, 36))) - scores.mean()).max() < 0.1


def test_too_little_to_fit_is_refused():
    with pytest.raises(ValueError, match="got 5 of 5"):
        fit_regression(np.zeros((5, 36)), np.zeros(5), list("abcde"))


def test_other_labels_are_another_baseline():
    rng = np.random.default_rng(3)
    features, scores = rng.normal(size=(12, 36)), rng.uniform(0, 1, 12)
    names = tuple(map(str, range(12)))

    def mark(quality: np.ndarray, groups: tuple[str, ...]) -> str:
        labels = {AssessmentTask.QUALITY: quality}
        data = FitData(features, labels, groups, frozenset({"pixels"}))
        return ClassicalPredictor.fitted(data).fingerprint

    assert mark(scores, names) == mark(scores.copy(), names)
    assert mark(scores, names) != mark(scores[::-1].copy(), names)
    assert mark(scores, names) != mark(scores, (*names[:-1], "0"))
