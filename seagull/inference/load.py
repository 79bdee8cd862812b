"""Loads a model by name or folder, ready to assess; picks its device and data type."""

from __future__ import annotations

import difflib
import hashlib
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from seagull.devices import DeviceError, choose_device, choose_dtype
from seagull.files.download import cache_dir
from seagull.files.home import HomeError, home_path
from seagull.inference.answers import READ_OUT
from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.inference.known import PUBLISHED, known_models
from seagull.model.adapter import apply_adapter, read_info
from seagull.model.build import image_token_count
from seagull.model.checkpoint import check_folder, load_model, load_processor
from seagull.model.errors import ModelError
from seagull.model.folders import ADAPTER_FILE, NANO_FOLDER
from seagull.model.folding import fold_norms
from seagull.model.head import HEAD_FILE, head_of, read_head
from seagull.model.seagull import SeagullForConditionalGeneration
from seagull.model.shipped import adapter_in, file_digest, shipped_adapter
from seagull.preprocessing.processor import SeagullProcessor
from seagull.types import ModelInfo

logger = logging.getLogger(__name__)


def load(
    model: str | Path = "nano",
    *,
    device: str = "auto",
    dtype: str = "auto",
    quantization: str | None = None,
) -> Assessor:
    """Loads a model.

    Args:
        model: ``nano``, another name of ``known_models``, a model folder, or the folder of a
            training run, whose adapter is put onto its base model.
        device: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1`` ..., or ``balanced``
            to spread it over several GPUs.
        dtype: ``auto`` (bfloat16 on a GPU, float32 on a CPU), ``float32``, ``bfloat16``,
            ``float16``. On CPUs with instructions for it bfloat16 is faster, but its rounding
            shows in a score and depends on what else is asked.
        quantization: None, ``8bit`` or ``4bit``: saves memory, not time.

    Raises:
        ModelError: if the name, folder, device or type is not known or cannot be used.
    """
    named_folder = find_model(model)
    adapter = adapter_in(named_folder)
    folder = find_model(read_info(adapter).base) if adapter else named_folder
    try:
        place = choose_device(device)
        kind = choose_dtype(dtype, place)
    except DeviceError as error:
        raise ModelError(str(error)) from error
    network = load_model(folder, dtype=kind, device=place, quantization=quantization)
    adapter = adapter or shipped_adapter(folder)
    if adapter is not None:
        apply_adapter(network, adapter)
    processor = load_processor(folder)
    check_pair(folder, network, processor)
    fold_norms(network.vision_encoder)
    # Convolutions over few channels run faster on a CPU with the channels last.
    network.vision_encoder.to(memory_format=torch.channels_last)
    head = read_head(adapter or folder / HEAD_FILE, head_of(network))
    engine = Engine(network, processor, head=head)
    name = "seagull-nano" if named_folder.name == NANO_FOLDER else named_folder.name
    # The same weights answer another wording differently, or read in another way.
    variant = f"{revision(folder, adapter)}{engine.book.digest}{READ_OUT if head else ''}"
    mixed = hashlib.sha256(variant.encode()).hexdigest()[:12]
    return Assessor(engine, ModelInfo(name, mixed, network.config.trained))


def check_pair(
    folder: Path, model: SeagullForConditionalGeneration, processor: SeagullProcessor
) -> None:
    """Passes if a folder's processor prepares what its model takes.

    Raises:
        ModelError: naming the first setting in which they differ.
    """
    config, strides = model.config, model.vision_encoder.strides
    pairs = {
        "image tokens": (processor.image_tokens, image_token_count(config, strides)),
        "multiple of the sides": (processor.multiple % strides[-1], 0),
        "image size": (processor.image_size, config.image_size),
        "crop size": (processor.crop_size, config.crop_size),
        "id of <image>": (processor.image_id, config.image_token_id),
        "id of <global>": (processor.global_id, config.global_token_id),
        "id of <local>": (processor.local_id, config.local_token_id),
    }
    for setting, (prepared, expected) in pairs.items():
        if prepared != expected:
            raise ModelError(
                f"{folder}: {setting}: the processor has {prepared}, the model {expected}; "
                "processor_config.json and config.json do not belong together"
            )


def find_model(model: str | Path) -> Path:
    """The folder of a model.

    A known name means the model of that name, whatever lies in the current folder; a folder that
    happens to be called like it is written ``./nano``, or given as a Path.

    Raises:
        ModelError: if it is neither a folder nor a known name; the message lists the nearest ones.
            Also under ``python -OO``.
    """
    if sys.flags.optimize > 1:
        raise ModelError("python -OO drops the docstrings that transformers reads; use -O instead")
    folder = home_path(model)
    is_folder = folder.is_dir()
    if is_folder and (isinstance(model, Path) or folder.name != str(model)):
        return _own_folder(folder)
    try:
        places = {entry.name: entry.path for entry in known_models()}
    except HomeError:
        if is_folder:
            return _own_folder(folder)
        raise
    name = "nano" if str(model) == "seagull-nano" else str(model)
    if is_folder:
        if name not in places:
            return _own_folder(folder)
        logger.warning("the model %s, not the folder of this name here: that is ./%s", name, model)
    return _named_folder(name, places)


def _named_folder(name: str, places: Mapping[str, Path | None]) -> Path:
    """The folder of a known model.

    Raises:
        ModelError: if the name is unknown, or the model not on this machine.
    """
    if name not in places:
        if (config_file := cache_dir() / "models" / name / "config.json").is_file():
            check_folder(config_file.parent)  # says why it is not among them
        nearest = difflib.get_close_matches(name, places, cutoff=0.3) or list(places)
        raise ModelError(
            f"no model {name!r}: neither a folder nor a name; nearest: {', '.join(nearest)}"
        )
    path = places[name]
    if path is None and name == PUBLISHED:
        raise ModelError(
            f"{PUBLISHED} is not on this machine; make it from the released checkpoint: "
            f"seagull convert RELEASED_CHECKPOINT {cache_dir() / 'models' / PUBLISHED}"
        )
    if path is None:
        raise ModelError(
            f"the model {name} is not on this machine; get it: seagull download {name}"
        )
    return path


def _own_folder(folder: Path) -> Path:
    """The folder, unless it is an adapter of the library peft.

    Raises:
        ModelError: if so.
    """
    ours = (folder / "config.json").is_file() or adapter_in(folder) is not None
    if (folder / "adapter_config.json").is_file() and not ours:
        raise ModelError(
            f"{folder}: an adapter of the library peft, which has no region parts; give a run of "
            f"`seagull train` (with {ADAPTER_FILE}), or a whole model folder"
        )
    return folder


def revision(folder: Path, adapter: Path | None = None) -> str:
    """Twelve hex digits that change with the model's configuration, weights or adapter.

    Of each weights file the size, the first and the last megabyte are read, so that it takes no
    time with large models.
    """
    digest = hashlib.sha256()
    for name in ("config.json", "processor_config.json"):
        if (folder / name).is_file():
            digest.update((folder / name).read_bytes())
    for file in sorted(folder.glob("*.safetensors")):
        size = file.stat().st_size
        digest.update(f"{file.name}:{size}".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(1 << 20))
            stream.seek(max(0, size - (1 << 20)))
            digest.update(stream.read())
    if adapter is not None:
        digest.update(file_digest(adapter).encode())
    return digest.hexdigest()[:12]
