"""Files are told by what they hold: RAW, HEIC, TIFF pages and layouts, profiles, opened files."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from seagull.photos import PhotoError, read_photo
from seagull.photos.raw import RAW_SUFFIXES
from seagull.records.photos import record_photo_size
from seagull.regions.mask_files import read_mask

NOISE = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
SMALL = NOISE[::4, ::4]


def tiff(*pages: tuple[np.ndarray, dict[str, object]]) -> bytes:
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        for pixels, options in pages:
            writer.write(pixels, metadata=None, **{"photometric": "rgb", **options})
    return out.getvalue()


def dng_with_preview(suffix: str, folder: Path) -> Path:
    """A preview in the first directory, the sensor's pattern below it."""
    path = folder / f"camera{suffix}"
    with tifffile.TiffWriter(path) as writer:
        writer.write(SMALL, photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        writer.write(
            np.full((40, 60), 900, np.uint16),
            photometric=32803,
            extratags=[
                (33421, "H", 2, (2, 2), True),
                (33422, "B", 4, bytes([0, 1, 1, 2]), True),
            ],
            metadata=None,
        )
    return path


@pytest.mark.parametrize("suffix", [".dng", ".nef", ".tif", ".TIFF", ".jpg"])
def test_the_preview_of_a_raw_file_is_never_the_photo(suffix: str, tmp_path: Path) -> None:
    path = dng_with_preview(suffix, tmp_path)
    for source in (path, str(path), path.read_bytes(), path.open("rb")):
        photo = read_photo(source)
        assert photo.size == (40, 60)
        assert np.ptp(photo.pixels, axis=(0, 1)).max() <= 1  # the sensor saw one shade of grey
    assert record_photo_size(path.name, tmp_path) == (40, 60)
    with pytest.raises(PhotoError, match="RAW"):
        read_photo(Image.open(path))


def test_a_raw_file_that_cannot_be_developed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "camera.nef"
    path.write_bytes(tiff((SMALL, {"subfiletype": 1})))
    with pytest.raises(PhotoError, match=r"LibRaw cannot develop it .*RAW.*use the camera's JPEG"):
        read_photo(path)


def test_a_common_picture_under_a_raw_name_is_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "edited.dng"
    Image.fromarray(NOISE).save(path, "PNG")
    assert np.array_equal(read_photo(path).pixels, NOISE)
    assert ".dng" in RAW_SUFFIXES


def test_raw_without_rawpy_is_refused_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rawpy", None)
    with pytest.raises(PhotoError, match=r"RAW photos need rawpy: pip install"):
        read_photo(dng_with_preview(".nef", tmp_path))


def test_reduced_pages_and_masks_of_a_tiff_are_no_frames() -> None:
    reduced: dict[str, object] = {"subfiletype": 1}
    mask = (SMALL[..., 0] > 99, {"subfiletype": 4, "photometric": 4})
    after = tiff((NOISE, {}), (SMALL, reduced), mask, (SMALL[::2, ::2], reduced))
    before = tiff((SMALL, reduced), (NOISE, {}), mask)
    assert np.array_equal(read_photo(after).pixels, NOISE)
    assert np.array_equal(read_photo(before).pixels, NOISE)


def test_an_unmarked_thumbnail_is_no_frame_but_a_second_page_is() -> None:
    large = np.kron(NOISE, np.ones((10, 10, 1), np.uint8))
    assert read_photo(tiff((large, {}), (NOISE, {}))).size == (400, 600)
    with pytest.raises(PhotoError, match="2 frames"):
        read_photo(tiff((large, {}), (large[::-1], {}), (NOISE, {})))
    with pytest.raises(PhotoError, match="2 frames"):
        read_photo(tiff((large, {}), (np.rot90(NOISE), {})))


def test_a_tiff_of_one_page_marked_as_reduced_is_read() -> None:
    assert np.array_equal(read_photo(tiff((NOISE, {"subfiletype": 1}))).pixels, NOISE)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_grey_whose_white_is_zero_is_no_negative(
    photometric: str, kind: type, compression: str | None
) -> None:
    grey = NOISE[..., 0]
    stored = 255 - grey if photometric == "miniswhite" else grey
    stored = stored.astype(kind) * kind(257 if kind is np.uint16 else 1)
    data = tiff((stored, {"photometric": photometric, "compression": compression}))
    assert np.array_equal(read_photo(data).pixels[..., 0], grey)


def test_12_bit_grey_is_as_bright_as_it_was() -> None:
    row = np.array([0, 4095, 2048, 1024], np.uint16)
    packed = bytes([0x00, 0x0F, 0xFF, 0x80, 0x04, 0x00])
    data = bytearray(tiff((row[None].view(np.uint8)[:, :6], {"photometric": "minisblack"})))
    file = tifffile.TiffFile(io.BytesIO(bytes(data)))
    tags = file.pages[0].tags
    for name, value in {"ImageWidth": 4, "BitsPerSample": 12}.items():
        at, width = tags[name].valueoffset, 4 if tags[name].dtype == 4 else 2
        data[at : at + width] = value.to_bytes(width, "little")
    start = tags["StripOffsets"].value[0]
    data[start : start + 6] = packed
    assert read_photo(bytes(data)).pixels[0, :, 0].tolist() == [0, 255, 128, 64]


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"rowsperstrip": 7}, {"tile": (16, 16)}]
)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_planes_of_a_tiff_are_put_together(
    byte_order: str, options: dict[str, object], kind: type
) -> None:
    deep = NOISE.astype(kind) * kind(257 if kind is np.uint16 else 1)
    out = io.BytesIO()
    tifffile.imwrite(
        out, np.moveaxis(deep, -1, 0), photometric="rgb", planarconfig="separate",
        byteorder=byte_order, **options,
    )  # fmt: skip
    assert np.array_equal(read_photo(out.getvalue()).pixels, NOISE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "deep TIFF", "planes"])
