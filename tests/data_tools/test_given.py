"""Annotations: each photo gets its own and nobody else's; a faulty one is left out by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_tools.given import GivenRegions, Shown, left_out, match_given, prepare_given
from data_tools.state import OutputTree
from seagull.files.config import ConfigError
from seagull.photos.identity import AmbiguousPhotoError
from seagull.regions.rle import encode

RING = [10, 10, 40, 10, 40, 40, 10, 40]
GOOD: dict[str, Any] = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [RING]}


def coco(
    path: Path, annotations: list[Any], names: tuple[str, ...] = ("a.jpg",), **image: Any
) -> Path:
    images = [
        {"id": number, "file_name": name, "width": 96, "height": 80} | image
        for number, name in enumerate(names, start=1)
    ]
    categories = [{"id": 1, "name": "thing"}]
    plain = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(plain))
    return path


def prepared(folder: Path, path: Path, photos: list[str]) -> GivenRegions:
    tree = OutputTree(folder / "out")
    prepare_given(tree, path)
    match_given(tree, photos)
    return GivenRegions(tree, {photo: photo for photo in photos})


def test_a_photo_never_gets_the_regions_of_one_in_another_folder(tmp_path: Path) -> None:
    path = coco(tmp_path / "given.json", [GOOD], ("bear/0.jpg",))
    given = prepared(tmp_path, path, ["bear/0.jpg", "car/0.jpg"])
    assert len(list(given.of("bear/0.jpg"))) == 1
    assert list(given.of("car/0.jpg")) == []
    assert given.annotated("car/0.jpg") is None
    alone = prepared(tmp_path, path, ["car/0.jpg"])
    assert list(alone.of("car/0.jpg")) == []


def test_a_bare_name_is_refused_where_two_photos_have_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = coco(tmp_path / "given.json", [GOOD], ("0.jpg",))
    given = prepared(tmp_path, path, ["bear/0.jpg", "car/0.jpg"])
    with pytest.raises(AmbiguousPhotoError, match=r"bear/0\.jpg or car/0\.jpg|car.* or .*bear"):
        list(given.of("car/0.jpg"))
    assert "no photo of the input folder is annotated" not in caplog.text
    assert len(list(prepared(tmp_path, path, ["car/0.jpg"]).of("car/0.jpg"))) == 1


@pytest.mark.parametrize(
    "name", ["photos\\sub\\a b.jpg", "sub/a%20b.jpg", "C:\\me\\photos\\sub\\a b.jpg", "a b.png"]
)
def test_names_of_other_systems_and_tools_are_matched(tmp_path: Path, name: str) -> None:
    given = prepared(tmp_path, coco(tmp_path / "given.json", [GOOD], (name,)), ["sub/a b.jpg"])
    assert len(list(given.of("sub/a b.jpg"))) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image_id": 99}, "annotation 7: there is no image 99"),
        ({"segmentation": None}, "annotation 7: neither `segmentation` nor `bbox`"),
        ({"segmentation": [[10, 10, 60, 60]]}, "at least three corners, got 4"),
        ({"segmentation": [[]]}, "at least three corners, got 0"),
        ({"segmentation": [RING, "x"]}, "a list is expected"),
        ({"segmentation": {"size": [80, 96]}}, "rle"),
        ({"segmentation": {"size": [80, -96], "counts": "1"}}, "size"),
        ({"segmentation": [], "bbox": [1, 2, 0, 4]}, "width and height must be above 0"),
        ({"segmentation": [], "bbox": [1, 2, 3]}, "[x, y, width, height]"),
    ],
)
def test_a_faulty_annotation_is_left_out_by_id_and_the_others_stay(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any], reason: str
) -> None:
    path = coco(tmp_path / "given.json", [GOOD, GOOD | {"id": 7} | change, GOOD | {"id": 8}])
    given = prepared(tmp_path, path, ["a.jpg"])
    assert len(list(given.of("a.jpg"))) == 2
    assert "1 annotations left out" in caplog.text
    assert reason in caplog.text
    tree = OutputTree(tmp_path / "out")
    assert left_out(tree) == 1
    caplog.clear()
    prepare_given(tree, path)
    assert reason in caplog.text  # a second run says it again


def test_a_region_that_covers_no_pixel_is_left_out_by_id(tmp_path: Path) -> None:
    tiny = GOOD | {"id": 7, "segmentation": [[10.1, 10.1, 10.3, 10.1, 10.2, 10.3]]}
    runs = GOOD | {"id": 8, "segmentation": {"size": [80, 96], "counts": [5, 5]}}
    given = prepared(tmp_path, coco(tmp_path / "g.json", [tiny, GOOD, runs]), ["a.jpg"])
    assert len(list(given.of("a.jpg"))) == 1
    assert [fault.place for fault in given.faults] == ["annotation 7", "annotation 8"]


def test_what_other_tools_write_is_no_fault(tmp_path: Path) -> None:
    mask = np.zeros((80, 96), np.bool_)
    mask[10:30, 10:30] = True
    kinds = [
        {"area": None}, {"image_id": "1"}, {"segmentation": RING}, {"category_id": None},
        {"segmentation": encode(mask).to_dict() | {"format": "rle"}},
        {"segmentation": [], "bbox": [1, 2, 30, 40]},
    ]  # fmt: skip
    path = coco(tmp_path / "given.json", [GOOD | kind for kind in kinds])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    given = prepared(tmp_path, path, ["a.jpg"])
    assert len(list(given.of("a.jpg"))) == len(kinds)
    assert left_out(OutputTree(tmp_path / "out")) == 0


def test_an_id_that_two_images_have_gives_its_annotations_to_neither(tmp_path: Path) -> None:
    path = coco(
        tmp_path / "given.json", [GOOD, GOOD | {"image_id": 2}], ("a.jpg", "b.jpg", "c.jpg")
    )
    plain = json.loads(path.read_text())
    plain["images"][2]["id"] = 1
    path.write_text(json.dumps(plain))
    given = prepared(tmp_path, path, ["a.jpg", "b.jpg", "c.jpg"])
    assert [len(list(given.of(name))) for name in ("a.jpg", "b.jpg", "c.jpg")] == [0, 1, 0]
    assert left_out(OutputTree(tmp_path / "out")) == 2


def test_a_faulty_line_of_segments_is_left_out_by_its_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mask = np.zeros((80, 96), np.bool_)
    mask[10:30, 10:30] = True
    good = {"image": "a.jpg", "segments": [encode(mask).to_dict(), {"size": [80, 96]}]}
    path = tmp_path / "segments.jsonl"
    path.write_text(f'{json.dumps(good)}\nnot json\n{{"segments": []}}\n')
    given = prepared(tmp_path, path, ["a.jpg"])
    assert len(list(given.of("a.jpg"))) == 1
    assert "3 annotations left out (line 1, segment 1" in caplog.text


@pytest.mark.parametrize("text", ["[1, 2", '{"images": []}', '{"shapes": [], "imagePath": "a"}'])
def test_a_file_of_another_form_is_refused_as_a_whole(tmp_path: Path, text: str) -> None:
    (tmp_path / "given.json").write_text(text)
    with pytest.raises(ConfigError, match=r"given\.json"):
        prepare_given(OutputTree(tmp_path / "out"), tmp_path / "given.json")


def shown_as(folder: Path, path: Path, shown: Shown) -> tuple[list[Any], list[str]]:
    prepared(folder, path, ["a.jpg"])
    given = GivenRegions(OutputTree(folder / "out"), {"a": "a.jpg"}, shown)
    return list(given.of("a")), [str(fault) for fault in given.faults]


BOX = {"id": 2, "image_id": 1, "bbox": [10, 20, 30, 40]}


@pytest.mark.parametrize("annotation", [GOOD, BOX])
def test_annotations_of_the_photo_before_its_turn_are_left_out_with_a_hint(
    annotation: dict[str, Any], tmp_path: Path
) -> None:
    path = coco(tmp_path / "given.json", [annotation])
    regions, faults = shown_as(tmp_path, path, Shown((96, 80)))
    assert regions == []
    assert "96 x 80" in faults[0]
    assert "EXIF" in faults[0]
    assert "masks.given_size" in faults[0]
    assert len(shown_as(tmp_path, path, Shown((80, 96)))[0]) == 1


def test_run_lengths_of_another_size_than_the_photo_are_left_out(tmp_path: Path) -> None:
    rle = encode(np.ones((40, 48), dtype=np.bool_)).to_dict()
    path = coco(tmp_path / "given.json", [{"id": 1, "image_id": 1, "segmentation": rle}])
    _, faults = shown_as(tmp_path, path, Shown((80, 96)))
    assert "48 x 40" in faults[0]
    lines = tmp_path / "segments.jsonl"
    lines.write_text(json.dumps({"image": "a.jpg", "segments": [rle]}))
    assert "48 x 40" in shown_as(tmp_path, lines, Shown((80, 96)))[1][0]
    (region,), _ = shown_as(tmp_path, lines, Shown((80, 96), "scaled"))
    assert region.mask.shape == (40, 48)


def test_on_request_annotations_of_the_stored_photo_turn_with_it(tmp_path: Path) -> None:
    upright = np.zeros((96, 80), dtype=np.bool_)
    upright[10:40, 40:70] = True  # the ring, a quarter to the right
    path = coco(tmp_path / "given.json", [GOOD, BOX])
    regions, faults = shown_as(tmp_path, path, Shown((96, 80), "stored", 6))
    assert faults == []
    polygon = next(region for region in regions if region.mask is not None)
    box = next(region for region in regions if region.mask is None)
    assert np.array_equal(polygon.mask, upright)
    assert box.box == (20 / 80, 10 / 96, 60 / 80, 40 / 96)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bbox": [0.1, 0.2, 0.5, 0.5]}, "between 0 and 1"),
        ({"bbox": [10, 20, 900, 700]}, "outside the photo"),
        ({"segmentation": [[10, 10, 75, 10, 75, 95, 10, 95]]}, "EXIF"),
    ],
)
def test_numbers_that_do_not_fit_the_photo_are_left_out(
    change: dict[str, Any], words: str, tmp_path: Path
) -> None:
    path = coco(tmp_path / "given.json", [{"id": 1, "image_id": 1, **change}])
    regions, faults = shown_as(tmp_path, path, Shown((80, 96)))
    assert regions == []
    assert words in faults[0]


def test_annotations_without_a_size_are_pixels_of_the_photo(tmp_path: Path) -> None:
    path = coco(tmp_path / "given.json", [GOOD], width=None, height=None)
    (region,), _ = shown_as(tmp_path, path, Shown((80, 96)))
    assert region.mask.shape == (80, 96)


def test_several_files_of_given_regions(tmp_path: Path) -> None:
    for number in range(2):
        mask = np.zeros((8, 9), dtype=bool)
        mask[: 2 + number] = True
        segment = {**encode(mask).to_dict(), "area": int(mask.sum())}
        line = json.dumps({"image": f"photo{number}.png", "segments": [segment]})
        (tmp_path / f"part{number}_segments.jsonl").write_text(line + "\n")
    tree = OutputTree(tmp_path / "out")
    assert prepare_given(tree, tmp_path / "*_segments.jsonl") == 2
    photos = {"a": "photo0.png", "b": "photo1.png"}
    match_given(tree, photos.values())
    given = GivenRegions(tree, photos)
    areas = [[int(r.mask.sum()) for r in given.of(name) if r.mask is not None] for name in "ab"]
    assert areas == [[18], [27]]
