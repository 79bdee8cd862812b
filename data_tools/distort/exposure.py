"""Exposure: more or less light by a number of stops (EV), in linear light."""

from __future__ import annotations

import cv2
import numpy as np

from data_tools.keys import Key
from data_tools.reference.arrays import RgbImage
from data_tools.reference.isp import encode, expose, linear_of_code, linear_to_srgb
from data_tools.reference.reference import Reference


def gain(reference: Reference, ev: float, key: Key) -> RgbImage:
    """The photo exposed ``ev`` stops more (negative: less), clipped at white; ``key`` is unused."""
    del key
    if reference.sensor_linear is not None:
        return encode(expose(reference.linear, ev))
    codes = linear_to_srgb(linear_of_code().astype(np.float64) * 2.0**ev)
    table = np.rint(codes * 255).astype(np.uint8)
    return np.asarray(cv2.LUT(reference.srgb, table), dtype=np.uint8)
