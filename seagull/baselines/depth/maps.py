"""Given depth maps: one file a photo in a folder, and the same form for what an estimator made.

A map is called like the photo without its ending (``walk.jpg``: ``walk.png``, ``walk.npy``), or by
the first 16 hex digits of ``Photo.sha256``, which also photos without a file of their own have. PNG
maps have 8 or 16 bits and one channel; ``.npy`` maps hold numbers. Near is large. Each map is
stretched to 0 ... 255 by its own smallest and largest value. Two photos of one name in different
folders would share a map: that is refused, their maps are called by the pixels.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from seagull.baselines.depth.prior import to_bytes
from seagull.baselines.errors import BaselineError
from seagull.photos import Photo

ENDINGS = (".png", ".npy")
MAX_BYTES = 2**30
"""A larger file is no map of a photo."""


class GivenMaps:
    """Maps that somebody made, from a folder.

    Args:
        folder: that holds them.

    Raises:
        BaselineError: if there is no such folder.
    """

    name = "maps"

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.taken: dict[Path, str] = {}
        if not self.folder.is_dir():
            raise BaselineError(f"depth.maps: {folder} is no folder; it holds one map a photo")

    def find(self, photo: Photo) -> Path | None:
        """The file of a photo's map, if there is one.

        Raises:
            BaselineError: if it is already another photo's.
        """
        named = None if photo.path is None else self.take(photo.path)
        return named or self._file(map_name(photo))

    def take(self, path: str) -> Path | None:
        """The map that is called like a photo's file, which from now on is this photo's alone.

        Raises:
            BaselineError: if it is already another photo's.
        """
        if (file := self._file(Path(path).stem)) is None:
            return None
        photo = os.path.realpath(path)
        if (other := self.taken.setdefault(file, photo)) != photo:
            raise BaselineError(
                f"{file}: is it the depth of {other} or of {photo}? Call the maps of photos of one "
                "name by the first 16 hex digits of their pixels' digest (Photo.sha256)"
            )
        return file

    def _file(self, name: str) -> Path | None:
        files = (self.folder / f"{name}{ending}" for ending in ENDINGS)
        return next((file for file in files if file.is_file()), None)

    def __call__(self, photo: Photo) -> NDArray[np.uint8]:
        """The map of a photo.

        Raises:
            BaselineError: if there is none, or it cannot be used.
        """
        file = self.find(photo)
        if file is None:
            raise BaselineError(
                f"{photo.path or 'photo'}: no depth map in {self.folder}; call it like the photo, "
                f"or {map_name(photo)}.png"
            )
        return read_map(file, photo.size)


def map_name(photo: Photo) -> str:
    """The name of a photo's map by its pixels, without ending."""
    return photo.sha256[:16]


def read_map(file: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A map of a photo of ``size`` (height, width), stretched to 0 ... 255.

    Raises:
        BaselineError: if it cannot be read, or is of another size.
    """
    if file.stat().st_size > MAX_BYTES:
        raise BaselineError(f"{file}: larger than 1 GiB, which no depth map is")
    try:
        if file.suffix == ".npy":
            found = np.load(file, allow_pickle=False)
        else:
            found = cv2.imdecode(np.fromfile(file, np.uint8), cv2.IMREAD_UNCHANGED)
    except (ValueError, OSError, EOFError, cv2.error) as error:
        raise BaselineError(f"{file}: it cannot be read as a depth map: {error}") from error
    if found is None or found.shape != size or found.dtype.kind not in "uif":
        got = "no picture" if found is None else f"{found.dtype} of shape {found.shape}"
        raise BaselineError(
            f"{file}: a depth map has one number a pixel, {size[1]} x {size[0]} px, got {got}"
        )
    values = np.asarray(found, dtype=np.float64)
    if not np.isfinite(values).all():
        raise BaselineError(f"{file}: depth is a finite number everywhere")
    return to_bytes(values)


def write_map(file: Path, depth: NDArray[np.uint8]) -> None:
    """Writes a map as PNG, whole or not at all."""
    done, data = cv2.imencode(".png", depth)
    if not done:
        raise BaselineError(f"{file}: the depth map cannot be written")
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_name(f".{file.name}.partial")
    scratch.write_bytes(np.asarray(data).tobytes())
    scratch.replace(file)
