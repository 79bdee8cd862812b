"""What a version is, and where its pixels change."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from data_tools.config import DataConfig
from data_tools.distort.config import DEFAULT_CONFIG
from data_tools.distort.registry import apply_all
from data_tools.reference.reference import Reference
from data_tools.versions.config import KINDS, VersionsConfig
from data_tools.versions.draw import (
    TARGET_SHARES,
    TWIN_GAP,
    Draft,
    choose_regions,
    draw_version,
    render_version,
)
from data_tools.versions.scenes import PHOTO, Scene
from seagull.regions.masks import box_mask

SIZE = (64, 96)


@pytest.fixture
def scene() -> Scene:
    pixels = np.random.default_rng(3).integers(20, 230, (*SIZE, 3), dtype=np.uint8)
    masks = {
        "left": box_mask((4, 8, 40, 56), SIZE),
        "right": box_mask((40, 8, 80, 56), SIZE),
        "tiny": box_mask((90, 60, 94, 63), SIZE),
        PHOTO: np.ones(SIZE, dtype=bool),
    }
    return Scene(Reference("photo.0", pixels), masks)


def drafts(scene: Scene, count: int, **changes: object) -> list[Draft]:
    config = DataConfig(seed=5, versions=VersionsConfig(**changes))
    return [draw_version(scene, number, config, DEFAULT_CONFIG) for number in range(count)]


def test_version_0_is_clean(scene: Scene) -> None:
    draft = drafts(scene, 1)[0]
    assert draft == Draft(0, "clean")
    assert np.array_equal(render_version(scene, draft, 5).pixels, scene.reference.srgb)


def test_kinds_levels_types_and_edges_are_as_asked(scene: Scene) -> None:
    found = drafts(scene, 3001)[1:]
    kinds = Counter(draft.kind for draft in found)
    for kind, weight in KINDS.items():
        assert kinds[kind] / len(found) == pytest.approx(weight, abs=0.04)
    levels = Counter(setting.k for draft in found for setting in draft.settings)
    assert set(levels) == set(range(1, 21))
    assert min(levels.values()) > 0.5 * max(levels.values())
    for draft in found:
        types = [setting.type for setting in draft.settings]
        assert len(set(types)) == len(types)
        assert len(types) in ((2, 3) if draft.kind.endswith("_mixed") else (1,))
        assert (draft.target is None) == draft.kind.startswith("whole")
        assert draft.feather == 0 or 4 <= draft.feather <= 24
        if draft.target is not None:
            assert TARGET_SHARES[0] <= scene.share(draft.target) <= TARGET_SHARES[1]
    regional = [draft for draft in found if draft.target is not None]
    hard = sum(draft.feather == 0 for draft in regional) / len(regional)
    assert hard == pytest.approx(0.5, abs=0.05)


def test_twins_differ_in_levels_alone_and_enough_to_be_told_apart(scene: Scene) -> None:
    found = drafts(scene, 201)[1:]
    worse = 0
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert (first.kind, first.target, first.feather) == (
            second.kind,
            second.target,
            second.feather,
        )
        for one, other in zip(first.settings, second.settings, strict=True):
            assert (one.type, one.variant) == (other.type, other.variant)
            assert abs(one.k - other.k) >= TWIN_GAP
        worse += first.settings[0].k > second.settings[0].k
    assert 30 < worse < 70


def test_twins_have_the_same_regions_labelled_and_version_0_has_all(scene: Scene) -> None:
    config = DataConfig(seed=5, versions=VersionsConfig(regions=2))
    found = drafts(scene, 41, regions=2)
    chosen = [choose_regions(scene, draft, [], config) for draft in found]
    assert chosen[0] == [*scene.masks]
    assert chosen[1::2] == chosen[2::2]
    assert max(map(len, chosen[1:])) == 2


def test_hard_edges_change_the_target_and_nothing_else(scene: Scene) -> None:
    before = scene.reference.srgb
    checked = Counter[str]()
    for draft in drafts(scene, 120)[1:]:
        if draft.target is None or draft.feather:
            continue
        area = scene.masks[draft.target] ^ (draft.kind == "outside")
        pixels = render_version(scene, draft, 5).pixels
        everywhere = apply_all(draft.settings, scene.reference, 5)
        assert np.array_equal(pixels[~area], before[~area])
        assert np.array_equal(pixels[area], everywhere[area])
        assert (pixels[area] != before[area]).any()
        checked[draft.kind] += 1
    assert min(checked[kind] for kind in ("inside", "inside_mixed", "outside")) >= 3


def test_soft_edges_leave_what_is_far_away(scene: Scene) -> None:
    blurred = next(d for d in drafts(scene, 200) if d.kind == "inside" and d.feather)
    rendered = render_version(scene, blurred, 5)
    assert rendered.share is not None
    changed = (rendered.pixels != scene.reference.srgb).any(axis=-1)
    assert not changed[rendered.share == 0].any()
    assert (rendered.share[rendered.area] >= 0.5).all()


def test_without_a_target_the_whole_photo_is_distorted(scene: Scene) -> None:
    bare = Scene(scene.reference, {PHOTO: scene.masks[PHOTO]})
    kinds = {draft.kind for draft in drafts(bare, 60)[1:]}
    assert kinds == {"whole", "whole_mixed"}
