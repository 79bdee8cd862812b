"""Loads a model folder and accounts for every key; refuses pickled weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from transformers import BitsAndBytesConfig

from seagull.model.auto import (
    SeagullConfig,
    SeagullForConditionalGeneration,
    SeagullProcessor,
)
from seagull.model.errors import ModelError
from seagull.model.folders import stored_config
from seagull.model.weights import check_weights, refuse_faults

QUANTIZATIONS = ("8bit", "4bit")


def load_model(
    folder: Path,
    *,
    dtype: torch.dtype,
    device: str | dict[str, Any],
    quantization: str | None = None,
    drop_path: float = 0.0,
) -> SeagullForConditionalGeneration:
    """The model of a folder written by ``save_pretrained``, in eval mode.

    Args:
        folder: holds config.json and safetensors weights.
        dtype: of all weights that are not quantised.
        device: a device, ``auto``, or a ``device_map`` of transformers.
        quantization: None, ``8bit`` or ``4bit`` (NF4): of the language model alone.
        drop_path: of the vision encoder in training mode, see ``VisionEncoder``.

    Raises:
        ModelError: if the folder is not a Seagull model, its weights are pickled, or keys are
            missing, left over or of another shape.
    """
    config = check_folder(folder)
    check_weights(folder, config)
    config.vision.drop_path = drop_path
    # With output_loading_info the return is a pair, which the annotation does not know.
    loaded: Any = SeagullForConditionalGeneration.from_pretrained(
        folder,
        config=config,
        dtype=dtype,
        device_map=device,
        use_safetensors=True,
        local_files_only=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,
        quantization_config=_quantization_config(quantization, dtype),
    )
    model, info = loaded
    _check_keys(folder, info)
    return model.eval()


def load_processor(folder: Path) -> SeagullProcessor:
    """The processor of a model folder.

    Raises:
        ModelError: if the tokenizer or the processor's settings are missing or damaged.
    """
    for name in ("tokenizer_config.json", "processor_config.json"):
        if not (folder / name).is_file():
            raise ModelError(f"{folder}: {name} is missing; save the processor with the model")
    try:
        # By default transformers asks at the terminal whether to run a folder's code.
        return SeagullProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder}: the processor cannot be loaded: {reason}") from error


def check_folder(folder: Path) -> SeagullConfig:
    """The configuration of a model folder, after a look at what lies in it.

    Raises:
        ModelError: as ``load_model``, for all that shows before weights are read.
    """
    stored_config(folder)
    try:
        return SeagullConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError, StrictDataclassError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder}: config.json cannot be read: {reason}") from error


def _quantization_config(quantization: str | None, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    if quantization is None:
        return None
    if quantization not in QUANTIZATIONS:
        raise ModelError(
            f"unknown quantization {quantization!r}; there are {', '.join(QUANTIZATIONS)}"
        )
    return BitsAndBytesConfig(
        load_in_8bit=quantization == "8bit",
        load_in_4bit=quantization == "4bit",
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
        llm_int8_skip_modules=SeagullForConditionalGeneration.quantization_skip_modules,
    )


def _check_keys(folder: Path, info: dict[str, Any]) -> None:
    kinds = {
        "missing": "missing_keys",
        "left over": "unexpected_keys",
        "of another shape": "mismatched_keys",
    }
    faults = {words: [_name(key) for key in info[kind]] for words, kind in kinds.items()}
    refuse_faults(folder, faults)


def _name(key: Any) -> str:
    return key if isinstance(key, str) else str(key[0])
