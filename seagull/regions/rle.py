"""COCO run lengths: a mask as text in files, and back.

Runs go down the columns (Fortran order), first outside, then inside, alternating. The compressed
form writes each run as base-32 digits with a continuation bit, and from the fourth run on as the
difference to the run two before it (cocoapi, ``maskApi.c: rleToString``). Everything that costs
memory is checked before it is spent: these strings come from strangers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from seagull.photos.files import MAX_PIXELS
from seagull.regions.geometry import checked_geometry
from seagull.types import BoolMask

_MAX_DIGITS = 7
"""Base-32 digits of one number; six hold any run below 2^29 with its sign."""


@dataclass(frozen=True)
class Rle:
    """A mask as run lengths.

    Args:
        size: height and width in pixels.
        counts: a compressed string, or the runs themselves.

    Raises:
        ValueError: if size or counts have another form (their sum is checked by ``decode``).
    """

    size: tuple[int, int]
    counts: str | tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.size) != 2 or not all(_is_count(side) and side > 0 for side in self.size):
            raise ValueError(f"rle: the size is [height, width] in pixels, got {list(self.size)}")
        if not isinstance(self.counts, str) and not all(map(_is_count, self.counts)):
            raise ValueError("rle: counts are whole numbers, none of them negative")

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Rle:
        """The RLE of a COCO object ``{"size": [h, w], "counts": ...}``; other fields are ignored.

        Raises:
            ValueError: if it is not such an object.
        """
        if not isinstance(plain, Mapping) or not {"size", "counts"} <= set(plain):
            raise ValueError('rle: an object {"size": [height, width], "counts": ...} is expected')
        size, counts = plain["size"], plain["counts"]
        if not isinstance(size, Sequence) or isinstance(size, str | bytes):
            raise ValueError(f"rle: the size is [height, width] in pixels, got {size!r:.60}")
        if isinstance(counts, bytes):
            counts = counts.decode("ascii", errors="replace")
        if not isinstance(counts, str | list | tuple):
            raise ValueError(f"rle: counts are a string or a list, got {type(counts).__name__}")
        return cls(tuple(size), counts if isinstance(counts, str) else tuple(counts))

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        counts = self.counts if isinstance(self.counts, str) else list(self.counts)
        return {"size": list(self.size), "counts": counts}


def encode(mask: BoolMask) -> Rle:
    """The compressed run lengths of a mask."""
    packed = coco.encode(np.asfortranarray(mask, dtype=np.uint8))
    return Rle((int(mask.shape[0]), int(mask.shape[1])), packed["counts"].decode("ascii"))


def encode_runs(mask: BoolMask) -> Rle:
    """The uncompressed run lengths of a mask."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    runs = np.diff(edges, prepend=0, append=flat.size).tolist()
    return Rle(
        (int(mask.shape[0]), int(mask.shape[1])), tuple([0, *runs] if flat[:1].any() else runs)
    )


def decode(rle: Rle, size: tuple[int, int] | None = None) -> BoolMask:
    """The mask of run lengths, boolean (H, W).

    Args:
        rle: compressed or not.
        size: the photo's height and width, if the mask must fit one.

    Raises:
        ValueError: if the size differs from ``size`` or exceeds ``MAX_PIXELS``, or the runs do
            not add up to it.
    """
    height, width = rle.size
    runs = checked_runs(rle, size)
    inside = np.arange(runs.size) % 2 == 1
    return np.ascontiguousarray(np.repeat(inside, runs).reshape(width, height).T)


def checked_runs(rle: Rle, size: tuple[int, int] | None = None) -> NDArray[np.int64]:
    """The runs, if they are those of a mask; the mask is not made.

    Raises:
        ValueError: as ``decode``.
    """
    height, width = rle.size
    if size is not None:
        checked_geometry(size, stated=rle.size, what="rle: the mask")
    pixels = height * width
    if pixels > MAX_PIXELS:
        raise ValueError(f"rle: {width} x {height} is more than {MAX_PIXELS} pixels")
    runs = _parse(rle.counts) if isinstance(rle.counts, str) else _checked(rle.counts, pixels)
    # Each run is compared first, so that the sum cannot overflow.
    if runs.size and (runs.min() < 0 or runs.max() > pixels):
        raise ValueError("rle: the counts hold a run that is negative or longer than the mask")
    if int(runs.sum()) != pixels:
        raise ValueError(
            f"rle: the counts add up to {int(runs.sum())}, but {height} x {width} is {pixels}"
        )
    return runs


def _checked(counts: tuple[int, ...], pixels: int) -> NDArray[np.int64]:
    if any(count > pixels for count in counts):
        raise ValueError("rle: the counts hold a run that is negative or longer than the mask")
    return np.array(counts, dtype=np.int64)


def _parse(text: str) -> NDArray[np.int64]:
    """The runs of a compressed string; differences undone, values not yet checked."""
    codes = np.frombuffer(text.encode("ascii", errors="replace"), dtype=np.uint8).astype(np.int64)
    codes -= 48
    if codes.size == 0 or codes.min() < 0 or codes.max() > 63:
        raise ValueError("rle: the counts are not a compressed COCO string")
    last = (codes & 0x20) == 0
    if not last[-1]:
        raise ValueError("rle: the counts end in the middle of a number")
    ends = np.flatnonzero(last)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _MAX_DIGITS:
        raise ValueError("rle: the counts hold a number that is too large")
    places = np.arange(codes.size) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 0x1F) << (5 * places), starts)
    values -= np.where(codes[ends] & 0x10, np.int64(1) << (5 * lengths), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values


def _is_count(value: Any) -> bool:
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return bool(whole and value >= 0)
