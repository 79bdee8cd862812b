"""What of a network learns, and the head that learns with it or that an adapter brings along."""

from __future__ import annotations

import torch
from torch import nn

from seagull.model.head import RegionHead, head_of, read_head
from seagull.model.layers import BeginsAtNothing
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
    """
    kept = config.frozen
    if head is not None:
        of_head = tuple(start for start in kept if start.startswith("head."))
        kept = tuple(start for start in kept if start not in of_head)
        set_trainable(nn.ModuleDict({"head": head}), {"head"} & set(config.groups), of_head)
    set_trainable(model, set(config.groups) - {"head"}, kept)


def build_head(config: TrainConfig, model: SeagullForConditionalGeneration) -> RegionHead | None:
    """The head that learns, or one that the adapter brings along and that stays as it is.

    Raises:
        ModelError: as ``read_head``.
    """
    head = head_of(model)
    if "head" in config.groups:
        _seed_head(head, config.seed)
        return head
    if not config.adapter or "head" in config.forget:
        return None
    brought = read_head(adapter_file(config.adapter), head)
    return None if brought is None else brought.requires_grad_(False)


def _seed_head(head: RegionHead, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for linear in (m for m in head.modules() if isinstance(m, nn.Linear)):
        if isinstance(linear, BeginsAtNothing):
            linear.reset_parameters()
            continue
        noise = torch.randn(linear.weight.shape, generator=generator)
        linear.weight.data = noise / linear.in_features**0.5
        linear.bias.data.zero_()
    if head.gate is not None:
        head.gate.outer.weight.data.zero_()
