"""Reference: one pristine photo as the distortions and the metrics see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.reference.arrays import LinearImage, RgbImage, check_rgb
from data_tools.reference.isp import decode, encode

T = TypeVar("T")

DEFAULT_LONG_SIDE = 1024
"""Longest side of a reference in pixels, unless configured."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A pristine photo.

    Args:
        image_id: unique in the data set; part of every random key.
        srgb: pixels, uint8 (H, W, 3), sRGB.
        sensor_linear: linear light developed from RAW, float32 (H, W, 3), if there is any. It may
            exceed 1 where ``srgb`` is clipped. Without it, linear light is decoded from ``srgb``.
    """

    image_id: str
    srgb: RgbImage
    sensor_linear: LinearImage | None = field(default=None, repr=False)
    _kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "srgb", check_rgb(self.srgb, f"reference {self.image_id}"))
        linear = self.sensor_linear
        if linear is not None and (linear.shape != self.srgb.shape or linear.dtype != np.float32):
            raise ValueError(
                f"reference {self.image_id}: linear light is {linear.dtype} {linear.shape}, "
                f"expected float32 {self.srgb.shape}"
            )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.srgb.shape[0]), int(self.srgb.shape[1])

    @cached_property
    def linear(self) -> LinearImage:
        """Linear light, float32 (H, W, 3); decoded once and kept."""
        return decode(self.srgb) if self.sensor_linear is None else self.sensor_linear

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """What ``make`` returns, computed once per photo and name (all settings share it)."""
        if name not in self._kept:
            self._kept[name] = make()
        return cast(T, self._kept[name])

    @cached_property
    def mean_luma(self) -> float:
        """Mean of the sRGB-encoded luma (Rec. 601) in [0, 255]: the pivot of contrast."""
        red, green, blue, _ = cv2.mean(self.srgb)
        return 0.299 * red + 0.587 * green + 0.114 * blue


def from_rgb(
    image_id: str, image: NDArray[np.uint8], long_side: int = DEFAULT_LONG_SIDE
) -> Reference:
    """The reference of an 8-bit RGB photo, reduced to ``long_side`` by area if it is larger.

    Raises:
        ValueError: if the pixels are not uint8 (H, W, 3) or ``long_side`` is below 16.
    """
    return Reference(image_id, limit_long_side(check_rgb(image, image_id), long_side))


def from_linear(
    image_id: str, linear: LinearImage, long_side: int = DEFAULT_LONG_SIDE
) -> Reference:
    """The reference of developed linear light, float32 (H, W, 3), reduced in linear light."""
    reduced = limit_long_side(linear, long_side)
    return Reference(image_id, encode(reduced), reduced)


def limit_long_side(image: NDArray[Any], long_side: int) -> NDArray[Any]:
    """The image with its longest side at most ``long_side`` pixels; smaller ones stay as they are.

    Raises:
        ValueError: if ``long_side`` is below 16.
    """
    if long_side < 16:
        raise ValueError(f"the long side must be at least 16 pixels, got {long_side}")
    height, width = image.shape[:2]
    scale = long_side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
