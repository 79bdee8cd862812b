"""Adapter files: what training changed, in one safetensors file beside an unchanged base model.

Keys are the base model's parameter names (``mfe.*``, ``projector.*``, ``vision_encoder.*``,
``language_model.*``); LoRA factors stand at ``LAYER.lora_A.weight`` and ``LAYER.lora_B.weight``;
``head.*`` is the head's, which is no part of the model. The header holds an ``AdapterInfo``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from seagull.files.permissions import allow_readers
from seagull.model.earlier import refuse_earlier_keys
from seagull.model.errors import ModelError
from seagull.model.lora import ADAPTER_NAME, LoraSettings, attach_lora, group_of, lora_layers
from seagull.model.seagull import SeagullForConditionalGeneration

FORMAT = "seagull-adapter-1"
WHOLE_GROUPS = ("projector", "mfe", "vision_encoder", "language_model")
"""Groups that are in a file with every parameter, or not at all."""


@dataclass(frozen=True)
class AdapterInfo:
    """What the header of an adapter file says.

    Attributes:
        base: name or folder of the model it belongs to.
        trained: whether the region parts have been trained.
        rank: of the LoRA factors, 0 without.
        alpha: their product is scaled by ``alpha / rank``.
        about: anything else worth keeping (recipe, version, metrics).
    """

    base: str
    trained: bool = True
    rank: int = 0
    alpha: float = 0.0
    about: Mapping[str, Any] = field(default_factory=dict)


def save_adapter(
    model: SeagullForConditionalGeneration,
    file: Path,
    info: AdapterInfo,
    *,
    groups: Collection[str] = ("projector", "mfe", "lora"),
    dtype: torch.dtype | None = None,
) -> None:
    """Writes the parameters of the groups.

    Args:
        model: with LoRA layers where ``lora`` is among the groups.
        file: to write.
        info: for the header.
        groups: module groups, see ``seagull.model.lora.GROUPS``.
        dtype: of the file; that of each parameter if None.
    """
    tensors = {
        file_key(name): parameter.detach().to(dtype)
        for name, parameter in model.named_parameters()
        if group_of(name) in groups
    }
    write_adapter(file, tensors, info)


def write_adapter(file: Path, tensors: Mapping[str, Tensor], info: AdapterInfo) -> None:
    """Writes gathered tensors by their keys in the file."""
    plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    save_file(plain, file, {"format": FORMAT, "info": json.dumps(asdict(info))})
    allow_readers([file])


def file_key(name: str) -> str:
    """The key in a file for a parameter's name in a model."""
    return name.replace(f".{ADAPTER_NAME}.", ".").replace(".base_layer.", ".")


def read_adapter(file: Path) -> tuple[AdapterInfo, dict[str, Tensor]]:
    """The header and the tensors of an adapter file.

    Raises:
        ModelError: if it is missing, damaged, no adapter, or of an earlier version.
    """
    info = read_info(file)
    with safe_open(file, "pt") as opened:
        keys = list(opened.keys())
        refuse_earlier_keys(file, keys)
        return info, {key: opened.get_tensor(key) for key in keys}


def read_info(file: Path) -> AdapterInfo:
    """The header of an adapter file.

    Raises:
        ModelError: if it is missing, damaged, or no adapter.
    """
    if not file.is_file():
        raise ModelError(f"{file}: there is no such adapter file")
    try:
        with safe_open(file, "pt") as opened:
            header = opened.metadata() or {}
        if header.get("format") != FORMAT:
            raise ModelError(f"{file}: not an adapter of Seagull (no {FORMAT} in its header)")
        return AdapterInfo(**json.loads(header["info"]))
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ModelError(f"{file}: the adapter is damaged or cut off: {error}") from error


def apply_adapter(
    model: SeagullForConditionalGeneration,
    file: Path,
    *,
    merge: bool | None = None,
) -> AdapterInfo:
    """Puts an adapter's weights into its base model; every key is accounted for.

    Args:
        model: the base model, as it is without an adapter.
        file: the adapter.
        merge: add LoRA's products to the weights, or keep LoRA layers; by default they are merged
            unless the language model is quantised.

    Raises:
        ModelError: if keys are left over, missing, or of another shape.
    """
    info, tensors = read_adapter(file)
    _check_fit(model, info, tensors, file)
    keep = getattr(model, "is_quantized", False) if merge is None else not merge
    plain = {key: value for key, value in tensors.items() if group_of(key) in WHOLE_GROUPS}
    with torch.no_grad():
        load_tensors(keyed_parameters(model), plain)
        _apply_lora(model, info, tensors, keep=keep)
    model.config.trained = model.config.trained or info.trained
    return info