def test_the_size_from_the_header_is_that_of_the_pixels(
    kind: str, orientation: int, tmp_path: Path
) -> None:
    path = tmp_path / "photo"
    if kind in ("deep TIFF", "planes"):
        deep = NOISE.astype(np.uint16) * 257
        pixels = np.moveaxis(deep, -1, 0) if kind == "planes" else 65535 - deep[..., 0]
        colour = "rgb" if kind == "planes" else "miniswhite"
        planes = "separate" if kind == "planes" else None
        tags = [(274, "H", 1, orientation, True)]
        tifffile.imwrite(path, pixels, photometric=colour, planarconfig=planes, extratags=tags)
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        Image.fromarray(NOISE).save(path, kind, exif=exif)
    size = (60, 40) if orientation > 4 else (40, 60)
    photo = read_photo(path)
    assert record_photo_size("photo", tmp_path) == photo.size == size
    if kind == "planes":
        Image.fromarray(NOISE).save(tmp_path / "same.tif", tiffinfo={274: orientation})
        assert np.array_equal(photo.pixels, read_photo(tmp_path / "same.tif").pixels)


def test_masks_stand_as_their_viewer_shows_them(tmp_path: Path) -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[:10, :20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(mask).save(tmp_path / "m.png", exif=exif)
    assert np.array_equal(read_mask(tmp_path / "m.png", (60, 40)), np.rot90(mask, -1) > 0)


def gamma_profile(name: bytes) -> bytes:
    """sRGB primaries with gamma 1, called by a name of four letters."""
    plain = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(plain[128:132], "big")
    for at in range(132, 132 + 12 * count, 12):
        kind = bytes(plain[at : at + 4])
        start, size = (int.from_bytes(plain[at + i : at + i + 4], "big") for i in (4, 8))
        if kind in (b"rTRC", b"gTRC", b"bTRC"):
            plain[start : start + size] = b"curv".ljust(size, b"\0")
        if kind == b"desc":
            wide = b"".join(bytes([0, letter]) for letter in name)
            text = bytes(plain[start : start + size])
            plain[start : start + size] = text.replace(b"\0s\0R\0G\0B", wide)
    return bytes(plain)


@pytest.mark.parametrize("name", [b"sRGB", b"lRGB"])
def test_a_profile_counts_by_its_curves_and_not_by_its_name(name: bytes) -> None:
    profile = gamma_profile(name)
    assert (
        "sRGB" in ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    ) == (name == b"sRGB")
    out = io.BytesIO()
    Image.new("RGB", (3, 3), (128, 128, 128)).save(out, "PNG", icc_profile=profile)
    assert read_photo(out.getvalue()).pixels[0, 0, 0] == pytest.approx(188, abs=2)


def test_pixels_under_an_srgb_profile_of_any_name_stay_as_they_are() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for given in (profile, profile.replace(b"\0s\0R\0G\0B", b"\0m\0o\0n\0i")):
        out = io.BytesIO()
        Image.fromarray(NOISE).save(out, "PNG", icc_profile=given)
        assert np.array_equal(read_photo(out.getvalue()).pixels, NOISE)


def test_a_grey_picture_with_a_profile_for_colours_goes_through_it() -> None:
    out = io.BytesIO()
    Image.new("L", (3, 3), 128).save(out, "PNG", icc_profile=gamma_profile(b"lRGB"))
    assert read_photo(out.getvalue()).pixels[0, 0, 0] == pytest.approx(188, abs=2)


def test_16_bit_grey_goes_through_its_profile() -> None:
    out = io.BytesIO()
    deep = Image.fromarray(np.full((3, 3), 32896, np.uint16))
    deep.save(out, "PNG", icc_profile=gamma_profile(b"lRGB"))
    assert read_photo(out.getvalue()).pixels[0, 0, 0] == pytest.approx(188, abs=2)


def heic(pixels: np.ndarray) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif", reason="writing HEIC needs the extra 'heic'")
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=-1)
    return out.getvalue()


