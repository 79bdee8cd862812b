"""The model folder of a baseline: weights, what it is and was trained on, and a model card.

``model.safetensors`` holds the weights, ``baseline.json`` the settings and the history, and
``README.md`` says in words what it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from seagull.baselines.card import card_text
from seagull.baselines.config import BaselineConfig
from seagull.baselines.errors import BaselineError
from seagull.baselines.network import BaselineNetwork
from seagull.baselines.place import ABOUT_FILE, baseline_folder
from seagull.baselines.systems import build_network
from seagull.files.card import CARD_FILE
from seagull.files.config import ConfigError, build_settings, to_plain
from seagull.files.permissions import allow_readers
from seagull.files.text import TextError, read_text

WEIGHTS_FILE = "model.safetensors"
FORMAT = "seagull.baseline/1"


@dataclass(frozen=True)
class About:
    """What ``baseline.json`` says.

    Attributes:
        config: the settings that the model was trained with.
        history: version, steps, digests of the data, validation metrics.
    """

    config: BaselineConfig
    history: Mapping[str, Any]


def write_folder(folder: Path, network: BaselineNetwork, about: About) -> None:
    """Writes the three files into an existing folder."""
    tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
    save_file(tensors, folder / WEIGHTS_FILE, {"format": FORMAT})
    allow_readers([folder / WEIGHTS_FILE])
    plain = {
        "format": FORMAT,
        "system": about.config.system,
        "reconstruction": True,
        "config": to_plain(about.config),
        "history": dict(about.history),
    }
    (folder / ABOUT_FILE).write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(card_text(about.config, about.history), encoding="utf-8")


def read_about(folder: Path) -> About:
    """What a model folder is.

    Raises:
        BaselineError: if ``baseline.json`` cannot be used.
    """
    file = folder / ABOUT_FILE
    try:
        plain = json.loads(read_text(file))
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise BaselineError(f"{file}: not a model of this version ({FORMAT}); train it anew")
        config = build_settings(BaselineConfig, plain["config"])
    except (json.JSONDecodeError, KeyError, AttributeError, TextError, ConfigError) as error:
        raise BaselineError(f"{file}: it cannot be used: {error}") from error
    return About(config, plain.get("history") or {})


def teacher_folder(config: BaselineConfig) -> Path | None:
    """The model folder of the teacher that the settings name; None if they name none.

    Raises:
        BaselineError: if there is no baseline, or one that sees something else than the student.
    """
    wanted = config.qfm_iqm.distil.teacher
    if config.system != "qfm-iqm" or not wanted:
        return None
    folder = baseline_folder(wanted)
    if folder is None:
        raise BaselineError(f"qfm_iqm.distil.teacher: {wanted} is no baseline's folder")
    own = read_about(folder).config
    if (own.system, own.protocol, own.view.side) != ("qfm-iqm", "crop", config.view.side):
        raise BaselineError(
            f"qfm_iqm.distil.teacher: {wanted} is a {own.system} of {own.view.side} px by the "
            f"{own.protocol} protocol; a qfm-iqm of {config.view.side} px by the crop protocol "
            "can teach here"
        )
    return folder


def load_network(folder: Path, config: BaselineConfig) -> BaselineNetwork:
    """The network of a model folder, ready to read.

    Raises:
        BaselineError: if the weights are missing, damaged, or those of other settings.
    """
    file = folder / WEIGHTS_FILE
    if not file.is_file():
        raise BaselineError(f"{folder}: {WEIGHTS_FILE} is missing; copy the whole folder")
    try:
        tensors = load_file(file)
    except (SafetensorError, OSError) as error:
        raise BaselineError(f"{file}: damaged ({error}); copy it again") from error
    network = build_network(config)
    wanted = network.state_dict()
    other = sorted(set(wanted) ^ set(tensors)) or [
        name for name, value in wanted.items() if tensors[name].shape != value.shape
    ]
    if other:
        raise BaselineError(
            f"{file}: {other[0]} does not fit the settings in {ABOUT_FILE}; they belong together"
        )
    network.load_state_dict(tensors)
    return network.eval()


def with_depth(config: BaselineConfig, **changes: str) -> BaselineConfig:
    """The settings with another source of depth, for a model that is used elsewhere.

    Raises:
        ConfigError: if they cannot be.
    """
    return replace(config, depth=replace(config.depth, **changes))


def revision(folder: Path) -> str:
    """Twelve hex digits of the folder's weights and settings."""
    digest = hashlib.sha256((folder / ABOUT_FILE).read_bytes())
    with (folder / WEIGHTS_FILE).open("rb") as file:
        digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
