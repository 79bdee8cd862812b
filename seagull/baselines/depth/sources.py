"""The interface of depth: a photo in, a map of its size out, near is bright."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from seagull.baselines.config import DepthSettings
from seagull.baselines.depth.maps import GivenMaps
from seagull.baselines.depth.prior import depth_prior
from seagull.photos import Photo

DepthMap = NDArray[np.uint8]
"""(H, W) of the photo, from 0 (farthest in the photo) to 255 (nearest)."""
MIDDLE = 128
"""The value of a constant map."""


class DepthSource(Protocol):
    """Gives the depth of whole photos; crops are cut from the map as from the photo."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def __call__(self, photo: Photo) -> DepthMap:
        """The map of a photo.

        Raises:
            ValueError: if there is none, or it has another size.
        """
        ...


class Prior:
    """The prior without weights, see ``depth_prior``."""

    name = "prior"

    def __call__(self, photo: Photo) -> DepthMap:
        """The map of a photo."""
        return depth_prior(photo.pixels)


class Constant:
    """The same depth everywhere: what a network reads that has only colour to go by."""

    name = "constant"

    def __call__(self, photo: Photo) -> DepthMap:
        """The map of a photo."""
        return np.full(photo.size, MIDDLE, dtype=np.uint8)


def depth_source(settings: DepthSettings, device: str) -> DepthSource:
    """The source that settings name.

    Args:
        settings: of depth.
        device: that an estimator computes on.

    Raises:
        BaselineError: if it cannot be had.
    """
    if settings.source == "maps":
        return GivenMaps(settings.maps)
    if settings.source == "model":
        # transformers is needed for this one alone.
        from seagull.baselines.depth.estimator import load_estimator

        return load_estimator(settings, device)
    return Constant() if settings.source == "constant" else Prior()
