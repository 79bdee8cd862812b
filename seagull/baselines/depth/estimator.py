"""Depth by an estimator of transformers (Depth Anything, DPT, ZoeDepth, DepthPro ...)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from seagull.baselines.config import DepthSettings
from seagull.baselines.depth.maps import map_name, read_map, write_map
from seagull.baselines.depth.prior import to_bytes
from seagull.baselines.errors import BaselineError
from seagull.photos import Photo


class Estimator:
    """An estimator, and a folder in which its maps are kept, so that none is computed twice.

    Args:
        model: of ``AutoModelForDepthEstimation``.
        processor: its image processor, which makes its input and brings its output to the photo's
            size.
        name: what reports call it.
        inverse: whether large numbers are near.
        cache: folder of the maps; None keeps none.
    """

    def __init__(
        self, model: Any, processor: Any, name: str, *, inverse: bool, cache: Path | None
    ) -> None:
        self.model, self.processor, self.name = model, processor, name
        self.inverse, self.cache = inverse, cache
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True)

    def __call__(self, photo: Photo) -> NDArray[np.uint8]:
        """The map of a photo, stretched to 0 ... 255."""
        if self.cache is None:
            return self._estimate(photo)
        file = self.cache / f"{map_name(photo)}.png"
        if file.is_file():
            return read_map(file, photo.size)
        depth = self._estimate(photo)
        write_map(file, depth)
        return depth

    @torch.inference_mode()
    def _estimate(self, photo: Photo) -> NDArray[np.uint8]:
        inputs = self.processor(images=Image.fromarray(photo.pixels), return_tensors="pt")
        outputs = self.model(**inputs.to(self.model.device))
        (found,) = self.processor.post_process_depth_estimation(outputs, target_sizes=[photo.size])
        depth = found["predicted_depth"].float().cpu().numpy()
        if depth.shape != photo.size or not np.isfinite(depth).all():
            raise BaselineError(f"depth.model: {self.name} gives no usable map of {photo.path}")
        return to_bytes(depth if self.inverse else -depth)


def load_estimator(settings: DepthSettings, device: str) -> Estimator:
    """The estimator of a folder or hub name.

    Raises:
        BaselineError: if it cannot be had.
    """
    from transformers import AutoImageProcessor, AutoModelForDepthEstimation

    try:
        model = AutoModelForDepthEstimation.from_pretrained(settings.model)
        processor = AutoImageProcessor.from_pretrained(settings.model)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise BaselineError(
            f"depth.model: {settings.model} is no depth estimator that can be had: "
            f"{str(error).strip().splitlines()[0][:200]}"
        ) from error
    name = Path(settings.model).name if Path(settings.model).exists() else settings.model
    mark = hashlib.sha256(f"{settings.model}:{settings.near}".encode()).hexdigest()[:8]
    cache = Path(settings.cache) / f"{Path(name).name}-{mark}" if settings.cache else None
    return Estimator(
        model.eval().to(device), processor, name, inverse=settings.near == "bright", cache=cache
    )
