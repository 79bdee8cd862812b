"""Which ladder a photo gets, and how a setting becomes pixels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from data_tools.distort import blur, colorfulness, compression, contrast, exposure, noise
from data_tools.distort.config import DEFAULT_CONFIG, DistortConfig
from data_tools.distort.setting import DistortionSetting
from data_tools.keys import Key
from data_tools.reference.arrays import RgbImage
from data_tools.reference.reference import Reference
from seagull.types import DistortionType

Operation = Callable[[Reference, float, Key], RgbImage]
"""(reference, parameter, key) to uint8 (H, W, 3); never changes the reference."""

OPERATIONS: Mapping[tuple[DistortionType, str], Operation] = {
    (DistortionType.BLUR, "gaussian"): blur.gaussian,
    (DistortionType.BLUR, "disc"): blur.disc,
    (DistortionType.BLUR, "motion"): blur.motion,
    (DistortionType.COLORFULNESS, "saturation"): colorfulness.saturation,
    (DistortionType.COMPRESSION, "jpeg"): compression.jpeg,
    (DistortionType.COMPRESSION, "webp"): compression.webp,
    (DistortionType.COMPRESSION, "jpeg2000"): compression.jpeg2000,
    (DistortionType.CONTRAST, "slope"): contrast.slope,
    (DistortionType.EXPOSURE, "gain"): exposure.gain,
    (DistortionType.NOISE, "sensor"): noise.sensor,
    (DistortionType.NOISE, "read"): noise.read,
    (DistortionType.NOISE, "shot"): noise.shot,
}

_ORDER = (
    DistortionType.BLUR,
    DistortionType.EXPOSURE,
    DistortionType.NOISE,
    DistortionType.CONTRAST,
    DistortionType.COLORFULNESS,
    DistortionType.COMPRESSION,
)
"""The way of the light: lens, shutter, sensor, development, file."""


def distortion_key(type: DistortionType, image_id: str, seed: int) -> Key:
    """The key behind everything random about one type on one photo; the level has no part in it."""
    return Key(seed, "distort", image_id, type.value)


def ladder(
    type: DistortionType, image_id: str, seed: int, config: DistortConfig = DEFAULT_CONFIG
) -> list[DistortionSetting]:
    """The 20 settings of one type for one photo, weakest first, all of one kind and direction.

    Which kind and direction follows from the seed and the photo's id by the config's weights.
    """
    key = distortion_key(type, image_id, seed).with_variant("ladder")
    return config.ladder(type, key.choose(config.weights[type])).settings()


def apply(setting: DistortionSetting, reference: Reference, key: Key) -> RgbImage:
    """The distorted photo, uint8 (H, W, 3).

    Args:
        setting: what to do.
        reference: the pristine photo; not changed.
        key: as of ``distortion_key``; the same for all levels of a ladder.

    Raises:
        ValueError: if no operation of that type and kind exists.
    """
    operation = OPERATIONS.get((setting.type, setting.kind))
    if operation is None:
        kinds = sorted(kind for type, kind in OPERATIONS if type is setting.type)
        raise ValueError(f"{setting.type.value}: no kind {setting.kind!r}; there are {kinds}")
    return operation(reference, setting.parameter, key)


def apply_all(settings: Sequence[DistortionSetting], reference: Reference, seed: int) -> RgbImage:
    """The photo under several distortions, applied in the order in which a camera would.

    Raises:
        ValueError: if a type occurs twice.
    """
    if len({setting.type for setting in settings}) != len(settings):
        raise ValueError("several distortions at once must be of different types")
    current = reference
    for setting in sorted(settings, key=lambda item: _ORDER.index(item.type)):
        key = distortion_key(setting.type, reference.image_id, seed)
        current = Reference(reference.image_id, apply(setting, current, key))
    return np.array(current.srgb) if current is reference else current.srgb