def load_tensors(parameters: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor]) -> None:
    """Copies tensors into parameters, both by their keys in files.

    Raises:
        ModelError: if a tensor has no place or another shape.
    """
    if unknown := sorted(set(tensors) - set(parameters)):
        raise ModelError(f"{len(unknown)} tensors have no place in the model: {unknown[:3]}")
    with torch.no_grad():
        for key, value in tensors.items():
            if parameters[key].shape != value.shape:
                raise ModelError(
                    f"{key}: shape {tuple(value.shape)}, the model's is "
                    f"{tuple(parameters[key].shape)}"
                )
            parameters[key].copy_(value)


def keyed_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters of a model by their keys in files."""
    return {file_key(name): value for name, value in model.named_parameters()}


def lora_targets(tensors: Mapping[str, Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Layer names and their factors A (r, in) and B (out, r).

    Raises:
        ModelError: if a factor lacks its partner.
    """
    names = {key.split(".lora_", 1)[0] for key in tensors if ".lora_" in key}
    targets = {}
    for name in sorted(names):
        pair = tensors.get(f"{name}.lora_A.weight"), tensors.get(f"{name}.lora_B.weight")
        if pair[0] is None or pair[1] is None:
            raise ModelError(f"{name}: one of the two LoRA factors is missing")
        targets[name] = (pair[0], pair[1])
    return targets


def _apply_lora(
    model: SeagullForConditionalGeneration,
    info: AdapterInfo,
    tensors: Mapping[str, Tensor],
    *,
    keep: bool,
) -> None:
    targets = lora_targets(tensors)
    if not targets:
        return
    if keep:
        attach_lora(model, LoraSettings(info.rank, info.alpha, 0.0, last_names(targets)))
        factors = {key: value for key, value in tensors.items() if ".lora_" in key}
        load_tensors(keyed_parameters(model), factors)
        extra = set(lora_layers(model)) - set(targets)
        if extra:
            raise ModelError(f"layers {sorted(extra)[:3]} have no LoRA factors in the adapter")
        return
    for name, (factor_a, factor_b) in targets.items():
        weight = model.get_parameter(f"{name}.weight")
        product = factor_b.to(weight.device).float() @ factor_a.to(weight.device).float()
        weight.copy_(weight.float() + product * (info.alpha / info.rank))


def last_names(targets: Collection[str]) -> tuple[str, ...]:
    """The last names of layers, each once."""
    return tuple(sorted({name.rsplit(".", 1)[-1] for name in targets}))


def _check_fit(
    model: SeagullForConditionalGeneration,
    info: AdapterInfo,
    tensors: Mapping[str, Tensor],
    file: Path,
) -> None:
    shapes = {name: tuple(value.shape) for name, value in model.named_parameters()}
    targets = lora_targets(tensors)
    plain = {key: value for key, value in tensors.items() if group_of(key) in WHOLE_GROUPS}
    faults = [f"no place for {key}" for key in plain if key not in shapes]
    faults += [
        f"{key} is {tuple(value.shape)}, the model's {shapes[key]}"
        for key, value in plain.items()
        if key in shapes and shapes[key] != tuple(value.shape)
    ]
    present = {group_of(key) for key in plain}
    faults += [f"{n} is missing" for n in shapes if group_of(n) in present and n not in plain]
    layers = dict(model.named_modules())
    for name, (factor_a, factor_b) in targets.items():
        layer = layers.get(name)
        if not isinstance(layer, nn.Linear):
            faults.append(f"no layer {name}")
        elif (factor_b.shape[0], factor_a.shape[1]) != (layer.out_features, layer.in_features) or (
            factor_a.shape[0] != info.rank or factor_b.shape[1] != info.rank
        ):
            faults.append(f"{name}: LoRA factors of another shape")
    if faults:
        remainder = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise ModelError(f"{file}: does not fit this model: {'; '.join(faults[:3])}{remainder}")
