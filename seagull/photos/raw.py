"""RAW photos: told by what a file holds, and developed by LibRaw (through rawpy).

A RAW file begins like a TIFF whose first picture is a small preview; a reader that takes it for
the photo assesses the preview.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from seagull.photos.files import PhotoError
from seagull.photos.tiff_tags import sub_directories

_BAYER = (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".orf", ".raf", ".rw2", ".rwl", ".pef")
RAW_SUFFIXES = frozenset((*_BAYER, ".srw", ".3fr", ".iiq"))
"""Endings of RAW files, in lower case."""

_PLAIN = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"GIF8", b"BM", b"P5", b"P6")
_HEADS = (b"FUJIFILMCCD-RAW", b"FOVb", b"IIU\0", b"IIRO", b"IIRS", b"MMOR")
_PHOTOMETRIC, _DNG_VERSION = 262, 50706
_SENSOR = (32803, 34892)
"""PhotometricInterpretation of a colour filter array, and of one already interpolated."""
_FLIPPED = (5, 6)
"""LibRaw's flips that swap width and height."""
_INSTEAD = "RAW photos are developed, never read from their preview; use the camera's JPEG, or save"


def looks_raw(name: str, head: bytes) -> bool:
    """Whether a file is RAW by its first 16 bytes, or by its name if these do not speak against it.

    A picture in a common format stays one, whatever it is called.
    """
    if head.startswith(_HEADS) or head[8:10] == b"CR" or head[4:11] == b"ftypcrx":
        return True
    return Path(name).suffix.lower() in RAW_SUFFIXES and not head.startswith(_PLAIN)


def holds_raw(image: Image.Image) -> bool:
    """Whether an opened TIFF is a RAW file under another name: a DNG, or a sensor's pattern."""
    if not isinstance(image, TiffImageFile):
        return False
    if _DNG_VERSION in image.tag_v2 or image.tag_v2.get(_PHOTOMETRIC) in _SENSOR:
        return True
    return any(ifd.get(_PHOTOMETRIC) in _SENSOR for ifd in sub_directories(image))


class RawFile:
    """An opened RAW photo; nothing of its pixels is unpacked yet.

    Args:
        name: for messages.
        module: rawpy.
        raw: its open file.
    """

    def __init__(self, name: str, module: Any, raw: Any) -> None:
        self._name, self._module, self._raw = name, module, raw

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels of the developed, upright photo."""
        sizes = self._raw.sizes
        size = int(sizes.height), int(sizes.width)
        return size[::-1] if sizes.flip in _FLIPPED else size

    @property
    def sensor_pixels(self) -> int:
        """How many pixels the sensor has."""
        return int(self._raw.sizes.raw_width) * int(self._raw.sizes.raw_height)

    def linear_codes(self, demosaic: str = "AHD") -> NDArray[np.uint16]:
        """Linear light as 16-bit codes (H, W, 3) in sRGB primaries, upright.

        White balance as the camera shot it, colours by LibRaw's matrix of the camera, no automatic
        brightness.

        Args:
            demosaic: name of a LibRaw algorithm; ``AHD`` is thorough, ``PPG`` takes half the time.

        Raises:
            PhotoError: if the algorithm is unknown or the file is damaged.
        """
        algorithms = self._module.DemosaicAlgorithm
        algorithm = getattr(algorithms, demosaic, None)
        if algorithm is None or not algorithm.isSupported:
            known = sorted(item.name for item in algorithms if item.isSupported)
            raise PhotoError(f"no demosaicing {demosaic!r} in this LibRaw; there are {known}")
        with _reported(self._name, self._module):
            self._raw.unpack()
            codes = self._raw.postprocess(
                demosaic_algorithm=algorithm,
                use_camera_wb=True,
                no_auto_bright=True,
                gamma=(1, 1),
                output_bps=16,
                output_color=self._module.ColorSpace.sRGB,
            )
        return np.asarray(codes, dtype=np.uint16)


@contextmanager
def open_raw(name: str, source: Path | BinaryIO) -> Iterator[RawFile]:
    """The opened RAW photo.

    Args:
        name: for messages.
        source: a path, or a stream at its beginning.

    Raises:
        PhotoError: if rawpy is missing, or LibRaw does not know the file.
    """
    try:
        import rawpy
    except ImportError as error:
        raise PhotoError(
            f"{name}: RAW photos need rawpy: pip install 'seagull-iqa[raw]'"
        ) from error
    with rawpy.RawPy() as raw:
        with _reported(name, rawpy):
            if isinstance(source, Path):
                raw.open_file(str(source))
            else:
                raw.open_buffer(source)
        yield RawFile(name, rawpy, raw)


@contextmanager
def _reported(name: str, module: Any) -> Iterator[None]:
    try:
        yield
    except (module.LibRawError, OSError) as error:
        detail = error.args[0] if error.args else error
        reason = detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)
        raise PhotoError(
            f"{name}: LibRaw cannot develop it ({reason}); {_INSTEAD} it as TIFF with a RAW "
            "converter"
        ) from error
