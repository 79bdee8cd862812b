"""What becomes of every kind of picture, and what is said about those that are refused."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from seagull.photos import MAX_PIXELS, PhotoError, find_photos, read_photo

HALVES = np.zeros((6, 8, 3), dtype=np.uint8)
HALVES[:, :4] = (200, 40, 10)
HALVES[:, 4:] = (0, 90, 250)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_png_keeps_its_pixels_and_says_where_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(HALVES).save(path)
    photo = read_photo(path)
    assert np.array_equal(photo.pixels, HALVES)
    assert (photo.path, photo.width, photo.height, photo.size) == (str(path), 8, 6, (6, 8))
    assert photo.info.sha256 == read_photo(HALVES).sha256


def test_digest_depends_on_the_shape() -> None:
    assert read_photo(HALVES).sha256 != read_photo(HALVES.reshape(8, 6, 3)).sha256


@pytest.mark.parametrize(
    ("orientation", "expected"), [(6, np.rot90(HALVES, -1)), (3, HALVES[::-1, ::-1])]
)
def test_exif_orientation_is_applied(orientation: int, expected: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = saved(Image.fromarray(HALVES), "PNG", exif=exif)
    assert np.array_equal(read_photo(data).pixels, expected)


def test_alpha_is_laid_over_white() -> None:
    rgba = np.dstack([HALVES, np.full((6, 8), 255, np.uint8)])
    rgba[0, 0] = (9, 9, 9, 0)
    for source in (saved(Image.fromarray(rgba), "PNG"), rgba, Image.fromarray(rgba)):
        pixels = read_photo(source).pixels
        assert tuple(pixels[0, 0]) == (255, 255, 255)
        assert np.array_equal(pixels[1:], HALVES[1:])


def test_palette_with_a_transparent_colour_shows_white() -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.putpixel((0, 0), 0)
    pixels = read_photo(saved(image, "PNG", transparency=0)).pixels
    assert tuple(pixels[0, 0]) == (255, 255, 255)
    assert tuple(pixels[1, 1]) == (255, 0, 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "YCbCr", "LAB"])
def test_other_colour_modes_become_rgb(mode: str) -> None:
    grey = Image.new("L", (5, 4), 255)
    image = (
        Image.new("LAB", (5, 4), (255, 128, 128))
        if mode == "LAB"
        else grey.convert("RGB").convert(mode)
    )
    photo = read_photo(image)
    assert photo.pixels.shape == (4, 5, 3)
    assert photo.pixels.min() >= 250


def test_16_bit_grey_is_scaled_not_clipped() -> None:
    deep = np.array([[0, 257 * 100, 65535, 300]], dtype=np.uint16)
    for source in (saved(Image.fromarray(deep), "PNG"), saved(Image.fromarray(deep), "TIFF"), deep):
        assert read_photo(source).pixels[0, :, 0].tolist() == [0, 100, 255, 1]


def png_16_bit(kind: int, values: list[int], clear: list[int] | None = None) -> bytes:
    """A PNG of one row of two pixels, grey (kind 0) or RGB (2), perhaps with a transparent one."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    data = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, kind, 0, 0, 0))
    data += chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear)) if clear else b""
    row = struct.pack(f">B{len(values)}H", 0, *values)
    data += chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def test_16_bit_rgb_is_scaled_not_clipped() -> None:
    data = png_16_bit(2, [65535, 25700, 0, 300, 65280, 12850])
    assert read_photo(data).pixels.tolist() == [[[255, 100, 0], [1, 255, 50]]]


def test_the_transparent_colour_of_a_16_bit_png_shows_white() -> None:
    grey = read_photo(png_16_bit(0, [0x1234, 25700], [0x1234])).pixels
    assert grey.tolist() == [[[255] * 3, [100] * 3]]
    rgb = [0x1234, 0x5678, 0x9ABC]
    colour = read_photo(png_16_bit(2, [*rgb, 25700, 25700, 0], rgb)).pixels
    assert colour.tolist() == [[[255] * 3, [100, 100, 0]]]


def test_8_bits_stored_in_32_are_8_bits_and_dark_16_bits_stay_dark() -> None:
    shallow = np.array([[0, 100, 255]], np.int32)
    deep = np.array([[0, 257 * 100, 65535]], np.int32)
    for values in (shallow, deep):
        for source in (saved(Image.fromarray(values), "TIFF"), Image.fromarray(values)):
            assert read_photo(source).pixels[0, :, 0].tolist() == [0, 100, 255]
    dark = shallow.astype(np.uint16)
    pgm = b"P5 3 1 65535\n" + dark.astype(">u2").tobytes()
    for source in (saved(Image.fromarray(dark), "PNG"), pgm, dark):
        assert read_photo(source).pixels[0, :, 0].tolist() == [0, 0, 1]


def test_embedded_profile_is_converted_to_srgb() -> None:
    # Grey is linear here: half the light is 188 in sRGB, not 128.
    profile = linear_profile()
    data = saved(Image.new("RGB", (3, 3), (128, 128, 128)), "PNG", icc_profile=profile)
    assert read_photo(data).pixels[0, 0, 0] == pytest.approx(188, abs=2)


@pytest.mark.parametrize("space", ["GRAY", "CMYK"])
def test_a_profile_of_another_colour_space_is_ignored_with_a_warning(
    space: str, caplog: pytest.LogCaptureFixture
) -> None:
    profile = grey_linear_profile()
    profile = profile[:16] + space.encode() + profile[20:]
    for image in (Image.fromarray(HALVES), Image.fromarray(HALVES).convert("RGBA")):
        data = saved(image, "PNG", icc_profile=profile)
        assert np.array_equal(read_photo(data).pixels, HALVES)
    assert caplog.text.count(f"colours of {space}") == 2


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("profile", ["grey", "colour"])
def test_a_grey_picture_goes_with_a_grey_and_a_colour_profile(mode: str, profile: str) -> None:
    icc = linear_profile() if profile == "colour" else grey_linear_profile()
    data = saved(Image.new("L", (3, 3), 128).convert(mode), "PNG", icc_profile=icc)
    assert read_photo(data).pixels[0, 0].tolist() == pytest.approx([188] * 3, abs=2)


