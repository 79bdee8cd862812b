"""The size of a record's photo is that of the photo as it is read, and costs its header alone."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image, PngImagePlugin

from seagull.photos.files import PhotoError
from seagull.records.photos import record_photo, record_photo_size

RIGHT = 6
"""EXIF orientation of a photo taken upright with a camera that lay on its side."""


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
@pytest.mark.parametrize("turned", [True, False])
def test_the_size_is_that_of_the_upright_photo(tmp_path: Path, name: str, turned: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    exif = Image.Exif()
    if turned:
        exif[0x0112] = RIGHT
    Image.fromarray(pixels).save(tmp_path / name, exif=exif)
    size = record_photo_size(name, tmp_path)
    assert size == record_photo(name, tmp_path).size == ((30, 20) if turned else (20, 30))


def test_an_orientation_in_a_png_text_is_found(tmp_path: Path) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", f'<x tiff:Orientation="{RIGHT}"/>')
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png", pnginfo=notes)
    assert record_photo_size("a.png", tmp_path) == record_photo("a.png", tmp_path).size == (30, 20)


def test_the_pixels_of_a_plain_png_are_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda self: pytest.fail("decoded"))
    assert record_photo_size("a.png", tmp_path) == (20, 30)


def test_a_row_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"FILE\.parquet#ROW"):
        record_photo("photos.parquet#x", tmp_path)
    with pytest.raises(PhotoError, match="no such table"):
        record_photo("photos.parquet#1", tmp_path)


def test_a_picture_in_a_table_is_named_by_its_row(tmp_path: Path) -> None:
    table = pyarrow.table({"image": [b"no picture"]})
    pyarrow.parquet.write_table(table, tmp_path / "photos.parquet")
    for read in (record_photo, record_photo_size):
        with pytest.raises(PhotoError, match=r"^photos\.parquet#0: .*not a picture"):
            read("photos.parquet#0", tmp_path)
