"""``seagull assess`` on every kind of bad or unusual input: one line, exit 2, or a written rule."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BAD_REGIONS = {
    "box outside": ["--box", "400,400,500,500"],
    "box reversed": ["--box", "20,20,10,10"],
    "box empty": ["--box", "10,10,10,20"],
    "box NaN": ["--box", "nan,0,10,10"],
    "box of three": ["--box", "1,2,3"],
    "box of words": ["--box", "a,b,c,d"],
    "point outside": ["--point", "100,100"],
    "point infinite": ["--point", "inf,1"],
    "only outside points": ["--points", "1,1,-"],
    "no points": ["--points", " "],
    "polygon of two corners": ["--polygon", "1,1 5,5"],
    "polygon of words": ["--polygon", "one,two"],
    "polygon outside": ["--polygon", "100,100 120,100 120,120"],
    "mask missing": ["--mask", "no-such-mask.png"],
    "rle no JSON": ["--rle", "{oops"],
    "rle missing": ["--rle", "no-such.json"],
    "rle too long for a path": ["--rle", "x" * 5000],
    "rle of another size": ["--rle", '{"size":[4,4],"counts":[0,16]}'],
    "rle that does not fit": ["--rle", '{"size":[40,60],"counts":[5,1]}'],
    "rle negative": ["--rle", '{"size":[40,60],"counts":[-5,2405]}'],
    "rle of gigabytes": ["--rle", '{"size":[900000,900000],"counts":[0,810000000000]}'],
    "rle garbage": ["--rle", '{"size":[40,60],"counts":"~~~~"}'],
    "rle empty": ["--rle", '{"size":[40,60],"counts":[2400]}'],
    "same name twice": ["--box", "a=1,1,5,5", "--box", "a=2,2,6,6"],
    "name that is a number's": ["--box", "1,1,5,5", "--refine", "--segmenter", "nosuch"],
    "refine without a box": ["--refine", "--whole"],
}


@pytest.mark.parametrize("words", BAD_REGIONS.values(), ids=BAD_REGIONS.keys())
def test_a_bad_region_is_one_line_and_exit_2(cli, photo, words):
    done = cli("assess", photo, "--json", *words)
    lines = [line for line in done.err.splitlines() if "no SAM here" not in line]
    assert (done.code, len(lines)) == (2, 1), done.err
    assert "unexpected" not in lines[0]


@pytest.mark.parametrize("kind", ["box outside", "polygon of two corners", "mask missing"])
def test_a_bad_region_is_found_before_a_model_is_loaded(cli, photo, kind):
    done = cli("assess", photo, "--model", "nan0", *BAD_REGIONS[kind])
    assert done.code == 2
    assert "nan0" not in done.err


BAD_OPTIONS = {
    "task": (["--tasks", "qualty"], "quality"),
    "no task": (["--tasks", ","], "no task"),
    "model": (["--model", "nan0"], "nano"),
    "dtype": (["--dtype", "bf61"], "bf16"),
    "quantization": (["--quantization", "8bits"], "8bit"),
    "segmenter": (["--everything", "--segmenter", "clasical"], "classical"),
    "option": (["--boxx", "1"], "--box"),
    "no value": (["--box"], "--box"),
    "picture ending": (["--overlay", "out.docx"], ".png"),
    "picture folder": (["--overlay", "no/such/out.png"], "no folder"),
    "csv folder": (["--csv", "no/such/out.csv"], "no folder"),
    "heat map without quality": (["--heatmap", "h.png", "--tasks", "importance"], "quality"),
    "number of regions": (["--everything", "--max-regions", "0"], "max-regions"),
}


@pytest.mark.parametrize(("words", "hint"), BAD_OPTIONS.values(), ids=BAD_OPTIONS.keys())
def test_a_bad_option_is_one_line_that_helps_and_exit_2(cli, photo, words, hint):
    done = cli("assess", photo, *words)
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert hint in done.err


def _cmyk(path: Path) -> None:
    Image.new("CMYK", (20, 20), (0, 0, 0, 0)).save(path)


def _rotated(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (20, 30)).save(path, exif=exif)


def _deep(path: Path) -> None:
    Image.fromarray(np.full((20, 20), 40000, np.uint16)).save(path)


def _alpha(path: Path) -> None:
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(path)


@pytest.mark.parametrize(
    ("make", "name", "size"),
    [
        (_cmyk, "a.jpg", (20, 20)),
        (_rotated, "a.jpg", (30, 20)),
        (_deep, "a.png", (20, 20)),
        (_alpha, "a.png", (20, 20)),
    ],
)
def test_unusual_photos_are_assessed(cli, tmp_path, make, name, size):
    make(tmp_path / name)
    done = cli("assess", tmp_path / name, "--json")
    image = json.loads(done.out)["image"]
    assert (image["width"], image["height"]) == size


def _animated(path: Path) -> None:
    frames = [Image.new("RGB", (9, 9), shade) for shade in ("red", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def _bomb(path: Path) -> None:
    # A header that promises 60000 x 60000 pixels.
    Image.new("RGB", (8, 8)).save(path)
    data = bytearray(path.read_bytes())
    data[16:24] = (60000).to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda path: None, "missing.png"),
        (lambda path: path.write_bytes(b""), "empty.png"),
        (lambda path: path.write_text("hello"), "text.png"),
        (lambda path: path.mkdir(), "folder.png"),
        (_animated, "moving.gif"),
        (_bomb, "bomb.png"),
    ],
)
def test_a_bad_photo_is_one_line_and_exit_2(cli, tmp_path, make, name):
    make(tmp_path / name)
    done = cli("assess", tmp_path / name, "--json")
    lines = [line for line in done.err.splitlines() if "photos:" not in line]
    assert (done.code, len(lines)) == (2, 1), done.err
    assert name in lines[0]


def test_jsonl_never_overwrites_a_file_of_something_else(cli, photo, tmp_path):
    diary = tmp_path / "diary.txt"
    diary.write_text("dear diary")
    done = cli("assess", photo, "--jsonl", diary)
    assert (done.code, diary.read_text()) == (2, "dear diary")
    assert cli.services.loads == 0


@pytest.mark.parametrize("option", ["--csv", "--jsonl", "--overlay", "--heatmap"])
def test_an_output_never_overwrites_the_photo(cli, photo, option):
    before = photo.read_bytes()
    done = cli("assess", photo, option, photo)
    assert (done.code, len(done.err.splitlines()), photo.read_bytes()) == (2, 1, before)


def test_pictures_do_not_go_among_the_photos(cli, photos):
    done = cli("assess", photos, "--overlay", photos / "drawn")
    assert (done.code, cli.services.loads) == (2, 0)
    assert "outside" in done.err