@pytest.mark.parametrize("name", ["photo.heic", "photo.jpg", "photo"])
def test_heic_is_read_under_any_name(name: str, tmp_path: Path) -> None:
    smooth = np.asarray(Image.fromarray(NOISE[:4, :6]).resize((96, 64), Image.Resampling.BICUBIC))
    path = tmp_path / name
    path.write_bytes(heic(smooth))
    photo = read_photo(path)
    assert record_photo_size(name, tmp_path) == photo.size == (64, 96)
    assert np.abs(photo.pixels.astype(int) - smooth).mean() < 3
    before = dict(Image.registered_extensions())
    read_photo(path)
    assert Image.registered_extensions() == before


def test_heic_without_its_reader_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(64))
    with pytest.raises(PhotoError, match=r"HEIC.*seagull-iqa\[heic\]"):
        read_photo(path)


def test_photos_from_opened_files_and_buffers(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(NOISE).save(path)
    data = path.read_bytes()
    read_to_the_end = io.BytesIO(data)
    read_to_the_end.read()
    with path.open("rb") as opened:
        for source in (
            io.BytesIO(data),
            read_to_the_end,
            bytearray(data),
            memoryview(data),
            opened,
        ):
            assert np.array_equal(read_photo(source).pixels, NOISE)
        assert read_photo(opened).path == str(path)
    assert read_photo(io.BytesIO(data)).path is None


def test_torch_pictures_are_arrays() -> None:
    torch = pytest.importorskip("torch")
    assert np.array_equal(read_photo(torch.from_numpy(NOISE)).pixels, NOISE)
    halves = torch.full((2, 2, 3), 0.5, dtype=torch.bfloat16, requires_grad=True)
    assert read_photo(halves).pixels[0, 0, 0] == 128
    with pytest.raises(PhotoError, match="last axis"):
        read_photo(torch.zeros(3, 8, 9))


@pytest.mark.parametrize("source", [None, 3, ["a.jpg"], {"path": "a.jpg"}, io.StringIO("text")])
def test_what_is_no_photo_is_refused_with_the_forms_wanted(source: object) -> None:
    with pytest.raises(PhotoError, match="'rb'"):
        read_photo(source)  # type: ignore[arg-type]


def test_a_closed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(NOISE).save(path)
    opened = path.open("rb")
    opened.close()
    with pytest.raises(PhotoError, match="cannot be read"):
        read_photo(opened)
