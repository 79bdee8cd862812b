"""Turns a photo into the vision encoder's pixels, in one of two ways.

``square``: the paper's. Shortest side to ``size`` (bicubic), normalised, then the whole squeezed to
``size`` x ``size`` (bilinear): the shape is lost, the input size fixed.
``native``: pixels stay as they are up to ``max_side``; sides are padded by reflection to a multiple
of the encoder's coarsest stride. Nothing is resampled, so noise and compression stay measurable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

_MOST_RESIZED = 16_000_000
"""Most pixels that the published preparation squeezes to a square: a strip of 60000 x 16 would have
a billion. Photos up to 60 times as long as wide are prepared as published (at 512 pixels)."""


@dataclass(frozen=True)
class ImageTransform:
    """How pixels are prepared.

    Args:
        size: side of the square; 0 selects ``native``.
        max_side: ``native`` only: a longer side is reduced to this many pixels.
        multiple: ``native`` only: sides are padded to multiples of this.
        mean, std: of the normalisation, for channels in [0, 1].
    """

    size: int
    max_side: int
    multiple: int
    mean: Sequence[float]
    std: Sequence[float]

    def frame(self, height: int, width: int) -> Frame:
        """Where a photo of this size comes to lie in the encoder's input."""
        if self.size:
            return Frame((self.size, self.size), (self.size, self.size))
        scale = min(1.0, self.max_side / max(height, width))
        content = max(1, round(height * scale)), max(1, round(width * scale))
        padded = [-(-side // self.multiple) * self.multiple for side in content]
        return Frame(content, (padded[0], padded[1]))

    def pixels(self, photo: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "3 H W"]:
        """The encoder's input for a photo or a crop of one."""
        if self.size:
            return self._square(photo)
        frame = self.frame(*photo.shape[:2])
        if frame.content != photo.shape[:2]:
            height, width = frame.content
            photo = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
        return self.normalise(pad(photo, frame.padded))

    def normalise(self, photo: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "3 h w"]:
        """Channels first, scaled to [0, 1], mean taken off, divided by the deviation."""
        tensor = torch.tensor(photo).permute(2, 0, 1).float() / 255
        mean, std = torch.tensor(self.mean)[:, None, None], torch.tensor(self.std)[:, None, None]
        return ((tensor - mean) / std).contiguous()

    def _square(self, photo: UInt8[np.ndarray, "h w 3"]) -> Float[Tensor, "3 s s"]:
        height, width = photo.shape[:2]
        short, long = min(height, width), max(height, width)
        longer = min(int(self.size * long / short), _MOST_RESIZED // self.size)
        size = (self.size, longer) if width <= height else (longer, self.size)
        resized = Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC)
        tensor = self.normalise(np.asarray(resized))
        return functional.interpolate(tensor[None], (self.size, self.size), mode="bilinear")[0]


@dataclass(frozen=True)
class Frame:
    """Sizes (height, width) of a photo's content in the encoder's input, and of the whole input.

    The content lies at the top left; what is beyond it is padding.
    """

    content: tuple[int, int]
    padded: tuple[int, int]


def pad(pixels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Pixels extended to the right and below by reflection, to (height, width) ``size``."""
    bottom, right = size[0] - pixels.shape[0], size[1] - pixels.shape[1]
    if not bottom and not right:
        return pixels
    padded = cv2.copyMakeBorder(pixels, 0, bottom, 0, right, cv2.BORDER_REFLECT)
    return padded.astype(np.uint8, copy=False)
