"""A RAW photo without a camera: a minimal DNG is written, then developed by LibRaw."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from data_tools.distort.exposure import gain
from data_tools.keys import Key
from data_tools.reference.isp import colour_matrix, decode, mosaic, white_balance
from data_tools.reference.raw import develop_raw

pytest.importorskip("rawpy", reason="RAW needs the extra 'data'")
tifffile = pytest.importorskip("tifffile", reason="writing a DNG needs the extra 'data'")

BLACK, WHITE = 512, 16383
NEUTRAL = (0.5, 1.0, 0.625)
# CIE XYZ (D65) to linear sRGB, IEC 61966-2-1: a camera whose colours are those of the display.
XYZ_TO_SRGB = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)


def scene(height: int = 160, width: int = 240) -> np.ndarray:
    """Smooth colours, so that demosaicing has little to guess; uint8 (H, W, 3)."""
    small = np.random.default_rng(3).integers(30, 226, (5, 7, 3), dtype=np.uint8)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def write_dng(path: Path, image: np.ndarray, brightness: float = 0.8) -> None:
    """The sensor's view of a developed picture, by the inverse ISP, as a DNG of 14 bits."""
    light = colour_matrix(decode(image) * np.float32(brightness), np.eye(3))
    sensor = mosaic(white_balance(light, NEUTRAL))
    codes = np.clip(np.rint(BLACK + sensor * (WHITE - BLACK)), 0, WHITE).astype(np.uint16)
    matrix = [part for value in XYZ_TO_SRGB.reshape(-1) for part in (round(value * 10000), 10000)]
    neutral = [part for value in NEUTRAL for part in (round(value * 1000), 1000)]
    tags = [
        (33421, "H", 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, "B", 4, bytes([0, 1, 1, 2]), True),  # CFAPattern: RGGB
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),  # DNGVersion
        (50708, "s", 0, "Seagull test camera", True),  # UniqueCameraModel
        (50714, "H", 1, BLACK, True),  # BlackLevel
        (50717, "H", 1, WHITE, True),  # WhiteLevel
        (50721, "2i", 9, matrix, True),  # ColorMatrix1
        (50728, "2I", 3, neutral, True),  # AsShotNeutral
        (50778, "H", 1, 21, True),  # CalibrationIlluminant1: D65
    ]
    tifffile.imwrite(path, codes, photometric=32803, extratags=tags, metadata=None)


@pytest.fixture
def dng(tmp_path: Path) -> Path:
    path = tmp_path / "photo.dng"
    write_dng(path, scene())
    return path


@pytest.mark.parametrize("demosaic", ["AHD", "PPG"])
def test_a_dng_develops_to_the_light_it_was_made_from(dng: Path, demosaic: str) -> None:
    reference = develop_raw("photo", dng, long_side=240, demosaic=demosaic)
    assert reference.size == (160, 240)
    assert reference.sensor_linear is not None
    inner = (slice(8, -8), slice(8, -8))
    expected = decode(scene())[inner] * 0.8
    scale = float(np.median(reference.linear[inner] / expected))
    # LibRaw scales white balance so that nothing clips; colours and tones must agree.
    assert np.abs(reference.linear[inner] / scale - expected).mean() < 0.01


def test_a_large_photo_is_reduced(dng: Path) -> None:
    reference = develop_raw("photo", dng, long_side=120)
    assert reference.size == (80, 120)


def test_exposure_acts_on_the_sensors_light(dng: Path) -> None:
    reference = develop_raw("photo", dng, long_side=240)
    darker = decode(gain(reference, -2.0, Key(0, "", "", "")))
    assert darker.mean() == pytest.approx(reference.linear.clip(0, 1).mean() / 4, rel=0.05)


def test_files_that_are_no_raw_photos_are_refused(tmp_path: Path, dng: Path) -> None:
    bad = tmp_path / "bad.dng"
    bad.write_bytes(b"no camera wrote this")
    with pytest.raises(ValueError, match=r"bad\.dng: LibRaw cannot develop it"):
        develop_raw("photo", bad)
    cut = tmp_path / "cut.dng"
    cut.write_bytes(dng.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"cut\.dng: LibRaw cannot develop it"):
        develop_raw("photo", cut)
    with pytest.raises(ValueError, match="cannot develop"):
        develop_raw("photo", tmp_path / "missing.dng")


def test_a_sensor_that_is_too_large_is_refused_before_it_is_read(
    dng: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_tools.reference.raw.MAX_RAW_PIXELS", 1000)
    with pytest.raises(ValueError, match="38,400 pixels"):
        develop_raw("photo", dng)


def test_an_unknown_demosaicing_is_named(dng: Path) -> None:
    with pytest.raises(ValueError, match=r"'MAGIC'.*AHD"):
        develop_raw("photo", dng, demosaic="MAGIC")