def grey_linear_profile() -> bytes:
    """A grey profile with gamma 1: the least that version 2 asks for."""
    curve = struct.pack(">4sII", b"curv", 0, 0)
    white = struct.pack(">4sI3i", b"XYZ ", 0, 63190, 65536, 54061)
    tags = struct.pack(">I", 2) + struct.pack(">4sII", b"kTRC", 156, 12)
    tags += struct.pack(">4sII", b"wtpt", 168, 20)
    head = bytearray(128)
    head[:4] = struct.pack(">I", 188)
    head[8:12], head[12:24] = b"\x02\x40\0\0", b"mntrGRAYXYZ "
    head[36:40], head[68:80] = b"acsp", struct.pack(">3i", 63190, 65536, 54061)
    return bytes(head) + tags + curve + white


def linear_profile() -> bytes:
    """sRGB primaries with gamma 1: the curves of Pillow's own sRGB profile replaced."""
    plain = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", plain[128:132])[0]
    for i in range(count):
        name, start, size = struct.unpack(">4sII", plain[132 + 12 * i : 144 + 12 * i])
        if name in (b"rTRC", b"gTRC", b"bTRC"):
            plain[start : start + size] = struct.pack(">4sII", b"curv", 0, 0).ljust(size, b"\0")
        if name == b"desc":
            text = bytes(plain[start : start + size])
            plain[start : start + size] = text.replace(b"s\0R\0G\0B", b"l\0R\0G\0B").replace(
                b"sRGB", b"lRGB"
            )
    return bytes(plain)


def test_broken_profile_and_exif_do_not_lose_the_photo() -> None:
    data = saved(Image.fromarray(HALVES), "PNG", icc_profile=b"junk", exif=b"Exif\0\0MM\0*\xff\xff")
    assert np.array_equal(read_photo(data).pixels, HALVES)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_several_frames_are_refused_with_their_number(kind: str) -> None:
    frames = [Image.fromarray(np.roll(HALVES, i, axis=1)) for i in range(3)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
    with pytest.raises(PhotoError, match="3 frames"):
        read_photo(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_cut_off_files_are_refused_in_plain_words(kind: str, part: float, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    whole = saved(Image.fromarray(noise), kind)
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises(PhotoError, match=r"cut\."):
        read_photo(path)


def test_files_that_are_no_photos(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture")
    (tmp_path / "page.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for name, words in [
        ("empty.jpg", "empty"),
        ("text.jpg", "not a picture"),
        ("page.eps", "not a picture"),
        ("missing.jpg", "no such file"),
        ("", "folder"),
        ("x\0y.jpg", "not a path|no such file"),
    ]:
        with pytest.raises(PhotoError, match=words):
            read_photo(str(tmp_path / name))
    with pytest.raises(PhotoError, match="save the photo as a file"):
        read_photo("https://example.org/a.jpg")
    with pytest.raises(PhotoError, match="empty"):
        read_photo(b"")


@pytest.mark.parametrize("side", [13_000, 60_000])
def test_bombs_are_refused_from_the_header_and_warn_nobody(side: int) -> None:
    data = bytearray(saved(Image.new("L", (1, 1)), "PNG"))
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PhotoError, match=f"{MAX_PIXELS / 1e6:.0f} million"):
            read_photo(bytes(data))
    assert limit == Image.MAX_IMAGE_PIXELS


def test_float_arrays_are_read_as_zero_to_one() -> None:
    values = np.array([[0.0, 0.5, 1.0]])
    assert read_photo(values).pixels[0, :, 1].tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full((2, 2), np.nan), "NaN"),
        (np.full((2, 2), 2.0), "divide"),
        (np.zeros((2, 2), np.int64), "convert"),
        (np.zeros((2, 2), np.bool_), "convert"),
        (np.zeros((0, 2, 3), np.uint8), "at least one pixel"),
        (np.zeros((3, 4, 5), np.uint8), "last axis"),
        (np.zeros((2, 2, 3, 1), np.uint8), "shape"),
    ],
)
def test_arrays_that_are_no_photos(array: np.ndarray, words: str) -> None:
    with pytest.raises(PhotoError, match=words):
        read_photo(array)


def test_an_array_is_copied() -> None:
    source = HALVES.copy()
    photo = read_photo(source)
    source[:] = 0
    assert np.array_equal(photo.pixels, HALVES)


def test_photos_are_found_in_natural_order_once(tmp_path: Path) -> None:
    for name in ("a10.jpg", "a2.JPG", "b/c1.png", ".hidden.jpg", "notes.txt", "b/.cache/x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(p.relative_to(tmp_path)) for p in find_photos([tmp_path, tmp_path / "a2.JPG"])]
    assert found == ["a2.JPG", "a10.jpg", "b/c1.png"]
    assert [p.name for p in find_photos([f"{tmp_path}/*.jpg"])] == ["a10.jpg"]
    assert find_photos([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"]


def test_brackets_in_a_file_name_are_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "a[1].jpg").touch()
    assert find_photos([tmp_path / "a[1].jpg"]) == [tmp_path / "a[1].jpg"]


@pytest.mark.parametrize("pattern", ["none.jpg", "*.gif", "empty"])
def test_patterns_that_mean_no_photo_are_named(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(PhotoError, match="no "):
        find_photos([f"{tmp_path}/{pattern}"])
