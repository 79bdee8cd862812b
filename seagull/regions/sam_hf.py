"""SAM and SAM 2 by ``transformers``: a folder with ``config.json`` and safetensors weights.

The same behaviour as ``sam.py``: one encoding a photo, then prompts; the whole photo is searched
with a grid of points whose masks are filtered and de-duplicated as segment-anything does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torchvision.ops import masks_to_boxes, nms
from transformers import Sam2Config, Sam2Model, SamConfig, SamModel
from transformers.models.sam.image_processing_sam import SamImageProcessor
from transformers.models.sam2.image_processing_sam2 import Sam2ImageProcessor

from seagull.files.text import read_text
from seagull.photos import Photo, Pixels
from seagull.regions.everything import Candidate
from seagull.regions.segmenter import GridSettings, Point, ScaledSegmenter, working_pixels
from seagull.types import Box

_CLASSES: dict[str, tuple[Any, Any]] = {
    "sam": (SamConfig, SamModel),
    "sam2": (Sam2Config, Sam2Model),
    # What follows objects through a video is left aside; SAM 2 and 2.1 are published like this.
    "sam2_video": (Sam2Config, Sam2Model),
}
_STABILITY_OFFSET = 1.0
_BOX_NMS = 0.7


class HfSamSegmenter:
    """A segmenter on a ``SamModel`` or ``Sam2Model``.

    Args:
        model: the network, on its device.
        name: named in reports.
        grid: how ``everything`` searches.
    """

    notice: str | None = None

    def __init__(
        self, model: SamModel | Sam2Model, name: str, grid: GridSettings | None = None
    ) -> None:
        self._model = model.train(mode=False)
        self._name = name
        self._grid = grid or GridSettings()

    @classmethod
    def from_folder(cls, folder: Path, device: str = "cpu") -> HfSamSegmenter:
        """The segmenter of a checkpoint folder; nothing is fetched, pickles are not read.

        Raises:
            ValueError: if the folder holds no SAM or SAM 2 with all of its weights.
        """
        kind, config = _read_config(folder)
        try:
            model, report = _CLASSES[kind][1].from_pretrained(
                folder,
                config=config,
                local_files_only=True,
                use_safetensors=True,
                output_loading_info=True,
            )
        except (OSError, ValueError, RuntimeError) as error:
            first = str(error).strip().splitlines()[0]
            raise ValueError(f"{folder}: the weights cannot be loaded: {first:.200}") from error
        if missing := sorted(report["missing_keys"]):
            raise ValueError(f"{folder}: {len(missing)} weights are missing, {missing[0]} first")
        return cls(model.to(device), _name(kind, folder.resolve().name))

    @property
    def name(self) -> str:
        """Name of its folder, after the kind of network where it does not begin so."""
        return self._name

    def open(self, photo: Photo) -> ScaledSegmenter:
        """See ``Segmenter``; runs the image encoder once."""
        side = _input_side(self._model)
        pixels = working_pixels(photo, side)
        engine = _HfEngine(_encode(self._model, pixels, side), self._grid)
        return ScaledSegmenter(photo, engine, pixels.shape[:2])


def _read_config(folder: Path) -> tuple[str, Any]:
    """The kind of network in a folder, and its configuration."""
    try:
        settings = dict(json.loads(read_text(folder / "config.json")))
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(
            f"{folder}: no readable config.json; give the folder of a transformers SAM or SAM 2"
        ) from error
    kind = settings.pop("model_type", None)
    if not isinstance(kind, str) or kind not in _CLASSES:
        raise ValueError(f"{folder}: holds a {kind!r} model; known are {', '.join(_CLASSES)}")
    try:
        return kind, _CLASSES[kind][0].from_dict(settings)
    except Exception as error:  # settings of no network fail in the library's own ways
        raise ValueError(f"{folder}: config.json describes no {kind}; download it again") from error


def _name(kind: str, folder: str) -> str:
    return folder if folder.startswith("sam") else f"{kind.removesuffix('_video')}-{folder}"


def _input_side(model: SamModel | Sam2Model) -> int:
    config: Any = model.config
    if isinstance(model, SamModel):
        return int(config.vision_config.image_size)
    return int(config.prompt_encoder_config.image_size)


@dataclass(frozen=True)
class _Encoded:
    """A photo in a network: its embeddings, and how its pixels lie in the network's input.

    ``frame`` is the (height, width) that the photo takes up in the square input: SAM keeps the
    proportions and pads, SAM 2 stretches.
    """

    model: SamModel | Sam2Model
    embeddings: Any
    side: int
    frame: tuple[int, int]
    size: tuple[int, int]

    def scaled(self, coordinates: Sequence[Sequence[float]]) -> torch.Tensor:
        """Alternating x, y of the photo as float32 in the input's coordinates, shape (N, 2k)."""
        height, width = self.size
        values = torch.tensor(coordinates, dtype=torch.float32, device=self.model.device)
        values[:, 0::2] *= self.frame[1] / width
        values[:, 1::2] *= self.frame[0] / height
        return values

    def enlarged(self, logits: torch.Tensor) -> torch.Tensor:
        """Mask logits (N, h, w) of the network at the photo's size, (N, H, W)."""
        square = F.interpolate(logits[:, None], (self.side, self.side), mode="bilinear")
        inside = square[:, :, : self.frame[0], : self.frame[1]]
        return F.interpolate(inside, self.size, mode="bilinear")[:, 0]


