"""Distortions of one region: the rest of the photo stays as it is."""

from __future__ import annotations

import cv2
import numpy as np

from data_tools.distort.registry import apply
from data_tools.distort.setting import DistortionSetting
from data_tools.keys import Key
from data_tools.reference.arrays import FloatMap, RgbImage, check_same_size
from data_tools.reference.reference import Reference
from seagull.types import BoolMask

MAX_FEATHER = 256.0
"""Widest soft edge in pixels."""


def distort_region(
    reference: Reference,
    mask: BoolMask,
    setting: DistortionSetting,
    key: Key,
    feather: float = 0.0,
) -> RgbImage:
    """The photo with one region distorted, uint8 (H, W, 3).

    Args:
        reference: the pristine photo.
        mask: bool (H, W), true inside the region.
        setting: the distortion.
        key: as of ``distortion_key``.
        feather: width in pixels of the soft edge about the region's border; 0 for a hard edge.

    Raises:
        ValueError: if the mask is not boolean of the photo's size, or the feather is not in
            0..256.
    """
    return paste_region(reference.srgb, apply(setting, reference, key), mask, feather)


def paste_region(
    background: RgbImage, foreground: RgbImage, mask: BoolMask, feather: float = 0.0
) -> RgbImage:
    """The background with the foreground's pixels inside the mask; edges as in distort_region."""
    check_same_size(background, foreground)
    check_same_size(background, mask)
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise ValueError(f"a mask is a boolean (H, W) array, got {mask.dtype} {mask.shape}")
    if not 0 <= feather <= MAX_FEATHER:
        raise ValueError(f"the feather lies in 0..{MAX_FEATHER:.0f} px, got {feather}")
    if feather == 0:
        return np.where(mask[..., None], foreground, background)
    share = soft_share(mask, feather)[..., None]
    mixed = background + share * (foreground.astype(np.float32) - background)
    return np.rint(mixed).astype(np.uint8)


def soft_share(mask: BoolMask, feather: float) -> FloatMap:
    """The foreground's share in each pixel, float32 (H, W) in [0, 1].

    1 deep inside, 0 far outside, a straight slope of ``feather`` px (> 0) across the border.
    """
    # The border runs half a pixel outside the outermost pixel's middle.
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    signed = np.where(mask, inside - 0.5, 0.5 - outside)
    return np.clip(signed / feather + 0.5, 0, 1).astype(np.float32)
