"""The shipped configurations, as JSON beside this file."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from seagull.model.errors import ModelError

PRESETS = ("seagull-nano", "seagull-7b")


def preset(name: str) -> dict[str, dict[str, Any]]:
    """A shipped configuration: ``model`` and ``processor`` settings.

    Raises:
        ModelError: if there is none of that name.
    """
    if name not in PRESETS:
        raise ModelError(f"no shipped configuration {name!r}; there are {', '.join(PRESETS)}")
    text = resources.files("seagull.model.presets").joinpath(f"{name}.json").read_text("utf-8")
    return json.loads(text)
