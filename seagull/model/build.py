"""Shipped configurations and building models from them."""

from __future__ import annotations

import torch
from transformers import PreTrainedTokenizerBase

from seagull.model.config import SeagullConfig
from seagull.model.errors import ModelError
from seagull.model.presets import preset
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.preprocessing.processor import SeagullProcessor, with_placeholders


def preset_config(name: str) -> SeagullConfig:
    """The model configuration of a preset."""
    return SeagullConfig(**preset(name)["model"])


def build_processor(name: str, tokenizer: PreTrainedTokenizerBase) -> SeagullProcessor:
    """The processor of a preset, on a tokenizer that is given the placeholders it lacks."""
    return SeagullProcessor(with_placeholders(tokenizer), **preset(name)["processor"])


def build_model(
    config: SeagullConfig,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> SeagullForConditionalGeneration:
    """A model with fresh weights, in eval mode; on ``meta`` it has shapes only."""
    with torch.device(device):
        model = SeagullForConditionalGeneration(config)
    torch.nn.Module.to(model, dtype)
    return model.train(False)


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
