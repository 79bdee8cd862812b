"""Recognises and refuses model folders and adapters of earlier versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from seagull.model.errors import ModelError

PARTS: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "vision_config": {"towers": (1,), "scales": ([],), "looks": ([],)},
    "mfe_config": {
        "towers": (0,),
        "region_tower": (False,),
        "subsets": (0,),
        "surroundings": ("none",),
    },
}
"""Settings that there were once, with the values that ask for nothing."""
KEYS = (".others.", ".low_rank_", "mfe.surroundings.", "head.readers.", "head.gate.",
        "head.subsets.", "head.regions.")  # fmt: skip
"""In the names of weights that there were once."""
REMEDY = (
    "made for an earlier version of Seagull, which had {part}; get the present seagull-nano with "
    "`seagull download nano`, or train anew"
)


def earlier_part(config: Mapping[str, Any]) -> str | None:
    """The first setting of a config.json that asks for what is no more, or None."""
    for group, settings in PARTS.items():
        stored = config.get(group) or {}
        for name, allowed in settings.items():
            if name in stored and stored[name] not in allowed:
                return f"{group}.{name}"
    return None


def refuse_earlier_config(folder: Path, config: Mapping[str, Any]) -> None:
    """Passes if a model folder's config.json asks for nothing that is no more.

    Raises:
        ModelError: otherwise; it says what to do.
    """
    if part := earlier_part(config):
        raise ModelError(f"{folder}: {REMEDY.format(part=part)}")


def refuse_earlier_keys(file: Path, keys: Collection[str]) -> None:
    """Passes if the names of an adapter's weights are those of this version.

    Raises:
        ModelError: otherwise; it says what to do.
    """
    removed = sorted(key for key in keys if any(part in key for part in KEYS))
    if removed:
        raise ModelError(f"{file}: {REMEDY.format(part=removed[0])}")
    if any(key.startswith("head.") for key in keys) and "head.spread.weight" not in keys:
        raise ModelError(f"{file}: {REMEDY.format(part='a head without head.spread')}")
