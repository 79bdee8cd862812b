"""Regions: where they come from, which are kept, and that they are the same every time."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data_tools.config import MasksConfig
from data_tools.given import GivenRegions, match_given, prepare_given
from data_tools.masks import Roi, find_rois
from data_tools.reference.reference import Reference, from_rgb
from data_tools.state import OutputTree
from seagull.photos import read_photo
from seagull.regions.masks import iou
from seagull.regions.rle import encode
from tests.data_tools.tiny_set import make_boxes, make_photos


@pytest.fixture
def reference(tmp_path: Path) -> Reference:
    folder = make_photos(tmp_path / "photos", 1)
    return from_rgb("photo0", read_photo(folder / "photo0.png").pixels)


def given_regions(folder: Path, path: Path) -> GivenRegions:
    tree = OutputTree(folder / "out")
    prepare_given(tree, path)
    match_given(tree, ["some/where/photo0.png"])
    return GivenRegions(tree, {"photo0": "some/where/photo0.png"})


def test_automatic_and_component_regions_are_distinct_and_repeatable(reference: Reference) -> None:
    config = MasksConfig(max_objects=4, components=2, min_side=6)
    first, second = (find_rois(reference, config, seed=3) for _ in range(2))
    assert [roi.to_dict() for roi in first] == [roi.to_dict() for roi in second]
    assert {roi.level for roi in first} <= {"object", "component"}
    for i, roi in enumerate(first):
        assert np.count_nonzero(roi.mask) >= config.min_area * roi.mask.size
        assert all(iou(roi.mask, other.mask) <= config.max_iou for other in first[:i])
        assert np.array_equal(Roi.from_dict(roi.to_dict()).mask, roi.mask)


def test_given_polygons_keep_their_category_and_follow_a_smaller_reference(tmp_path: Path) -> None:
    given = given_regions(tmp_path, make_boxes(tmp_path / "boxes.json", 1))
    photo = Reference("photo0", np.zeros((40, 48, 3), np.uint8))
    config = MasksConfig(source="given", given="x", components=0, min_side=4)
    rois = find_rois(photo, config, 0, given)
    assert len(rois) == 3
    assert {roi.category for roi in rois} == {"thing"}
    assert rois[0].mask.shape == (40, 48)
    assert rois[0].provenance == "given:boxes.json"
    sizes = [int(np.count_nonzero(roi.mask)) for roi in rois]
    assert sizes == sorted(sizes, reverse=True)


def test_duplicates_and_specks_are_dropped(tmp_path: Path) -> None:
    mask = np.zeros((80, 96), np.bool_)
    mask[10:50, 10:60] = True
    speck = np.zeros_like(mask)
    speck[2:4, 2:4] = True
    near = np.roll(mask, 1, axis=0)
    segments = [{**encode(m).to_dict(), "area": int(m.sum())} for m in (mask, near, speck)]
    path = tmp_path / "segments.jsonl"
    path.write_text(json.dumps({"image": "photo0.png", "segments": segments}) + "\n")
    config = MasksConfig(source="given", given="x", components=0)
    photo = Reference("photo0", np.zeros((80, 96, 3), np.uint8))
    (roi,) = find_rois(photo, config, 0, given_regions(tmp_path, path))
    assert np.array_equal(roi.mask, mask)


def test_a_photo_without_any_region_says_what_to_do(tmp_path: Path) -> None:
    path = make_boxes(tmp_path / "boxes.json", 1)
    photo = Reference("photo0", np.zeros((80, 96, 3), np.uint8))
    config = MasksConfig(source="given", given="x", components=0, min_area=0.9)
    with pytest.raises(ValueError, match=r"no region is left: lower masks\.min_area"):
        find_rois(photo, config, 0, given_regions(tmp_path, path))
    plain = json.loads(path.read_text().replace("photo0.png", "other.png"))
    path.write_text(json.dumps(plain))
    with pytest.raises(ValueError, match=r"the photo is not annotated in boxes\.json"):
        find_rois(photo, config, 0, given_regions(tmp_path, path))
