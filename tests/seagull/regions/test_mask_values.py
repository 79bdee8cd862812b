"""What pixels of a mask mean: one region by brightness, or several by ids and colours."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from seagull.photos import Photo
from seagull.regions.annotations import array_mask
from seagull.regions.build import build_regions
from seagull.regions.mask_files import read_mask, split_selector
from seagull.regions.mask_values import MaskValuesError, array_values, mask_values
from seagull.regions.spec import RegionSpec

SIZE = (120, 160)
PHOTO = Photo(np.zeros((*SIZE, 3), dtype=np.uint8))
LEFT = np.zeros(SIZE, dtype=np.bool_)
LEFT[20:60, 10:60] = True
RIGHT = np.zeros(SIZE, dtype=np.bool_)
RIGHT[50:100, 90:150] = True
IDS = LEFT * np.uint8(1) + RIGHT * np.uint8(2)


def white_on_black(mask: np.ndarray = LEFT) -> Image.Image:
    return Image.fromarray(mask.astype(np.uint8) * 255)


def coloured(left: tuple[int, ...], right: tuple[int, ...], ground: tuple[int, ...] = (0, 0, 0)):
    pixels = np.empty((*SIZE, 3), np.uint8)
    pixels[:] = ground
    pixels[LEFT], pixels[RIGHT] = left, right
    return Image.fromarray(pixels)


def paletted(indices: np.ndarray, palette: list[int]) -> Image.Image:
    image = Image.frombytes("P", indices.shape[::-1], indices.astype(np.uint8).tobytes())
    image.putpalette(palette)
    return image


@pytest.mark.parametrize("kind", ["grey", "quantised", "colours", "1 bit", "alpha", "16 bit"])
@pytest.mark.parametrize("ending", ["png", "gif", "tif"])
def test_white_on_black_is_one_region_in_every_mode(kind: str, ending: str, tmp_path: Path) -> None:
    plain = white_on_black()
    image = {
        "grey": plain,
        "quantised": plain.convert("RGB").quantize(2),
        "colours": plain.convert("RGB"),
        "1 bit": plain.convert("1"),
        "alpha": Image.merge("LA", (plain, Image.new("L", plain.size, 255))),
        "16 bit": Image.fromarray(LEFT * np.uint16(999)),
    }[kind]
    if ending == "gif" and kind == "16 bit":
        pytest.skip("GIF has no 16 bits")
    path = tmp_path / f"m.{ending}"
    image.save(path)
    assert np.array_equal(read_mask(path, SIZE), LEFT)


def test_a_palette_counts_by_its_colours_whatever_its_order(tmp_path: Path) -> None:
    for indices, palette in [
        (~LEFT, [255, 255, 255, 0, 0, 0]),
        (LEFT, [0, 0, 0, 200, 30, 30]),
        (LEFT * 7, [0, 0, 0] * 7 + [9, 99, 9]),
    ]:
        paletted(indices, palette).save(tmp_path / "m.png")
        assert np.array_equal(read_mask(tmp_path / "m.png", SIZE), LEFT)


def test_smooth_and_lossy_masks_are_cut_at_half(tmp_path: Path) -> None:
    plain = white_on_black()
    small = plain.resize((53, 40), Image.Resampling.LANCZOS)
    soft = small.resize(plain.size, Image.Resampling.BICUBIC)
    blurred = plain.filter(ImageFilter.GaussianBlur(9))
    plain.save(tmp_path / "l.jpg", quality=30)
    Image.open(tmp_path / "l.jpg").save(tmp_path / "was.png")
    soft.save(tmp_path / "soft.png")
    blurred.save(tmp_path / "blur.png")
    plain.convert("RGB").save(tmp_path / "w.webp", quality=40)
    for name in ("l.jpg", "was.png", "soft.png", "blur.png", "w.webp"):
        found = read_mask(tmp_path / name, SIZE)
        assert np.count_nonzero(found ^ LEFT) < 0.2 * np.count_nonzero(LEFT), name
    ramp = np.tile(np.linspace(0, 255, SIZE[1]).astype(np.uint8), (SIZE[0], 1))
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    assert read_mask(tmp_path / "ramp.png", SIZE).mean() == pytest.approx(0.5, abs=0.02)


SMOOTHLY = Image.Resampling.BILINEAR
RED_GREEN = coloured((128, 0, 0), (0, 128, 0))
SEVERAL = {
    "ids": Image.fromarray(IDS),
    "ids far apart": Image.fromarray(LEFT * np.uint8(1) + RIGHT * np.uint8(200)),
    "16-bit ids": Image.fromarray((IDS.astype(np.uint16) > 0) * (IDS.astype(np.uint16) + 26000)),
    "palette": paletted(IDS, [0, 0, 0, 128, 0, 0, 0, 128, 0]),
    "indices without colours": paletted(IDS, [5, 5, 5] * 3),
    "colours": RED_GREEN,
    "grey steps": Image.fromarray(LEFT * np.uint8(128) + RIGHT * np.uint8(255)),
    "red on white": coloured((255, 0, 0), (255, 0, 0), (255, 255, 255)),
    "opaque colours": Image.merge("RGBA", (*RED_GREEN.split(), white_on_black(IDS > 0))),
    "soft ids": Image.fromarray(IDS * np.uint8(127))
    .resize((80, 60), SMOOTHLY)
    .resize(SIZE[::-1], SMOOTHLY),
}


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_ids_or_colours_are_no_single_region(kind: str, tmp_path: Path) -> None:
    SEVERAL[kind].save(tmp_path / "m.png")
    with pytest.raises(ValueError, match=r"m\.png: it holds areas of .*:ids"):
        read_mask(tmp_path / "m.png", SIZE)


def test_three_tones_of_a_lossy_mask_are_no_single_region(tmp_path: Path) -> None:
    SEVERAL["grey steps"].save(tmp_path / "m.jpg", quality=80)
    RED_GREEN.save(tmp_path / "c.jpg", quality=80)
    for name in ("m.jpg", "c.jpg"):
        with pytest.raises(ValueError, match=r"it holds areas of several tones"):
            read_mask(tmp_path / name, SIZE)


def regions(mask: str, id: str = "1") -> dict[str, np.ndarray]:
    built = build_regions(PHOTO, [RegionSpec(id, mask=mask)])
    return {region.id: region.mask for region in built.regions}


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("ids", ("1", "2")),
        ("ids far apart", ("1", "200")),
        ("16-bit ids", ("26001", "26002")),
        ("palette", ("1", "2")),
        ("colours", ("800000", "008000")),
        ("opaque colours", ("800000", "008000")),
    ],
)
def test_on_request_each_id_or_colour_is_a_region(
    kind: str, names: tuple[str, str], tmp_path: Path
) -> None:
    SEVERAL[kind].save(tmp_path / "m.png")
    found = regions(f"{tmp_path}/m.png:ids", "face")
    assert set(found) == {f"face.{name}" for name in names}
    for name, mask in zip(names, (LEFT, RIGHT), strict=True):
        assert np.array_equal(found[f"face.{name}"], mask)
        mark = "#" if len(name) == 6 else ""
        one = regions(f"{tmp_path}/m.png:{mark}{name}")
        assert np.array_equal(one["1"], mask)


def test_white_on_black_by_ids_is_its_white(tmp_path: Path) -> None:
    white_on_black().convert("RGB").quantize(2).save(tmp_path / "m.png")
    (found,) = regions(f"{tmp_path}/m.png:ids").values()
    assert np.array_equal(found, LEFT)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("m.png:7", "no object 7"),
        ("m.png:#ff0000", "told by values here, not by colours"),
        ("c.png:7", "told by colours here, not by values"),
        ("m.jpg:ids", "lossy"),
        ("black.png:ids", "no object"),
        ("none.png:ids", "no such file"),
        ("noise.png:ids", "no object ids"),
    ],
)
def test_objects_that_are_not_there_are_named(name: str, words: str, tmp_path: Path) -> None:
    SEVERAL["ids"].save(tmp_path / "m.png")
    RED_GREEN.save(tmp_path / "c.png")
    white_on_black().save(tmp_path / "m.jpg")
    Image.new("L", SIZE[::-1]).save(tmp_path / "black.png")
    noise = np.random.default_rng(0).integers(0, 2**16, SIZE).astype(np.uint16)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    with pytest.raises(ValueError, match=f"region 1: .*{words}"):
        regions(f"{tmp_path}/{name}")


def test_all_ids_are_no_region_where_one_is_meant(tmp_path: Path) -> None:
    SEVERAL["ids"].save(tmp_path / "m.png")
    with pytest.raises(ValueError, match=r"several regions; one is meant here.*one of 1, 2"):
        RegionSpec(mask="m.png:ids").build(SIZE, folder=tmp_path)


def test_a_file_whose_name_ends_like_a_selector_is_that_file(tmp_path: Path) -> None:
    white_on_black().save(tmp_path / "m.png:7", "PNG")
    assert split_selector("m.png:7", tmp_path) == ("m.png:7", None)
    assert split_selector("C:\\m.png") == ("C:\\m.png", None)
    assert np.array_equal(read_mask("m.png:7", SIZE, tmp_path), LEFT)


def test_an_array_of_logits_is_no_mask() -> None:
    with pytest.raises(MaskValuesError, match="mask > 0"):
        mask_values(array_values(np.where(LEFT, 3.0, -2.0)))
    assert np.array_equal(mask_values(array_values(np.where(LEFT, 1.0, 0.0))), LEFT)


def test_a_mask_of_24_megapixels_takes_seconds() -> None:
    large = np.zeros((4000, 6000), np.uint8)
    large[500:3000, 700:5000] = 255
    assert mask_values(array_values(large)).sum() == 2500 * 4300


@pytest.mark.parametrize("values", [(1, 2), (127, 255), (100, 200)])
@pytest.mark.parametrize("name", ["m.png", "m.jpg"])
def test_two_tones_of_which_neither_is_dark_are_no_single_region(values, name, tmp_path) -> None:
    if values == (1, 2) and name == "m.jpg":
        pytest.skip("JPEG does not keep them apart")
    pixels = np.where(LEFT, values[1], values[0]).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / name)
    with pytest.raises(ValueError, match="more than one region"):
        read_mask(tmp_path / name, SIZE)
    Image.fromarray(LEFT * np.uint8(values[1])).save(tmp_path / name)
    assert read_mask(tmp_path / name, SIZE).sum() == pytest.approx(LEFT.sum(), rel=0.02)


@pytest.mark.parametrize(
    "values", [(0, 1, 255), (0, 10, 255), (0, 1, 1000), (*range(12), 255), (*range(25), 255)]
)
def test_ids_beside_a_value_to_be_ignored_are_no_single_region(
    values: tuple[int, ...], tmp_path: Path
) -> None:
    strip = SIZE[1] // len(values)
    columns = np.repeat(values, strip)[: SIZE[1]]
    ids = np.zeros(SIZE, np.uint16 if max(values) > 255 else np.uint8)
    ids[10:110, : columns.size] = columns
    ids[:50, ids[50] == values[-1]] = ids[70:, ids[50] == values[-1]] = 0  # the ids are larger
    Image.fromarray(ids).save(tmp_path / "m.png")
    with pytest.raises(ValueError, match=r"m\.png: it holds areas of .*:ids"):
        read_mask(tmp_path / "m.png", SIZE)
    with pytest.raises(ValueError, match=r"ids == 7"):
        array_mask(ids)


@pytest.mark.parametrize("quality", [40, 75, 95])
@pytest.mark.parametrize("format", ["JPEG", "WEBP"])
def test_a_lossy_mask_saved_again_as_png_is_still_one_region(
    format: str, quality: int, tmp_path: Path
) -> None:
    disc = np.hypot(*(np.indices((600, 800)) - np.array([[[300]], [[350]]]))) < 190
    disc[40:90, 600:780] = True
    image = Image.fromarray(disc.astype(np.uint8) * 255)
    image.save(tmp_path / "lossy", format, quality=quality)
    Image.open(tmp_path / "lossy").convert("L").save(tmp_path / "m.png")
    found = read_mask(tmp_path / "m.png", disc.shape)
    assert np.count_nonzero(found ^ disc) < 0.01 * np.count_nonzero(disc)


@pytest.mark.parametrize("radius", [2, 20, 120, 400])
def test_a_mask_blurred_as_broadly_as_you_like_is_one_region(radius: float, tmp_path: Path) -> None:
    large = np.zeros((600, 1600), np.uint8)
    large[:, :800] = 255
    soft = Image.fromarray(large).filter(ImageFilter.GaussianBlur(radius))
    soft.save(tmp_path / "m.png")
    found = read_mask(tmp_path / "m.png", large.shape)
    assert found[:, :700].all()
    assert not found[:, 900:].any()
