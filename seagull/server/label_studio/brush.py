"""Brush masks in Label Studio's own run lengths, which are not COCO's, and back.

The code is of an RGBA picture, row by row, four equal bytes a pixel. It is a string of bits, eight
to a number: how many bytes there are (32 bits), the bits of a value less one (5), the bits of four
sizes of run length, each less one (4 x 4); then packets. A packet begins with one bit (1: a run, 0:
single values) and two that pick the size of run length; then comes the length less one, and one
value for a run, one each for single values. Zeros fill the last byte.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seagull.photos import MAX_PIXELS
from seagull.types import BoolMask

_VALUE_BITS = 8
_RUN_BITS = (3, 4, 8, 16)
_HEADER_BITS = 32 + 5 + 16
_CHANNELS = 4
_LONGEST = 2 ** _RUN_BITS[-1]
MAX_NUMBERS = 4_000_000
"""A longer code is of no mask that a person has painted."""


def encode_brush(mask: BoolMask) -> list[int]:
    """The code of a mask (H, W): 255 inside, 0 outside, as numbers from 0 to 255."""
    flat = mask.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate(([0], edges))
    lengths = np.diff(starts, append=flat.size).astype(np.int64) * _CHANNELS
    inside, lengths = _split_long(flat[starts], lengths)
    sizes = np.searchsorted([2**bits for bits in _RUN_BITS], lengths)
    bits = np.asarray(_RUN_BITS)[sizes]
    codes = (1 << 2) | sizes
    codes = (((codes << bits) | (lengths - 1)) << _VALUE_BITS) | np.where(inside, 255, 0)
    packets = _as_bits(codes, 3 + bits + _VALUE_BITS)
    return [int(number) for number in np.packbits(np.concatenate((_header(flat.size), packets)))]


def decode_brush(numbers: Sequence[int], size: tuple[int, int]) -> BoolMask:
    """The mask (H, W) of a code: true where the picture covers half of a pixel or more (alpha).

    Args:
        numbers: the code; from strangers, so that nothing is believed of it.
        size: height and width that its picture must have.

    Raises:
        ValueError: if it is no code of a picture of that size.
    """
    height, width = size
    if height * width > MAX_PIXELS:
        raise ValueError(f"brush: {width} x {height} is more than {MAX_PIXELS} pixels")
    bits = _Bits(_checked(numbers))
    count, value_bits = bits.number(32), bits.number(5) + 1
    run_bits = [bits.number(4) + 1 for _ in range(4)]
    if count != height * width * _CHANNELS or value_bits != _VALUE_BITS:
        raise ValueError(
            f"brush: the code is of {count} values of {value_bits} bits, but a picture of "
            f"{width} x {height} has {height * width * _CHANNELS} of {_VALUE_BITS}"
        )
    mask = np.zeros(height * width, dtype=np.bool_)
    place = 0
    while place < count:
        is_run = bits.number(1)
        end = place + 1 + bits.number(run_bits[bits.number(2)])
        if end > count:
            raise ValueError("brush: the code goes on behind the end of the picture")
        # Alpha is every fourth value; the pixel p has it at 4 p + 3.
        if is_run:
            mask[place // _CHANNELS : end // _CHANNELS] = bits.number(_VALUE_BITS) > 127
        else:
            values = bits.values(end - place)
            alpha = values[(3 - place) % _CHANNELS :: _CHANNELS]
            mask[place // _CHANNELS : end // _CHANNELS] = alpha > 127
        place = end
    return mask.reshape(height, width)


class _Bits:
    """Reads a code bit by bit.

    Raises:
        ValueError: at its end.
    """

    def __init__(self, code: NDArray[np.uint8]) -> None:
        self._bits = np.unpackbits(code)
        self._text = code.tobytes()
        self._at = 0

    def number(self, bits: int) -> int:
        """The next bits as a number, the highest first."""
        start, self._at = self._at, self._at + bits
        self._check()
        last = (self._at + 7) // 8
        window = int.from_bytes(self._text[start // 8 : last], "big")
        return (window >> (last * 8 - self._at)) & ((1 << bits) - 1)

    def values(self, count: int) -> NDArray[np.uint8]:
        """The next values, each of eight bits."""
        start, self._at = self._at, self._at + count * _VALUE_BITS
        self._check()
        return np.packbits(self._bits[start : self._at])

    def _check(self) -> None:
        if self._at > self._bits.size:
            raise ValueError("brush: the code ends in the middle of the picture")


def _checked(numbers: Sequence[int]) -> NDArray[np.uint8]:
    if isinstance(numbers, str | bytes) or not isinstance(numbers, Sequence):
        raise ValueError("brush: the code is a list of numbers from 0 to 255")
    if len(numbers) > MAX_NUMBERS:
        raise ValueError(f"brush: {len(numbers)} numbers are more than {MAX_NUMBERS}")
    whole = all(type(number) is int and 0 <= number <= 255 for number in numbers)
    if not whole:
        raise ValueError("brush: the code is a list of numbers from 0 to 255")
    return np.array(numbers, dtype=np.uint8)


def _split_long(
    inside: NDArray[np.bool_], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """The runs, longer ones than a packet holds as several."""
    parts = -(-lengths // _LONGEST)
    last = np.cumsum(parts) - 1
    split = np.full(int(parts.sum()), _LONGEST, dtype=np.int64)
    split[last] = lengths - (parts - 1) * _LONGEST
    return np.repeat(inside, parts), split


def _header(pixels: int) -> NDArray[np.uint8]:
    fields = [(pixels * _CHANNELS, 32), (_VALUE_BITS - 1, 5)]
    fields += [(bits - 1, 4) for bits in _RUN_BITS]
    code = 0
    for value, bits in fields:
        code = (code << bits) | value
    text = f"{code:0{_HEADER_BITS}b}"
    return np.array([int(bit) for bit in text], dtype=np.uint8)


def _as_bits(codes: NDArray[np.int64], bits: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Numbers of at most 32 bits, one behind the other, each with as many bits as it is told."""
    left = (codes.astype(np.uint64) << (32 - bits).astype(np.uint64)).astype(">u4")
    spread = np.unpackbits(left.view(np.uint8).reshape(-1, 4), axis=1)
    kept: NDArray[np.uint8] = spread[np.arange(32) < bits[:, None]]
    return kept
