"""Builds a model's parts from a configuration and derives every size; no module reads a config.

A whole model is made of the parts by ``SeagullForConditionalGeneration``; see ``fresh`` for one
with fresh weights, and ``presets`` for the shipped configurations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn
from transformers import PreTrainedTokenizerBase

from seagull.model.config import SeagullConfig, SeagullMFEConfig
from seagull.model.errors import ModelError
from seagull.model.keys import ChannelKeys, PositionKeys
from seagull.model.layers import RegionBlock, mlp
from seagull.model.mfe import MaskFeatureExtractor, PixelCrop, PyramidCrop, Standardise
from seagull.model.pooling import GEOMETRY, MaskPooling
from seagull.model.presets import preset
from seagull.model.projector import ImageProjector
from seagull.model.vision import VisionEncoder
from seagull.preprocessing.processor import SeagullProcessor, with_placeholders


class Parts(NamedTuple):
    """What a model has beside its language model."""

    vision_encoder: VisionEncoder
    projector: ImageProjector
    mfe: MaskFeatureExtractor


def preset_config(name: str) -> SeagullConfig:
    """The model configuration of a preset."""
    return SeagullConfig(**preset(name)["model"])


def build_processor(name: str, tokenizer: PreTrainedTokenizerBase) -> SeagullProcessor:
    """The processor of a preset, on a tokenizer that is given the placeholders it lacks."""
    return SeagullProcessor(with_placeholders(tokenizer), **preset(name)["processor"])


def build_parts(config: SeagullConfig) -> Parts:
    """Vision encoder, projector and MFE of a model: every size is worked out here.

    Raises:
        ValueError: if the configuration asks for what cannot be built.
    """
    vision = config.vision
    encoder = VisionEncoder(vision.architecture, vision.levels, vision.drop_path)
    width = config.text.hidden_size
    projector = ImageProjector(encoder.channels[config.image_level], width, config.image_grid)
    mfe = build_mfe(
        config.mfe,
        channels=encoder.channels,
        cells=encoder.cells(config.image_size) if config.image_size else None,
        crop_size=config.crop_size,
        width=width,
    )
    return Parts(encoder, projector, mfe)


def build_mfe(
    config: SeagullMFEConfig,
    *,
    channels: Sequence[int],
    cells: Sequence[int] | None,
    crop_size: int,
    width: int,
) -> MaskFeatureExtractor:
    """A mask-based feature extractor.

    Args:
        config: its settings.
        channels: of each pyramid level, as the encoder reports them.
        cells: of each level at the model's input size; needed for channel keys only.
        crop_size: side of a crop in pixels.
        width: width D of the language model.

    Raises:
        ValueError: if settings do not fit one another.
    """
    inner, statistics = config.embed_dim, len(config.statistics)
    pooled = [count * statistics for count in channels]
    return MaskFeatureExtractor(
        pooling=MaskPooling(config.statistics, config.coverage),
        basic=[nn.Linear(count, inner) for count in pooled],
        norms=[Standardise(count) for count in pooled] if config.standardise else None,
        geometry=nn.Linear(GEOMETRY, inner) if config.geometry else None,
        keys=build_keys(config, channels, cells),
        block=RegionBlock(inner, config.cross_dim, config.num_heads, config.mlp_dim),
        width=width,
        local=build_local(config, pooled, crop_size, width),
    )


def build_keys(
    config: SeagullMFEConfig, channels: Sequence[int], cells: Sequence[int] | None
) -> list[ChannelKeys] | list[PositionKeys]:
    """What regions attend to, a module a level."""
    if config.keys == "positions":
        return [PositionKeys(count, config.embed_dim) for count in channels]
    if cells is None:
        raise ValueError("channel keys need a fixed input size: set image_size")
    return [ChannelKeys(count, config.embed_dim) for count in cells]


def build_local(
    config: SeagullMFEConfig, pooled: Sequence[int], crop_size: int, width: int
) -> PixelCrop | PyramidCrop:
    """The branch of local tokens; ``pooled`` is the number of statistics of each level."""
    inner = config.embed_dim
    if config.local == "pixels":
        return PixelCrop(crop_size, inner, width)
    count = sum(pooled)
    return PyramidCrop(
        MaskPooling(config.statistics, "area"),
        Standardise(count),
        mlp([count, inner, inner, width], nn.GELU),
    )


def image_token_count(config: SeagullConfig, strides: list[int]) -> int:
    """Number N of image tokens that a model makes of every photo.

    Args:
        config: the model's configuration.
        strides: of the vision encoder's levels, as it reports them.

    Raises:
        ModelError: if neither the grid nor the input size is fixed.
    """
    if config.image_grid:
        return config.image_grid**2
    if config.image_size:
        return (config.image_size // strides[config.image_level]) ** 2
    raise ModelError("set image_grid or image_size: the number of image tokens must be fixed")