@torch.inference_mode()
def _encode(model: SamModel | Sam2Model, pixels: Pixels, side: int) -> _Encoded:
    square = {"height": side, "width": side}
    if isinstance(model, SamModel):
        processor = SamImageProcessor(size={"longest_edge": side}, pad_size=square)
        inputs = processor(pixels, return_tensors="pt")
        height, width = (int(n) for n in inputs["reshaped_input_sizes"][0])
    else:
        inputs = Sam2ImageProcessor(size=square)(pixels, return_tensors="pt")
        height, width = side, side
    values = inputs["pixel_values"].to(model.device, model.dtype)
    embeddings = model.get_image_embeddings(values)
    return _Encoded(model, embeddings, side, (height, width), (pixels.shape[0], pixels.shape[1]))


class _HfEngine:
    def __init__(self, encoded: _Encoded, grid: GridSettings) -> None:
        self._encoded = encoded
        self._grid = grid

    @torch.inference_mode()
    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        encoded, prompts = self._encoded, dict[str, torch.Tensor]()
        if points:
            prompts["input_points"] = encoded.scaled([point[:2] for point in points])[None, None]
            labels = [int(point[2]) for point in points]
            prompts["input_labels"] = torch.tensor(labels, device=encoded.model.device)[None, None]
        if box is not None:
            prompts["input_boxes"] = encoded.scaled([box])[None]
        # One click is ambiguous: of three masks the one is taken that the network rates highest.
        found = encoded.model(
            image_embeddings=encoded.embeddings,
            multimask_output=len(points) == 1 and box is None,
            **prompts,
        )
        scores = found.iou_scores[0, 0].float()
        best = int(scores.argmax())
        mask = encoded.enlarged(found.pred_masks[0, 0, best].float()[None])[0] > 0
        return Candidate(mask.cpu().numpy(), float(scores[best].clamp(0.0, 1.0)))

    @torch.inference_mode()
    def candidates(self) -> list[Candidate]:
        kept = [self._good_masks(points) for points in self._grid_batches()]
        logits, scores, stability = (torch.cat(parts) for parts in zip(*kept, strict=True))
        found = logits.flatten(1).gt(0).any(dim=1)
        logits, scores, stability = logits[found], scores[found], stability[found]
        best = nms(masks_to_boxes(logits > 0), scores, _BOX_NMS)
        return [
            Candidate(
                (self._encoded.enlarged(logits[i][None])[0] > 0).cpu().numpy(),
                float(scores[i].clamp(0.0, 1.0)),
                float(stability[i]),
            )
            for i in best.tolist()
        ]

    def _grid_batches(self) -> Iterator[torch.Tensor]:
        height, width = self._encoded.size
        steps = (np.arange(self._grid.points_per_side) + 0.5) / self._grid.points_per_side
        points = [(x * width, y * height) for y in steps for x in steps]
        for start in range(0, len(points), self._grid.points_per_batch):
            yield self._encoded.scaled(points[start : start + self._grid.points_per_batch])

    def _good_masks(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits (n, h, w), expected quality (n,) and stability (n,) of the masks worth keeping."""
        labels = torch.ones(1, len(points), 1, dtype=torch.long, device=points.device)
        found = self._encoded.model(
            image_embeddings=self._encoded.embeddings,
            input_points=points[None, :, None],
            input_labels=labels,
            multimask_output=True,
        )
        logits = found.pred_masks[0].flatten(0, 1).float()
        scores = found.iou_scores[0].flatten().float()
        inner = (logits > _STABILITY_OFFSET).flatten(1).sum(dim=1)
        outer = (logits > -_STABILITY_OFFSET).flatten(1).sum(dim=1)
        stability = inner / outer.clamp(min=1)
        keep = (scores > self._grid.pred_iou) & (stability >= self._grid.stability)
        return logits[keep], scores[keep], stability[keep]
