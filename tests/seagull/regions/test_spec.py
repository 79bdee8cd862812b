"""Every way to say which region, and every way to say it wrong."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seagull.photos import Photo
from seagull.regions.parse import parse_box, parse_point
from seagull.regions.rle import encode, encode_runs
from seagull.regions.spec import RegionSpec

SIZE = (30, 40)
MASK = np.zeros(SIZE, dtype=np.bool_)
MASK[5:9, 10:30] = True


def spec(**plain: object) -> RegionSpec:
    return RegionSpec.from_dict({"id": "r", **plain})


@pytest.mark.parametrize(
    "plain",
    [
        {"box": [10, 5, 30, 9]},
        {"polygon": [[10, 5, 30, 5, 30, 9, 10, 9]]},
        {"rle": encode(MASK).to_dict()},
        {"rle": encode_runs(MASK).to_dict()},
    ],
)
def test_the_same_region_in_every_form(plain: dict[str, object]) -> None:
    region = spec(**plain).build(SIZE)
    assert np.array_equal(region.mask, MASK)
    assert (region.id, region.box, region.source) == ("r", (10, 5, 30, 9), next(iter(plain)))
    assert region.segmenter is None


def test_the_whole_photo_is_a_region() -> None:
    region = spec(whole=True).build(Photo(np.zeros((3, 4, 3), dtype=np.uint8)))
    assert region.area_fraction == 1.0
    assert region.source == "whole"


@pytest.mark.parametrize("box", [[0, 0, 1, 30], [39, 29, 40, 30], [12, 0, 13, 1]])
def test_one_pixel_is_enough(box: list[int]) -> None:
    assert list(spec(box=box).build(SIZE).box) == box


@pytest.mark.parametrize(
    "plain",
    [
        {"id": "a", "box": [1.0, 2.0, 3.0, 4.0], "refine": True},
        {"id": "a", "points": [[1.0, 2.0, 1], [3.0, 4.0, 0]]},
        {"id": "a", "polygon": [[0.0, 0.0, 5.0, 0.0, 5.0, 5.0]]},
        {"id": "a", "rle": {"size": [2, 2], "counts": [1, 3]}},
        {"id": "a", "mask": "m.png"},
        {"id": "a", "whole": True},
    ],
)
def test_json_there_and_back(plain: dict[str, object]) -> None:
    text = json.dumps(plain)
    assert RegionSpec.from_dict(json.loads(text)).to_dict() == plain
    hash(RegionSpec.from_dict(json.loads(text)))


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({}, "exactly one"),
        ({"box": [0, 0, 1, 1], "whole": True}, "box, whole"),
        ({"bbox": [0, 0, 1, 1]}, "bbox"),
        ({"box": [0, 0, 1]}, "3 numbers"),
        ({"box": [0, 0, "1", 1]}, "list of numbers"),
        ({"box": [0, 0, True, 1]}, "list of numbers"),
        ({"box": "0,0,1,1"}, "a list is expected"),
        ({"box": [5, 5, 1, 1]}, "right of"),
        ({"box": [0, 0, float("nan"), 1]}, "finite"),
        ({"box": [0, 0, 10**400, 1]}, "region r"),
        ({"points": []}, "at least one point"),
        ({"points": [[1, 1, 0]]}, "at least one point"),
        ({"points": [[1, 1, 2]]}, "label 0 or 1"),
        ({"points": [[1]]}, "a point is"),
        ({"points": [[float("inf"), 1]]}, "finite"),
        ({"polygon": [[1, 1, 2, float("nan"), 3, 3]]}, "finite"),
        ({"polygon": [1, 2, 3]}, "ring"),
        ({"rle": {"size": [2, 2]}}, "rle"),
        ({"mask": 3}, "path"),
        ({"whole": 1}, "true or false"),
        ({"whole": True, "refine": True}, "refine applies to a box"),
        ({"id": "", "whole": True}, "id"),
        ({"id": [1], "whole": True}, "id"),
    ],
)
def test_faults_are_named_before_a_photo_is_needed(plain: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        spec(**plain)


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"box": [40, 0, 50, 10]}, "region r: .*40 x 30"),
        ({"polygon": [[50, 50, 60, 50, 60, 60]]}, "region r: .*40 x 30"),
        ({"rle": {"size": [2, 2], "counts": [1, 3]}}, "region r: .*2 x 2.*40 x 30"),
        ({"rle": {"size": [30, 40], "counts": [1200]}}, "region r is empty"),
        ({"points": [[40, 5]]}, "region r: .*outside the photo"),
        ({"points": [[4, 5]]}, "a segmenter"),
    ],
)
def test_regions_that_do_not_fit_the_photo(plain: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        spec(**plain).build(SIZE)


def alpha(mask: np.ndarray) -> np.ndarray:
    grey = np.full((*mask.shape, 3), 90)
    return np.dstack([grey, mask * 255]).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [MASK, MASK.astype(np.uint8), MASK * np.uint8(255), MASK * np.uint16(999), alpha(MASK)],
    ids=["1 bit", "0/1", "0/255", "16 bit", "alpha"],
)
def test_mask_images_of_every_kind(pixels: np.ndarray, tmp_path: Path) -> None:
    Image.fromarray(pixels).save(tmp_path / "m.png")
    assert np.array_equal(spec(mask="m.png").build(SIZE, folder=tmp_path).mask, MASK)


def test_palette_and_jpeg_masks(tmp_path: Path) -> None:
    palette = Image.fromarray(MASK * np.uint8(3)).convert("L")
    indexed = Image.frombytes("P", palette.size, palette.tobytes())
    indexed.putpalette([9, 9, 9] * 4)
    indexed.save(tmp_path / "p.png")
    large = np.kron(MASK, np.ones((8, 8))).astype(bool)
    Image.fromarray(large * np.uint8(255)).save(tmp_path / "j.jpg", quality=90)
    assert np.array_equal(spec(mask=str(tmp_path / "p.png")).build(SIZE).mask, MASK)
    assert np.array_equal(spec(mask=str(tmp_path / "j.jpg")).build((240, 320)).mask, large)


def test_mask_images_that_do_not_fit(tmp_path: Path) -> None:
    Image.new("L", (40, 30)).save(tmp_path / "black.png")
    Image.new("L", (5, 5), 255).save(tmp_path / "small.png")
    whole = (tmp_path / "black.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) - 30])
    for name, words in [
        ("black.png", "marks no pixel"),
        ("small.png", "5 x 5 pixels, the photo 40 x 30"),
        ("cut.png", "damaged|not a picture"),
        ("none.png", "no such file"),
    ]:
        with pytest.raises(ValueError, match=f"region r: .*({words})"):
            spec(mask=name).build(SIZE, folder=tmp_path)


def test_typed_boxes_and_points() -> None:
    assert parse_box("40,60, 220,300.5") == (40.0, 60.0, 220.0, 300.5)
    assert parse_point("120,80") == parse_point("120,80,+") == (120.0, 80.0, 1)
    assert parse_point("120,80,-") == (120.0, 80.0, 0)


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,x", "1,2,3,nan", "9,9,3,3", "1;2;3;4"])
def test_typed_boxes_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="box"):
        parse_box(text)


@pytest.mark.parametrize("text", ["", "1", "1,2,3", "1,x", "inf,2", "1,2,-,4"])
def test_typed_points_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="point"):
        parse_point(text)


def test_specs_and_records_need_no_torch() -> None:
    code = "import sys, seagull.records, seagull.regions.parse; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
