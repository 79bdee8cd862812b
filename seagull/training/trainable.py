"""Chooses the trainable parameters: stages, module groups, LoRA, the head, frozen parts.

All that decides it is here; ``seagull.model.lora`` only names the groups and puts LoRA in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from torch import nn

from seagull.files.config import ConfigError
from seagull.model.adapter import (
    apply_adapter,
    keyed_parameters,
    load_tensors,
    read_adapter,
    read_info,
)
from seagull.model.errors import ModelError
from seagull.model.head import RegionHead, head_of, read_head
from seagull.model.lora import (
    LoraSettings,
    attach_lora,
    group_of,
    lora_layers,
)
from seagull.model.seagull import SeagullForConditionalGeneration


class TrainingStage(StrEnum):
    """What a run is for."""

    PRETRAIN = "pretrain"
    FINETUNE = "finetune"
    MFE_ONLY = "mfe_only"
    FULL = "full"


STAGE_GROUPS: dict[TrainingStage, tuple[str, ...]] = {
    TrainingStage.PRETRAIN: ("projector", "mfe", "lora"),
    TrainingStage.FINETUNE: ("projector", "mfe", "lora"),
    TrainingStage.MFE_ONLY: ("mfe",),
    TrainingStage.FULL: ("projector", "mfe", "language_model"),
}
"""The paper's two stages freeze the vision encoder and train the language model by LoRA; they
differ in their data. ``full`` trains the language model itself."""


@dataclass(frozen=True)
class Trainable:
    """What the settings of a run say of what is trained.

    Attributes:
        groups: module groups, see ``trained_groups``.
        frozen: beginnings of parameter names that stay as they are though their group is trained.
        text: whether the language model has a loss; without one, local tokens are not trained.
        lora: of the language model, for the group ``lora``.
        adapter: the adapter that is gone on from, or None.
        seed: of the initial LoRA and head.
    """

    groups: tuple[str, ...]
    frozen: tuple[str, ...]
    text: bool
    lora: LoraSettings
    adapter: Path | None
    seed: int


def trained_groups(
    stage: TrainingStage, chosen: tuple[str, ...] | None, *, head: bool
) -> tuple[str, ...]:
    """The module groups that are trained: those chosen, else the stage's.

    Args:
        stage: of the run.
        chosen: groups to train instead of the stage's, or None.
        head: whether the head has a loss, so that it is trained as well.
    """
    groups = STAGE_GROUPS[stage] if chosen is None else chosen
    return (*groups, "head") if head and "head" not in groups else groups


def make_trainable(
    model: SeagullForConditionalGeneration, settings: Trainable
) -> RegionHead | None:
    """Lets exactly what is wanted require gradients; returns the head, if there is one.

    LoRA is attached and the adapter that is gone on from is loaded. A head that is not trained is
    one that the adapter brings along.

    Raises:
        ModelError: if adapter, LoRA targets, groups or frozen names do not fit the model.
        ConfigError: if the adapter's LoRA is not the one of the settings, or a head would stay
            while the global tokens that it reads change.
    """
    head = _head(model, settings)
    if settings.adapter is not None:
        _load_adapter(model, head, settings, settings.adapter)
    if "lora" in settings.groups and not lora_layers(model):
        attach_lora(model, settings.lora, seed=settings.seed)
    frozen = settings.frozen
    if head is not None:
        of_head = tuple(start for start in frozen if start.startswith("head."))
        frozen = tuple(start for start in frozen if start not in of_head)
        set_trainable(nn.ModuleDict({"head": head}), {"head"} & set(settings.groups), of_head)
    set_trainable(model, set(settings.groups) - {"head"}, frozen)
    if not settings.text:
        # Local tokens are the language model's alone.
        model.mfe.local.requires_grad_(False)
    if head is not None and "head" not in settings.groups:
        _refuse_drift(model, settings.adapter)
    return head


def set_trainable(
    model: nn.Module, groups: Collection[str], frozen: tuple[str, ...] = ()
) -> list[str]:
    """Makes exactly the parameters of these groups trainable, and returns their names.

    Args:
        model: of which.
        groups: module groups.
        frozen: beginnings of names that stay frozen nevertheless.

    Raises:
        ModelError: if a group, or a beginning, has no parameter in this model.
    """
    names: list[str] = []
    parameter_names = [name for name, _ in model.named_parameters()]
    if idle := [
        start for start in frozen if not any(name.startswith(start) for name in parameter_names)
    ]:
        raise ModelError(f"frozen: no parameter begins with {idle[0]}")
    for name, parameter in model.named_parameters():
        chosen = group_of(name) in groups and not name.startswith(frozen)
        if chosen and not parameter.is_floating_point():
            raise ModelError(f"{name}: a quantised weight cannot be trained; use lora")
        if parameter.is_floating_point():
            parameter.requires_grad_(chosen)
        names += [name] if chosen else []
    if empty := set(groups) - {group_of(name) for name in names} - {"head"}:
        raise ModelError(f"the groups {sorted(empty)} have no parameters in this model")
    return names


def adapter_groups(settings: Trainable) -> frozenset[str]:
    """Groups that the run's adapters hold: trained now, or brought along."""
    groups = set(settings.groups)
    if settings.adapter is not None:
        _, tensors = read_adapter(settings.adapter)
        groups |= {group_of(key) for key in tensors}
    return frozenset(groups)


