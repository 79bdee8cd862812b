"""What of a network learns, and the head that learns with it or that an adapter brings along."""

from __future__ import annotations

import torch
from torch import nn

from seagull.files.config import ConfigError
from seagull.model.head import RegionHead, head_of, read_head
from seagull.model.lora import set_trainable
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.training.config import TrainConfig
from seagull.training.finished import adapter_file


def choose_what_learns(
    config: TrainConfig, model: SeagullForConditionalGeneration, head: RegionHead | None
) -> None:
    """Lets what the settings name learn, and nothing else.

    Raises:
        ModelError: as ``set_trainable``.
        ConfigError: if a head would stay while the global tokens that it reads change.
    """
    kept = config.frozen
    if head is not None:
        of_head = tuple(start for start in kept if start.startswith("head."))
        kept = tuple(start for start in kept if start not in of_head)
        set_trainable(nn.ModuleDict({"head": head}), {"head"} & set(config.groups), of_head)
    set_trainable(model, set(config.groups) - {"head"}, kept)
    if not config.loss.text:
        # Local tokens are the language model's alone.
        model.mfe.local.requires_grad_(False)
    if head is not None and "head" not in config.groups:
        _refuse_drift(config, model)


def _refuse_drift(config: TrainConfig, model: SeagullForConditionalGeneration) -> None:
    read = {
        "vision_encoder": model.vision_encoder.named_parameters(),
        "mfe": ((n, p) for n, p in model.mfe.named_parameters() if not n.startswith("local.")),
    }
    moving = [
        f"{group}.{name}"
        for group, parameters in read.items()
        for name, parameter in parameters
        if parameter.requires_grad
    ]
    if moving:
        raise ConfigError(
            f"trainable: {config.adapter} has a head, which would read other tokens than it has "
            f"learned on once {moving[0]} changes; set loss.numeric_head, so that it learns as "
            "well, or freeze what global tokens are made of"
        )


def build_head(config: TrainConfig, model: SeagullForConditionalGeneration) -> RegionHead | None:
    """The head that learns, or one that the adapter brings along and that stays as it is.

    Raises:
        ModelError: as ``read_head``.
    """
    head = head_of(model)
    if "head" in config.groups:
        _seed_head(head, config.seed)
        return head
    if not config.adapter:
        return None
    file = adapter_file(config.adapter)
    brought = read_head(file, head)
    if brought is None:
        return None
    return brought.requires_grad_(False)


def _seed_head(head: RegionHead, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for linear in (m for m in head.modules() if isinstance(m, nn.Linear)):
        noise = torch.randn(linear.weight.shape, generator=generator)
        linear.weight.data = noise / linear.in_features**0.5
        linear.bias.data.zero_()
