"""Recognises model folders and what they hold by their files alone, without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seagull.files.text import TextError, check_unmarked
from seagull.model.earlier import earlier_part, refuse_earlier_config
from seagull.model.errors import ModelError
from seagull.model.presets import preset

ADAPTER_FILE = "adapter.safetensors"
"""Name of an adapter's file."""
NANO_FOLDER = "seagull-nano"
"""Name of the model folder of seagull-nano."""


def stored_config(folder: Path) -> dict[str, Any]:
    """The config.json of a folder that looks like a model.

    Raises:
        ModelError: if the folder, the file or the weights are missing, the weights are pickled, the
            file cannot be read, or it is of another kind of model or of an earlier version.
    """
    if not folder.is_dir():
        raise ModelError(f"{folder}: no such model folder")
    file = folder / "config.json"
    if not file.is_file():
        raise ModelError(f"{folder}: config.json is missing, so this is not a model folder")
    _check_weights(folder)
    try:
        for each in folder.glob("*.json"):
            check_unmarked(each)
        config = json.loads(file.read_text("utf-8"))
    except TextError as error:
        raise ModelError(str(error)) from error
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"{folder}: config.json cannot be read: {reason}") from error
    if not isinstance(config, dict) or config.get("model_type") != "seagull":
        kind = config.get("model_type") if isinstance(config, dict) else None
        raise ModelError(f"{folder}: a {kind!r} model, not a Seagull model")
    refuse_earlier_config(folder, config)
    return config


def is_current(folder: Path, settings: Mapping[str, Any] | None = None) -> bool:
    """Whether a finished base model lies in the folder, of the settings (None: this version's)."""
    file = folder / "config.json"
    if not file.is_file():
        return False
    stored = json.loads(file.read_text(encoding="utf-8"))
    expected = settings or preset("seagull-nano")["model"]
    return earlier_part(stored) is None and _agrees(expected, stored)


def _agrees(expected: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return all(
        _agrees(value, stored.get(name) or {})
        if isinstance(value, dict)
        else stored.get(name) == value
        for name, value in expected.items()
    )


def _check_weights(folder: Path) -> None:
    if list(folder.glob("*.safetensors")):
        return
    pickled = sorted(path.name for path in folder.glob("*.bin")) + sorted(
        path.name for path in folder.glob("*.pt*")
    )
    if pickled:
        raise ModelError(
            f"{folder}: weights are pickled ({pickled[0]}), which can run code when loaded; "
            "turn the released checkpoint into safetensors with `seagull convert`"
        )
    raise ModelError(f"{folder}: there are no weights (*.safetensors)")