def parameter_groups(
    trained: Iterable[tuple[str, nn.Parameter]], rates: Mapping[str, float], weight_decay: float
) -> list[dict[str, Any]]:
    """The optimiser's groups: each module group with its learning rate; matrices alone decay.

    Args:
        trained: keys and parameters.
        rates: learning rate of every module group.
        weight_decay: of matrices.
    """
    groups: dict[tuple[str, bool], list[nn.Parameter]] = {}
    for key, parameter in trained:
        # ZeRO-3 holds shares: their own shape says nothing.
        shape = getattr(parameter, "ds_shape", parameter.shape)
        groups.setdefault((group_of(key), len(shape) > 1), []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": rates[group],
            "weight_decay": weight_decay if decays else 0.0,
        }
        for (group, decays), parameters in groups.items()
    ]


def _head(model: SeagullForConditionalGeneration, settings: Trainable) -> RegionHead | None:
    """The head that is trained, or one that the adapter brings along and that stays as it is."""
    head = head_of(model)
    if "head" in settings.groups:
        _seed_head(head, settings.seed)
        return head
    adapter_head = None if settings.adapter is None else read_head(settings.adapter, head)
    return None if adapter_head is None else adapter_head.requires_grad_(False)


def _seed_head(head: RegionHead, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for linear in (m for m in head.modules() if isinstance(m, nn.Linear)):
        noise = torch.randn(linear.weight.shape, generator=generator)
        linear.weight.data = noise / linear.in_features**0.5
        linear.bias.data.zero_()


def _load_adapter(
    model: SeagullForConditionalGeneration,
    head: RegionHead | None,
    settings: Trainable,
    adapter: Path,
) -> None:
    """Loads an adapter, its LoRA factors and its head into the network."""
    info, lora = read_info(adapter), settings.lora
    if info.rank and (info.rank, info.alpha) != (lora.rank, lora.alpha):
        raise ConfigError(
            f"lora: {adapter} has rank {info.rank} and alpha {info.alpha:g}; give the same, its "
            "factors are trained on"
        )
    apply_adapter(model, adapter, merge=False)
    for layer in lora_layers(model).values():
        layer.lora_dropout["default"] = nn.Dropout(lora.dropout)
    if head is not None:
        _, tensors = read_adapter(adapter)
        head_tensors = {
            k.removeprefix("head."): v for k, v in tensors.items() if k.startswith("head.")
        }
        load_tensors(keyed_parameters(head), head_tensors)


def _refuse_drift(model: SeagullForConditionalGeneration, adapter: Path | None) -> None:
    inputs = {
        "vision_encoder": model.vision_encoder.named_parameters(),
        "mfe": ((n, p) for n, p in model.mfe.named_parameters() if not n.startswith("local.")),
    }
    moving = [
        f"{group}.{name}"
        for group, parameters in inputs.items()
        for name, parameter in parameters
        if parameter.requires_grad
    ]
    if moving:
        raise ConfigError(
            f"trainable: {adapter} has a head, which would read other tokens than it has "
            f"learned on once {moving[0]} changes; set loss.numeric_head, so that it learns as "
            "well, or freeze what global tokens are made of"
        )
