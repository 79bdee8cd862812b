"""What an annotation says of its photo is compared, and converted only on request."""

import numpy as np
import pytest

from seagull.regions.geometry import GeometryError, checked_geometry, pixel_corners, turned
from seagull.regions.rle import encode
from seagull.regions.spec import RegionSpec

SIZE = (160, 240)


def box(numbers: tuple[float, ...], form: str | None = None) -> tuple[int, ...]:
    return RegionSpec(box=numbers, box_format=form).build(SIZE).box  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stated", "hint"),
    [
        ((240, 160), "EXIF"),
        ((80, 120), "copy of another size"),
        ((107, 160), "copy of another size"),
        ((100, 100), "own size"),
    ],
)
def test_a_stated_size_that_is_another_is_refused_with_its_likely_cause(
    stated: tuple[int, int], hint: str
) -> None:
    checked_geometry(SIZE, stated=SIZE)
    with pytest.raises(GeometryError, match=f"{stated[1]} x {stated[0]} .*240 x 160; .*{hint}"):
        checked_geometry(SIZE, stated=stated)


@pytest.mark.parametrize(
    "numbers", [(0.1, 0.2, 0.6, 0.7), (0, 0, 1, 1), (0, 0, 0.5, 1), (-0.02, 0.1, 0.9, 1.03)]
)
def test_a_box_in_shares_of_the_sides_is_no_box_in_pixels(numbers: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"between 0 and 1.*--box-format unit"):
        box(numbers)


def test_a_box_means_what_is_said_of_it() -> None:
    assert box((0.1, 0.25, 0.5, 0.75), "unit") == (24, 40, 120, 120)
    assert box((100, 250, 500, 750), "1000") == (24, 40, 120, 120)
    assert box((24, 40, 96, 80), "xywh") == (24, 40, 120, 120)
    assert box((100, 50, 40, 30), "xywh") == (100, 50, 140, 80)
    assert box((0, 0, 1, 1), "xyxy") == (0, 0, 1, 1)
    assert box((100, 100, 900, 900), "xyxy") == (100, 100, 240, 160)
    assert RegionSpec(box=(0, 0, 1, 1)).build((1, 1)).box == (0, 0, 1, 1)


@pytest.mark.parametrize(
    ("numbers", "form", "words"),
    [
        ((10, 20, 60, 70), "unit", "from 0 to 1"),
        ((10, 20, 60, 2000), "1000", "from 0 to 1000"),
        ((200, 100, 100, 100), "xywh", "outside the photo"),
        ((0.1, 0.2, 0.5, 0.5), "xywh", "between 0 and 1"),
    ],
)
def test_numbers_that_do_not_fit_the_format_are_refused(
    numbers: tuple[float, ...], form: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        box(numbers, form)


@pytest.mark.parametrize(
    ("numbers", "hint"),
    [
        ((100, 100, 600, 700), "0 to 1000"),
        ((0, 0, 1000, 1000), "0 to 1000"),
        ((100, 120, 260, 190), "xywh"),
        ((-400, 10, 1500, 90), "larger copy"),
    ],
)
def test_a_box_far_outside_is_refused_with_its_likely_cause(
    numbers: tuple[float, ...], hint: str
) -> None:
    with pytest.raises(ValueError, match=f"outside the photo, which is 240 x 160 .*{hint}"):
        box(numbers)


def test_what_leaves_the_photo_a_little_is_cut_off() -> None:
    assert box((-5, -3, 250, 165)) == (0, 0, 240, 160)


def test_a_width_given_for_a_corner_is_named() -> None:
    with pytest.raises(ValueError, match=r"x,y,width,height say --box-format xywh"):
        box((100, 50, 40, 30))
    with pytest.raises(ValueError, match="above 0"):
        box((100, 50, 0, 30), "xywh")


@pytest.mark.parametrize("form", ["cxcywh", "", "XYXY"])
def test_an_unknown_format_is_refused_with_the_known(form: str) -> None:
    with pytest.raises(ValueError, match="xyxy, xywh, unit, 1000"):
        box((1, 2, 3, 4), form)
    with pytest.raises(ValueError, match="a box"):
        RegionSpec(whole=True, box_format="unit")


def test_a_format_is_kept_in_files_and_absent_from_those_without() -> None:
    spec = RegionSpec("a", box=(0.1, 0.2, 0.3, 0.4), box_format="unit")
    assert RegionSpec.from_dict(spec.to_dict()) == spec
    assert "box_format" not in RegionSpec("a", box=(1, 2, 3, 4)).to_dict()


def test_a_polygon_and_points_are_compared_as_boxes_are() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        RegionSpec(polygon=((0, 0, 1, 0, 1, 1),)).build(SIZE)
    with pytest.raises(ValueError, match=r"sides swapped.*EXIF"):
        RegionSpec(polygon=((10, 150, 60, 150, 60, 230, 10, 230),)).build(SIZE)
    with pytest.raises(ValueError, match="larger copy"):
        RegionSpec(polygon=((10, 10, 900, 10, 900, 900),)).build(SIZE)
    with pytest.raises(ValueError, match="between 0 and 1"):
        RegionSpec(points=((0.5, 0.5, 1),)).build(SIZE)


def test_run_lengths_of_the_turned_photo_are_refused_with_a_hint() -> None:
    mask = np.ones((240, 160), dtype=np.bool_)
    with pytest.raises(ValueError, match=r"160 x 240 .*240 x 160.*EXIF"):
        RegionSpec(rle=encode(mask)).build(SIZE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_of_the_stored_photo_turns_with_it(orientation: int) -> None:
    from PIL import Image, ImageOps

    stored = np.zeros((4, 6), dtype=np.bool_)
    stored[0, :2] = stored[3, 5] = True
    image = Image.fromarray(stored.astype(np.uint8))
    image.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image)) > 0
    assert np.array_equal(turned(stored, orientation), upright)


def test_corners_in_pixels_are_returned_as_they_are() -> None:
    assert pixel_corners((1.5, 2, 30, 40), None, SIZE) == (1.5, 2, 30, 40)
