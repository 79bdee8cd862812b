"""Boxes of objects from any transformers object detector the user configures."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from seagull.photos import Photo

UnitBox = tuple[float, float, float, float]
"""``(x1, y1, x2, y2)`` as shares of the photo's width and height."""


def detect_boxes(model: str, threshold: float, photo: Photo) -> list[UnitBox]:
    """Boxes of objects, surest first, as shares of the photo's sides.

    Args:
        model: folder or hub name of a model for object detection.
        threshold: least confidence.
        photo: what to look at.

    Raises:
        ValueError: if the model cannot be loaded.
    """
    import torch

    processor, network = _load(model)
    inputs = processor(images=photo.pixels, return_tensors="pt")
    with torch.inference_mode():
        outputs = network(**inputs)
    found = processor.post_process_object_detection(
        outputs, threshold=threshold, target_sizes=[(1, 1)]
    )[0]
    order = torch.argsort(found["scores"], descending=True, stable=True)
    boxes = found["boxes"][order].clamp(0, 1).tolist()
    return [(box[0], box[1], box[2], box[3]) for box in boxes]


@lru_cache(maxsize=1)
def _load(model: str) -> tuple[Any, Any]:
    from transformers import AutoImageProcessor, AutoModelForObjectDetection

    try:
        processor: Any = AutoImageProcessor.from_pretrained(model)
        network = AutoModelForObjectDetection.from_pretrained(model, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"masks.detector: {model!r} is no object detector that can be loaded: {error}"
        ) from error
    return processor, network.eval()
