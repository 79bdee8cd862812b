"""load: a model by name or folder, ready to assess. The one place that picks device and type."""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch

from seagull.download import cache_dir
from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.model.build import image_token_count
from seagull.model.checkpoint import check_folder, load_model, load_processor
from seagull.model.errors import ModelError
from seagull.model.nano import NANO_FOLDER
from seagull.types import ModelInfo

DTYPES = {
    "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16,
}  # fmt: skip


@dataclass(frozen=True)
class ModelEntry:
    """A model that can be asked for by name.

    Attributes:
        name: for ``load``.
        description: what it is.
        path: its folder, if it is on this machine.
        trained: whether its region parts are trained; None if it is not here.
    """

    name: str
    description: str
    path: Path | None
    trained: bool | None

    @property
    def available(self) -> bool:
        """Whether it is on this machine."""
        return self.path is not None


def known_models() -> list[ModelEntry]:
    """The shipped models, and every model folder in the cache."""
    folders = sorted((cache_dir() / "models").glob("*/config.json"))
    entries: dict[str, ModelEntry] = {}
    for config in folders:
        folder = config.parent
        try:
            trained = check_folder(folder).trained
        except ModelError:
            continue
        entries[folder.name] = ModelEntry(folder.name, "model folder in the cache", folder, trained)
    nano = entries.pop(NANO_FOLDER, None)
    description = "EfficientNet-Lite0 and SmolLM2-135M: small, runs anywhere"
    here = ModelEntry(
        "nano", description, nano.path if nano else None, nano.trained if nano else None
    )
    return [here, *entries.values()]


def load(
    model: str | Path = "nano",
    *,
    device: str = "auto",
    dtype: str = "auto",
    quantization: str | None = None,
) -> Assessor:
    """Loads a model.

    Args:
        model: ``nano``, another name of ``known_models``, or a model folder.
        device: ``auto`` (a GPU if there is one), ``cpu``, ``cuda``, ``cuda:1`` ..., or ``balanced``
            to spread it over several GPUs.
        dtype: ``auto`` (bfloat16 on a GPU, float32 on a CPU), ``float32``, ``bfloat16``,
            ``float16``.
        quantization: None, ``8bit`` or ``4bit``: saves memory, not time.

    Raises:
        ModelError: if the name, folder, device or type is not known or cannot be used.
    """
    folder = find_model(model)
    place = _device(device)
    network = load_model(
        folder, dtype=_dtype(dtype, place), device=place, quantization=quantization
    )
    processor = load_processor(folder)
    expected = image_token_count(network.config, network.vision_encoder.strides)
    if processor.image_tokens != expected:
        raise ModelError(
            f"{folder}: the processor makes {processor.image_tokens} image tokens, the model "
            f"{expected}; processor_config.json and config.json do not belong together"
        )
    name = "seagull-nano" if folder.name == NANO_FOLDER else folder.name
    info = ModelInfo(name, revision(folder), network.config.trained)
    return Assessor(Engine(network, processor), info)


def find_model(model: str | Path) -> Path:
    """The folder of a model.

    Raises:
        ModelError: if it is neither a folder nor a known name; the message lists the nearest ones.
    """
    if (folder := Path(model).expanduser()).is_dir():
        return folder
    entries = {entry.name: entry for entry in known_models()}
    name = "nano" if str(model) == "seagull-nano" else str(model)
    if name not in entries:
        near = difflib.get_close_matches(name, entries, cutoff=0.3) or list(entries)
        raise ModelError(
            f"no model {str(model)!r}: neither a folder nor a name; nearest: {', '.join(near)}"
        )
    path = entries[name].path
    if path is None:
        raise ModelError(
            f"the model {name} is not on this machine; get it: seagull download {name}"
        )
    return path


def revision(folder: Path) -> str:
    """Twelve hex digits that change with the model's configuration or weights.

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
    return digest.hexdigest()[:12]


def _device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if device in ("balanced", "cpu"):
        return device
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ModelError(f"unknown device {device!r}; try auto, cpu, cuda or cuda:0") from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"device {device!r} was asked for, but there is no GPU that torch can use")
    return device


def _dtype(dtype: str, device: str) -> torch.dtype:
    if dtype == "auto":
        return torch.float32 if device == "cpu" else torch.bfloat16
    if dtype not in DTYPES:
        raise ModelError(f"unknown dtype {dtype!r}; there are auto, {', '.join(DTYPES)}")
    return DTYPES[dtype]
