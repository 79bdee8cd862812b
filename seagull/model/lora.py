"""Module groups that can be trained, and LoRA on the language model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from transformers import PreTrainedModel

from seagull.files.config import ConfigError
from seagull.model.errors import ModelError
from seagull.model.seagull import SeagullForConditionalGeneration

# peft takes seconds to import and only training needs it; models load through this module, too.
if TYPE_CHECKING:
    from peft.tuners.lora import LoraLayer

ADAPTER_NAME = "default"
GROUPS = ("vision_encoder", "projector", "mfe", "language_model", "lora", "head")
"""Module groups that can be trained, each with a learning rate of its own."""


@dataclass(frozen=True)
class LoraSettings:
    """LoRA on every linear layer of the language model's blocks, never on its head.

    Args:
        rank: of the two factors (the paper: 128).
        alpha: the product is scaled by ``alpha / rank``.
        dropout: of the factors' input during training.
        targets: last names of the linear layers; empty for all of them.
    """

    rank: int = 128
    alpha: float = 256.0
    dropout: float = 0.05
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 65536:
            raise ConfigError(f"rank: from 1 to 65536, got {self.rank}")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout: from 0 to below 1, got {self.dropout}")
        if not 0 < self.alpha < 1e6:
            raise ConfigError(f"alpha: above 0, got {self.alpha}")


def attach_lora(
    model: SeagullForConditionalGeneration, settings: LoraSettings, *, seed: int = 0
) -> None:
    """Puts LoRA layers into the language model; its function does not change yet.

    Raises:
        ModelError: if LoRA is there already, or no layer has one of the target names.
    """
    from peft import LoraConfig, inject_adapter_in_model

    if lora_layers(model):
        raise ModelError("the model has LoRA layers already; merge them first")
    names = [name for name, _ in linear_layers(model.language_model)]
    targets = [name for name in names if not settings.targets or _last(name) in settings.targets]
    if missing := set(settings.targets) - {_last(name) for name in targets}:
        layer_names = sorted({_last(name) for name in names})
        raise ModelError(
            f"lora.targets: no layer {sorted(missing)}; known are {', '.join(layer_names)}"
        )
    config = LoraConfig(
        r=settings.rank,
        # peft's annotation asks for an integer, its code does not.
        lora_alpha=settings.alpha,  # type: ignore[arg-type]
        lora_dropout=settings.dropout,
        target_modules="|".join(re.escape(name) for name in targets),
        bias="none",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        inject_adapter_in_model(config, model.language_model, ADAPTER_NAME)


def linear_layers(language_model: nn.Module) -> Iterator[tuple[str, nn.Linear]]:
    """Names and linear layers of a language model, its head left out."""
    head = cast(PreTrainedModel, language_model).get_output_embeddings()
    for name, module in language_model.named_modules():
        # Quantised layers derive from nn.Linear, too.
        if isinstance(module, nn.Linear) and module is not head:
            yield name, module


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def lora_layers(model: nn.Module) -> dict[str, LoraLayer]:
    """The layers that carry LoRA factors, by name."""
    # Loading peft takes a second that assessing photos does not need.
    from peft.tuners.lora import LoraLayer

    return {name: m for name, m in model.named_modules() if isinstance(m, LoraLayer)}


@torch.no_grad()
def merge_lora(model: SeagullForConditionalGeneration) -> int:
    """Adds the factors' products to the weights and takes the LoRA layers out; how many it were.

    Raises:
        ModelError: if the language model is quantised: a merge would round the product away.
    """
    layers = lora_layers(model)
    if layers and getattr(model, "is_quantized", False):
        raise ModelError("LoRA cannot be merged into a quantised model; load it unquantised")
    for name, layer in layers.items():
        layer.merge(safe_merge=False, adapter_names=[ADAPTER_NAME])
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, layer.get_base_layer())
    return len(layers)


def group_of(name: str) -> str:
    """The module group of a parameter, by its name in the model.

    Raises:
        ModelError: if it belongs to none.
    """
    if ".lora_" in name:
        return "lora"
    group = name.split(".", 1)[0]
    if group not in GROUPS:
        raise ModelError(f"the parameter {name} belongs to no group of {', '.join(GROUPS)}")
    return group
