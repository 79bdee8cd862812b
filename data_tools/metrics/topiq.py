"""TOPIQ-FR, the labeller of the paper, through pyiqa where the user has it and its weights.

pyiqa is for non-commercial use (PolyForm Noncommercial), so it is never installed by Seagull.
Chen et al., "TOPIQ: A top-down approach from semantics to distortions for image quality
assessment", IEEE TIP 2024.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.metrics.labeller import CostEstimate, ReferenceCache, Scores, grown_box
from data_tools.reference.arrays import RgbImage, check_rgb, check_same_size
from seagull.regions.masks import box_of
from seagull.types import BoolMask, Box

MIN_SIDE = 64
"""Crops are grown to this side: the network's last features have a stride of 32 pixels."""
_STRIDE = 32
# Published for one image of 1080x800: 0.211 s on a V100, 1.743 s on a CPU (IQA-PyTorch).
_SECONDS_PER_MEGAPIXEL = {"cuda": 0.211 / 0.864, "cpu": 1.743 / 0.864}

BatchMetric = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.floating[Any]]]
"""(distorted, reference), both uint8 (N, H, W, 3), to N scores."""


class TopiqFr:
    """TOPIQ-FR per region, in batches of crops of one size and of whole composites.

    Args:
        device: where pyiqa runs, e.g. ``cpu`` or ``cuda``.
        batch: most images scored at once.
        metric: the network; pyiqa's with its own weights if left out.

    Raises:
        ValueError: if pyiqa or its weights cannot be loaded.
    """

    id = "topiq-fr"
    range = (0.0, 1.0)
    higher_better = True

    def __init__(
        self, device: str = "cpu", batch: int = 16, metric: BatchMetric | None = None
    ) -> None:
        if batch < 1:
            raise ValueError(f"a batch holds at least one image, got {batch}")
        self.device = device
        self.batch = batch
        self.version = "1" if metric is not None else f"1-pyiqa-{_pyiqa_version()}"
        self._metric = metric if metric is not None else _load(device)

    def prepare(self, reference: RgbImage) -> ReferenceCache:
        """The cache of one photo."""
        return ReferenceCache(reference)

    def score_image(self, reference: ReferenceCache, distorted: RgbImage) -> float:
        """The score of the whole image."""
        _check(reference, distorted)
        return float(self._scores([(reference.srgb, distorted)])[0])

    def score_crops(
        self, reference: ReferenceCache, distorted: RgbImage, boxes: Sequence[Box]
    ) -> Scores:
        """The score of each box cut out of both images, shape (R,).

        Boxes are grown to ``MIN_SIDE`` and to multiples of 32 pixels where the photo allows it, so
        that few sizes occur and batches fill.
        """
        _check(reference, distorted)
        return self._scores_of_boxes(reference.srgb, distorted, boxes, [None] * len(boxes))

    def score_regions(
        self, reference: ReferenceCache, distorted: RgbImage, masks: Sequence[BoolMask]
    ) -> Scores:
        """The score of each mask's box, all beyond the mask black in both images, shape (R,)."""
        _check(reference, distorted)
        for mask in masks:
            check_same_size(reference.srgb, mask)
        boxes = [box_of(mask) for mask in masks]
        return self._scores_of_boxes(reference.srgb, distorted, boxes, masks)

    def score_composites(
        self, reference: ReferenceCache, distorted: RgbImage, masks: Sequence[BoolMask]
    ) -> Scores:
        """The score of the reference with one mask's pixels replaced, for each mask, (R,)."""
        _check(reference, distorted)
        out: list[Scores] = [np.zeros(0, dtype=np.float32)]
        for some in _chunks(masks, self.batch):
            composites = [
                np.where(mask[..., None], distorted, reference.srgb).astype(np.uint8)
                for mask in some
            ]
            out.append(self._scores([(reference.srgb, item) for item in composites]))
        return np.concatenate(out)

    def cost(self, images: int, regions: int, size: tuple[int, int]) -> CostEstimate:
        """The cost of all composites, next to which the crops hardly count."""
        kind = "cuda" if self.device.startswith("cuda") else "cpu"
        scores = images * regions
        seconds = scores * size[0] * size[1] / 1e6 * _SECONDS_PER_MEGAPIXEL[kind]
        device = "V100" if kind == "cuda" else "CPU"
        return CostEstimate(2 * scores, seconds, device, "published speed at 1080x800")

    def _scores_of_boxes(
        self,
        reference: RgbImage,
        distorted: RgbImage,
        boxes: Sequence[Box],
        masks: Sequence[BoolMask | None],
    ) -> Scores:
        size = (distorted.shape[0], distorted.shape[1])
        groups: dict[tuple[int, int], list[tuple[int, Box]]] = defaultdict(list)
        for index, box in enumerate(boxes):
            x1, y1, x2, y2 = grown = _stepped(box, size)
            groups[(y2 - y1, x2 - x1)].append((index, grown))
        out = np.zeros(len(boxes), dtype=np.float32)
        for members in groups.values():
            pairs = [
                (_cut(reference, box, masks[index]), _cut(distorted, box, masks[index]))
                for index, box in members
            ]
            out[[index for index, _ in members]] = self._scores(pairs)
        return out

    def _scores(self, pairs: Sequence[tuple[RgbImage, RgbImage]]) -> Scores:
        parts = [
            np.asarray(
                self._metric(
                    np.stack([distorted for _, distorted in some]),
                    np.stack([reference for reference, _ in some]),
                ),
                dtype=np.float32,
            ).reshape(len(some))
            for some in _chunks(pairs, self.batch)
        ]
        return np.concatenate(parts)


def _check(reference: ReferenceCache, distorted: RgbImage) -> None:
    check_same_size(reference.srgb, check_rgb(distorted, "distorted image"))


def _cut(image: RgbImage, box: Box, mask: BoolMask | None) -> RgbImage:
    """The box of an image, black where a mask is given and does not cover it."""
    x1, y1, x2, y2 = box
    part = image[y1:y2, x1:x2]
    if mask is None:
        return part
    return np.where(mask[y1:y2, x1:x2, None], part, 0).astype(np.uint8)


def _stepped(box: Box, size: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = box
    width = grown_box(box, size, max(MIN_SIDE, -(x2 - x1) // _STRIDE * -_STRIDE))
    height = grown_box(box, size, max(MIN_SIDE, -(y2 - y1) // _STRIDE * -_STRIDE))
    return width[0], height[1], width[2], height[3]


def _chunks(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _pyiqa_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pyiqa")
    except PackageNotFoundError:
        return "missing"


def _load(device: str) -> BatchMetric:
    try:
        import pyiqa
        import torch
    except ImportError as error:
        raise ValueError(
            "the topiq-fr labeller needs pyiqa (non-commercial licence): pip install pyiqa, or use "
            "metric haarpsi"
        ) from error
    try:
        network = pyiqa.create_metric("topiq_fr", device=torch.device(device))
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"pyiqa could not load TOPIQ-FR and its weights ({error}); run it once with network "
            "access, or use metric haarpsi"
        ) from error

    def score(distorted: NDArray[np.uint8], reference: NDArray[np.uint8]) -> NDArray[np.float32]:
        with torch.inference_mode():
            values = network(_tensor(distorted), _tensor(reference))
        return np.asarray(values.float().cpu().numpy(), dtype=np.float32).reshape(-1)

    def _tensor(images: NDArray[np.uint8]) -> Any:
        planes = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
        return planes.to(device).float() / 255

    return score
