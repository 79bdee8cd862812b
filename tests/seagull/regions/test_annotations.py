"""Annotations as other tools write them, in files and from Python: read, or one clear error."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from seagull.photos import Photo
from seagull.regions.annotations import (
    AnnotationError,
    annotation_region,
    annotation_specs,
)
from seagull.regions.asked import asked_regions
from seagull.regions.build import build_regions
from seagull.regions.classical import ClassicalSegmenter
from seagull.regions.rle import encode, encode_runs
from seagull.regions.spec import RegionSpec
from seagull.types import Region

SIZE = (30, 40)
PHOTO = Photo(np.zeros((*SIZE, 3), dtype=np.uint8))
MASK = np.zeros(SIZE, dtype=np.bool_)
MASK[5:9, 10:30] = True
RLE = encode(MASK).to_dict()
RING = [10, 5, 30, 5, 30, 9, 10, 9]
SAM = {"segmentation": MASK, "bbox": [10, 5, 19, 3], "area": 80, "predicted_iou": 0.9}

FORMS = {
    "run lengths": RLE,
    "uncompressed": encode_runs(MASK).to_dict(),
    "our segment": {**RLE, "area": 80},
    "COCO, run lengths": {"id": 7, "image_id": 1, "segmentation": RLE, "iscrowd": 1},
    "COCO, rings": {"id": 7, "segmentation": [RING], "bbox": [0, 0, 1, 1], "area": None},
    "COCO, one ring": {"id": 7, "segmentation": RING},
    "corners": {"segmentation": [[10, 5], [30, 5], [30, 9], [10, 9]]},
    "COCO, box": {"id": 7, "bbox": [10, 5, 20, 4], "segmentation": []},
    "COCO, box, null": {"id": 7, "bbox": [10.0, 5.0, 20.0, 4.0], "segmentation": None},
    "region of a report": {"id": "a", "box": [10, 5, 30, 9], "mask": RLE, "quality": None},
    "ROI of a data set": {"id": "1", "rle": RLE, "level": "object", "box": [10, 5, 30, 9]},
    "our region": {"polygon": [RING]},
    "SAM": SAM,
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_the_same_region(form: str) -> None:
    assert np.array_equal(annotation_region(FORMS[form], SIZE).mask, MASK)
    (region,) = asked_regions(PHOTO, [FORMS[form]])
    assert np.array_equal(region.mask, MASK)


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({"id": 9, "category_id": 1}, "annotation 9: it has no segmentation and no bbox"),
        ({"id": 9, "segmentation": [[]]}, "annotation 9: a polygon's ring"),
        ({"id": 9, "segmentation": [[10, 10, 30, 30]]}, "annotation 9: a polygon's ring"),
        ({"id": 9, "segmentation": [10.1, 10.1, 10.3, 10.1, 10.2, 10.3]}, "9: .*covers no pixel"),
        ({"id": 9, "segmentation": {"counts": "x"}}, "annotation 9: rle"),
        ({"id": 9, "segmentation": "RLE"}, "annotation 9: "),
        ({"id": 9, "segmentation": 3}, "annotation 9: "),
        ({"id": 9, "bbox": [1, 2, 3]}, "annotation 9: a bbox is"),
        ({"id": 9, "bbox": [1, 2, 0, 3]}, "annotation 9: .*above 0"),
        ({"id": 9, "bbox": [1, 2, "3", 4]}, "annotation 9: "),
        ({"id": 9, "bbox": 4}, "annotation 9: "),
        ({"id": 9, "bbox": [0.1, 0.2, 0.5, 0.5]}, "annotation 9: .*between 0 and 1"),
        ({"id": 9, "bbox": [10, 5, 200, 100]}, "annotation 9: .*outside the photo"),
        ({"id": 9, "segmentation": encode(MASK.T).to_dict()}, "annotation 9: .*EXIF"),
        ({"id": 9, "points": [[3, 3]]}, "annotation 9: .*segmenter"),
        ([1, 2, 3], "an annotation is an object"),
    ],
)
def test_a_faulty_annotation_is_one_error_with_its_id(plain: object, words: str) -> None:
    with pytest.raises(AnnotationError, match=words):
        annotation_region(plain, SIZE)


def test_the_size_that_annotations_give_is_compared_with_the_photo() -> None:
    assert annotation_region({"bbox": [1, 2, 3, 4]}, SIZE, stated=SIZE).box == (1, 2, 4, 6)
    with pytest.raises(AnnotationError, match=r"annotation 3: .*30 x 40 .*40 x 30.*EXIF"):
        annotation_region({"id": 3, "bbox": [1, 2, 3, 4]}, SIZE, stated=SIZE[::-1])


def test_a_file_of_several_numbers_them_below_its_own_number() -> None:
    for plain in (
        [RLE, RLE],
        {"annotations": [{"image_id": 1, "segmentation": RLE}] * 2, "images": []},
        {"image": "a.jpg", "segments": [RLE, RLE]},
        {"schema": "seagull.quality_report/1", "regions": [{"id": "x", "mask": RLE}] * 2},
    ):
        assert [spec.id for spec in annotation_specs(json.loads(json.dumps(plain)), "4")] == [
            "4.1",
            "4.2",
        ]
    assert annotation_specs([RLE], "4")[0].id == "4"


@pytest.mark.parametrize("plain", [[], {"annotations": []}, "text", 3, None])
def test_a_file_without_annotations_is_refused(plain: object) -> None:
    with pytest.raises(AnnotationError, match=r"no annotation|is an object"):
        annotation_specs(plain)


def test_annotations_of_several_photos_are_refused() -> None:
    results = [{"image_id": n, "segmentation": RLE} for n in (1, 2)]
    for plain in ({"annotations": results}, results):
        with pytest.raises(AnnotationError, match="several photos"):
            annotation_specs(plain)


OWN = {"id": 5, "width": 40, "height": 30}
OTHER = {"id": 6, "width": 80, "height": 60}


BOX_OF_5 = {"image_id": 5, "bbox": [1, 2, 3, 4]}


def coco_regions(images: list[dict], annotation: dict) -> list[Region]:
    plain = {"images": images, "annotations": [annotation]}
    built = build_regions(PHOTO, annotation_specs(plain), segmenter=ClassicalSegmenter())
    return list(built.regions)


@pytest.mark.parametrize("images", [[OWN], [OTHER, OWN], [{"id": 5}], [OWN | {"width": None}], []])
def test_a_coco_file_about_a_photo_of_the_same_or_of_no_size_is_taken(images: list[dict]) -> None:
    (region,) = coco_regions(images, BOX_OF_5)
    assert region.box == (1, 2, 4, 6)


@pytest.mark.parametrize(
    ("images", "annotation"),
    [
        ([OTHER], BOX_OF_5),
        ([OWN | {"id": 6}, OTHER | {"id": 5}], BOX_OF_5),
        ([OTHER], {"points": [[3, 3]]}),
    ],
)
def test_a_coco_file_about_a_photo_of_another_size_is_refused(
    images: list[dict], annotation: dict
) -> None:
    with pytest.raises(ValueError, match=r"region 1: .* 80 x 60 .*40 x 30; .*another size"):
        coco_regions(images, annotation)


def as_torch(values: np.ndarray) -> object:
    return pytest.importorskip("torch").from_numpy(values)


BOX = np.array([[10, 5, 30, 9]])


@pytest.mark.parametrize(
    "asked",
    [
        BOX,
        BOX.astype(np.float32),
        as_torch(BOX.astype(np.float32)),
        [as_torch(BOX)[0]],
        [tuple(as_torch(BOX)[0])],
        [BOX[0]],
        [list(BOX[0])],
        (tuple(row) for row in BOX),
        MASK,
        [MASK],
        MASK[None],
        MASK[None, None],
        [MASK.astype(np.uint8)],
        [MASK * np.uint8(255)],
        MASK[None].astype(np.float32),
        as_torch(MASK[None]),
        [as_torch(MASK)],
        SAM,
        [SAM],
        [Region(MASK)],
        RegionSpec(rle=encode(MASK)),
    ],
)
def test_boxes_masks_and_annotations_from_python(asked: object) -> None:
    (region,) = asked_regions(PHOTO, asked)  # type: ignore[arg-type]
    assert np.array_equal(region.mask, MASK)
    assert region.id == "1"


def test_regions_are_numbered_by_their_place_or_keep_their_id() -> None:
    asked = [MASK, RegionSpec("face", box=(1, 2, 3, 4)), {"id": 99, "segmentation": [RING]}]
    asked += [{"id": "sky", "box": [0, 0, 9, 9]}]
    assert [region.id for region in asked_regions(PHOTO, asked)] == ["1", "face", "3", "sky"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([3.0, 4.0], "several boxes go in a list"),
        ((10, 5, 30, 9), "several boxes go in a list"),
        (np.array([10, 5, 30, 9]), "several boxes go in a list"),
        ("1,2,3,4", "RegionSpec.*boolean mask.*annotation"),
        (["1,2,3,4"], "region 1: .*RegionSpec.*boolean mask.*annotation"),
        ([None], "region 1: .*RegionSpec.*boolean mask.*annotation"),
        (7, "RegionSpec.*boolean mask.*annotation"),
        ([SimpleNamespace(xyxy=[1, 2, 3, 4])], "RegionSpec.*boolean mask.*annotation"),
        ([{"face": (1, 2, 3, 4)}], "no segmentation and no bbox"),
        ([(1, 2, 3)], "3 numbers"),
        ([MASK.T], "30 x 40 .*40 x 30.*EXIF"),
        (MASK[None, :5], "40 x 5 .*40 x 30"),
        ([np.zeros(SIZE, bool)], "region 1: .*marks no pixel"),
        ([np.full(SIZE, -1.5)], "mask > 0"),
        ([MASK * 1 + np.roll(MASK, 8, axis=0) * 2], "ids == 7"),
        ([(0.1, 0.2, 0.6, 0.7)], "between 0 and 1"),
        ([], "no regions"),
        (np.zeros((0, 4)), "no regions"),
        ([Region(MASK), Region(MASK)], "more than once"),
    ],
)
def test_what_is_no_region_is_refused_with_the_forms_wanted(asked: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        asked_regions(PHOTO, asked)  # type: ignore[arg-type]
