"""Labels of regions: clean beside distorted is clean, distorted is as bad as everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from data_tools.distort.registry import ladder
from data_tools.metrics.haarpsi import HaarPsi
from data_tools.reference.reference import Reference
from data_tools.versions.draw import Draft, render_version
from data_tools.versions.label import (
    CLEAN,
    DISTORTED,
    PARTLY,
    RawLabel,
    importance_scores,
    label_version,
    sharpness_of,
    state_of,
)
from data_tools.versions.scenes import PHOTO, Scene
from seagull.regions.masks import box_mask, box_of
from seagull.types import DistortionType

SIZE = (96, 128)


@pytest.fixture
def scene() -> Scene:
    pixels = np.random.default_rng(3).integers(20, 230, (*SIZE, 3), dtype=np.uint8)
    rows, columns = np.indices(SIZE)
    masks = {
        "target": (rows - 48) ** 2 + (columns - 40) ** 2 < 30**2,
        "inner": box_mask((30, 40, 50, 56), SIZE),
        "beside": box_mask((72, 8, 120, 88), SIZE),
        "across": box_mask((40, 20, 100, 60), SIZE),
        PHOTO: np.ones(SIZE, dtype=bool),
    }
    return Scene(Reference("photo.0", pixels), masks)


def labels_of(scene: Scene, kind: str, feather: float = 0.0) -> dict[str, RawLabel]:
    noisy = ladder(DistortionType.NOISE, "photo.0", 1)[14]
    target = None if kind == "whole" else "target"
    rendered = render_version(scene, Draft(1, kind, target, feather, (noisy,)), 1)
    states = {n: state_of(mask, rendered.area, rendered.share) for n, mask in scene.masks.items()}
    labeller = HaarPsi()
    cache = labeller.prepare(scene.reference.srgb)
    return {one.id: one for one in label_version(scene, rendered, states, labeller, cache)}


def test_a_clean_region_beside_a_distorted_one_is_clean(scene: Scene) -> None:
    labels = labels_of(scene, "inside")
    assert labels["beside"] == RawLabel("beside", CLEAN, 1.0)
    assert labels["target"].state == labels["inner"].state == DISTORTED
    assert labels["across"].state == labels[PHOTO].state == PARTLY
    assert labels["target"].quality < 0.9


def test_a_distorted_region_is_as_bad_as_if_all_were_distorted(scene: Scene) -> None:
    inside, whole = labels_of(scene, "inside"), labels_of(scene, "whole")
    for name in ("target", "inner"):
        assert inside[name] == whole[name]
    assert inside[PHOTO].quality > whole[PHOTO].quality
    assert inside["across"].quality > whole["across"].quality


def test_neighbours_in_the_box_of_a_partly_distorted_region_are_nothing_to_it(scene: Scene) -> None:
    rows, columns = np.indices(SIZE)
    target = scene.masks["target"]
    # Both have the target's box, in which it is distorted; of the ring only a sliver is.
    scene.masks["ring"] = ~target & (abs(rows - 48) < 30) & (abs(columns - 40) < 30) | (
        target & (columns < 14)
    )
    labels = labels_of(scene, "inside")
    assert labels["ring"].state == PARTLY
    labeller = HaarPsi()
    noisy = ladder(DistortionType.NOISE, "photo.0", 1)[14]
    version = render_version(scene, Draft(1, "inside", "target", 0.0, (noisy,)), 1)
    cache = labeller.prepare(scene.reference.srgb)
    box = labeller.score_crops(cache, version.pixels, [box_of(scene.masks["ring"])])[0]
    assert labels["ring"].quality > float(box) + 0.1
    # A region that is distorted all over is scored as `seagull-data run` scores it: by its box.
    crop = labeller.score_crops(cache, version.foreground, [box_of(target)])[0]
    assert labels["target"].quality == pytest.approx(float(crop), abs=1e-6)
    assert labels["target"].quality != pytest.approx(
        float(labeller.score_regions(cache, version.foreground, [target])[0]), abs=1e-6
    )


def test_importance_is_what_the_photo_keeps_when_a_region_alone_is_distorted(scene: Scene) -> None:
    labeller = HaarPsi()
    cache = labeller.prepare(scene.reference.srgb)
    kinds = (DistortionType.NOISE, DistortionType.BLUR)
    probes = [ladder(kind, "photo.0", 1)[13] for kind in kinds]
    both = importance_scores(scene, probes, labeller, cache, 1)
    one, other = (importance_scores(scene, [probe], labeller, cache, 1) for probe in probes)
    assert set(both) == set(scene.masks) - {PHOTO}
    for name, kept in both.items():
        assert 0 < kept < 1
        assert kept == pytest.approx((one[name] + other[name]) / 2, abs=1e-5)
    # The larger one of two nested regions takes the other's harm along.
    assert both["target"] < both["inner"]
    rendered = render_version(scene, Draft(1, "inside", "target", 0.0, (probes[0],)), 1)
    photo = labeller.score_image(cache, rendered.pixels)
    assert one["target"] == pytest.approx(photo, abs=1e-4)


def test_flat_regions_are_less_sharp(scene: Scene) -> None:
    scene.reference.srgb[scene.masks["inner"]] = 90
    assert sharpness_of(scene, "inner") < 0.3 * sharpness_of(scene, "beside")


def test_outside_spares_the_target(scene: Scene) -> None:
    labels = labels_of(scene, "outside")
    assert labels["target"].state == labels["inner"].state == CLEAN
    assert labels["beside"].state == DISTORTED


def test_a_soft_edge_that_reaches_a_region_makes_it_partly_distorted() -> None:
    area = box_mask((0, 0, 40, 40), (40, 80))
    beside = box_mask((41, 0, 80, 40), (40, 80))
    share = np.zeros((40, 80), dtype=np.float32)
    share[:, :40], share[:, 41] = 1.0, 0.2
    assert state_of(beside, area, None) == CLEAN
    assert state_of(beside, area, share) == PARTLY
