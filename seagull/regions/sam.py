"""SAM by the ``segment-anything`` package: one encoding a photo, any number of prompts.

The architecture is read off the checkpoint's tensor shapes, so that ViT-B, L, H and any other
width load alike (Kirillov et al., Segment Anything, ICCV 2023).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from segment_anything import SamAutomaticMaskGenerator, SamPredictor
from segment_anything.modeling import (
    ImageEncoderViT,
    MaskDecoder,
    PromptEncoder,
    Sam,
    TwoWayTransformer,
)

from seagull.photos import Photo, Pixels
from seagull.regions.everything import Candidate
from seagull.regions.segmenter import GridSettings, Point, ScaledSegmenter, working_pixels
from seagull.types import Box

_VARIANTS = {768: "vit-b", 1024: "vit-l", 1280: "vit-h"}


class SamSegmenter:
    """A segmenter on a ``segment_anything`` network.

    Args:
        sam: the network, on its device.
        name: named in reports.
        grid: how ``everything`` searches.
    """

    notice: str | None = None

    def __init__(self, sam: Sam, name: str = "sam", grid: GridSettings | None = None) -> None:
        self._sam = sam.eval()
        self._name = name
        self._grid = grid or GridSettings()

    @classmethod
    def from_checkpoint(cls, path: Path, device: str = "cpu") -> SamSegmenter:
        """The segmenter of a ``.pth`` or ``.safetensors`` checkpoint.

        Raises:
            ValueError: if the file is not such a checkpoint, or holds anything but tensors.
        """
        state = _read_state(path)
        sam = build_sam(state, str(path))
        width = sam.image_encoder.pos_embed.shape[-1]
        return cls(sam.to(device), f"sam-{_VARIANTS.get(width, f'vit-{width}')}")

    @property
    def name(self) -> str:
        """Variant of the network."""
        return self._name

    def open(self, photo: Photo) -> ScaledSegmenter:
        """See ``Segmenter``; runs the image encoder once."""
        pixels = working_pixels(photo, self._sam.image_encoder.img_size)
        engine = _SamEngine(EncodedPhoto(self._sam, pixels), pixels, self._grid)
        return ScaledSegmenter(photo, engine, pixels.shape[:2])


class EncodedPhoto(SamPredictor):  # type: ignore[misc]
    """A predictor that belongs to one photo: encoded on creation, and never again.

    The automatic generator sets and resets the image on its predictor; here both do nothing, so
    that it shares the encoding with the prompts.
    """

    def __init__(self, sam: Sam, pixels: Pixels) -> None:
        self._pixels: Pixels | None = None
        super().__init__(sam)
        super().set_image(pixels)
        self._pixels = pixels

    def set_image(self, image: NDArray[np.uint8], image_format: str = "RGB") -> None:
        """Nothing, for the photo itself.

        Raises:
            ValueError: for another photo.
        """
        assert self._pixels is not None
        if image_format != "RGB" or not np.array_equal(image, self._pixels):
            raise ValueError("this predictor belongs to another photo; open the segmenter on it")

    def reset_image(self) -> None:
        """Nothing, once the photo is encoded."""
        if self._pixels is None:
            super().reset_image()


class _SamEngine:
    def __init__(self, predictor: EncodedPhoto, pixels: Pixels, grid: GridSettings) -> None:
        self._predictor = predictor
        self._pixels = pixels
        self._grid = grid

    def segment(self, points: Sequence[Point], box: Box | None) -> Candidate:
        # One click is ambiguous: of three masks the one is taken that the network rates highest.
        ambiguous = len(points) == 1 and box is None
        masks, scores, _logits = self._predictor.predict(
            point_coords=np.array([point[:2] for point in points]) if points else None,
            point_labels=np.array([point[2] for point in points]) if points else None,
            box=None if box is None else np.array(box),
            multimask_output=ambiguous,
        )
        best = int(np.argmax(scores))
        return Candidate(masks[best].astype(np.bool_), float(np.clip(scores[best], 0.0, 1.0)))

    def candidates(self) -> list[Candidate]:
        grid = self._grid
        generator = SamAutomaticMaskGenerator(
            self._predictor.model,
            points_per_side=grid.points_per_side,
            points_per_batch=grid.points_per_batch,
            pred_iou_thresh=grid.pred_iou,
            stability_score_thresh=grid.stability,
        )
        generator.predictor = self._predictor
        return [
            Candidate(
                np.asarray(found["segmentation"], dtype=np.bool_),
                float(np.clip(found["predicted_iou"], 0.0, 1.0)),
                float(found["stability_score"]),
            )
            for found in generator.generate(self._pixels)
        ]


def _read_state(path: Path) -> dict[str, torch.Tensor]:
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ValueError(f"{path}: there is no such checkpoint; check the path") from error
    except Exception as error:  # a file that is not a checkpoint fails in the readers' own ways
        raise ValueError(
            f"{path}: not a checkpoint of tensors alone; delete it and download it "
            "again (a pickle that holds more than tensors is never loaded)"
        ) from error
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise ValueError(f"{path}: a SAM checkpoint maps names to tensors; this file does not")
    return state


def build_sam(state: Mapping[str, torch.Tensor], source: str) -> Sam:
    """The network that a checkpoint was made for, with its weights.

    Args:
        state: tensors by name, as segment-anything saves them.
        source: named in errors.

    Raises:
        ValueError: if names or shapes are not those of a SAM.
    """
    try:
        sam = _empty_sam(state)
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{source}: not a SAM checkpoint ({error} is missing or odd)") from error
    try:
        sam.load_state_dict(dict(state), strict=True)
    except RuntimeError as error:
        faults = "; ".join(line.strip() for line in str(error).splitlines()[1:3])
        raise ValueError(f"{source}: not the tensors of a SAM: {faults:.300}") from error
    return sam


def _empty_sam(state: Mapping[str, torch.Tensor]) -> Sam:
    encoder = _encoder_shape(state)
    side = encoder["img_size"] // encoder["patch_size"]
    width = encoder["out_chans"]
    decoder = "mask_decoder.transformer.layers"
    return Sam(
        image_encoder=ImageEncoderViT(norm_layer=partial(torch.nn.LayerNorm, eps=1e-6), **encoder),
        prompt_encoder=PromptEncoder(
            embed_dim=width,
            image_embedding_size=(side, side),
            input_image_size=(encoder["img_size"], encoder["img_size"]),
            mask_in_chans=state["prompt_encoder.mask_downscaling.3.weight"].shape[0],
        ),
        mask_decoder=MaskDecoder(
            num_multimask_outputs=state["mask_decoder.mask_tokens.weight"].shape[0] - 1,
            transformer=TwoWayTransformer(
                depth=_count(state, rf"{decoder}\.(\d+)\."),
                embedding_dim=width,
                mlp_dim=state[f"{decoder}.0.mlp.lin1.weight"].shape[0],
                num_heads=8,
            ),
            transformer_dim=width,
            iou_head_depth=_count(state, r"mask_decoder\.iou_prediction_head\.layers\.(\d+)\."),
            iou_head_hidden_dim=state["mask_decoder.iou_prediction_head.layers.0.weight"].shape[0],
        ),
        # Means and deviations of ImageNet in 0..255; segment-anything does not store them.
        pixel_mean=[123.675, 116.28, 103.53],
        pixel_std=[58.395, 57.12, 57.375],
    )


def _encoder_shape(state: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    positions = state["image_encoder.pos_embed"]
    patch = int(state["image_encoder.patch_embed.proj.weight"].shape[-1])
    side, width = int(positions.shape[1]), int(positions.shape[-1])
    depth = _count(state, r"image_encoder\.blocks\.(\d+)\.")
    tables = [state[f"image_encoder.blocks.{i}.attn.rel_pos_h"] for i in range(depth)]
    # A table of relative positions has 2n-1 rows for a window of n tokens.
    windows = [(int(table.shape[0]) + 1) // 2 for table in tables]
    return {
        "img_size": side * patch,
        "patch_size": patch,
        "embed_dim": width,
        "depth": depth,
        "num_heads": width // int(tables[0].shape[1]),
        "mlp_ratio": state["image_encoder.blocks.0.mlp.lin1.weight"].shape[0] / width,
        "out_chans": int(state["image_encoder.neck.0.weight"].shape[0]),
        "qkv_bias": "image_encoder.blocks.0.attn.qkv.bias" in state,
        "use_rel_pos": True,
        "window_size": next((window for window in windows if window != side), 0),
        "global_attn_indexes": tuple(i for i, window in enumerate(windows) if window == side),
    }


def _count(state: Mapping[str, torch.Tensor], pattern: str) -> int:
    found = [int(match[1]) for name in state if (match := re.match(pattern, name))]
    if not found:
        raise KeyError(pattern)
    return max(found) + 1
