"""Finished runs: their adapters, and the settings beside them."""

from __future__ import annotations

from pathlib import Path

from seagull.files.config import ConfigError
from seagull.model.adapter import read_adapter
from seagull.model.folders import ADAPTER_FILE
from seagull.model.lora import group_of
from seagull.model.shipped import nano_adapter
from seagull.training.config import TrainConfig

CONFIG_FILE = "config.yaml"
"""A run's settings, in its folder and beside its adapter."""

SHIPPED = "nano"
"""Names the adapter that seagull-nano ships with."""


def adapter_file(wanted: str) -> Path:
    """The adapter of a file, a run's folder, or an adapter's folder; ``nano`` is the shipped one.

    Raises:
        ConfigError: if there is none.
    """
    if wanted == SHIPPED and (shipped := nano_adapter()) is not None:
        return shipped
    place = Path(wanted)
    for found in (place, place / ADAPTER_FILE, place / "adapter" / ADAPTER_FILE):
        if found.is_file():
            return found
    raise ConfigError(f"adapter: {wanted} is neither an adapter file nor a finished run's folder")


def adapter_groups(config: TrainConfig) -> frozenset[str]:
    """Groups that the run's adapters hold: trained now, or brought along."""
    groups = set(config.groups)
    if config.adapter:
        _, tensors = read_adapter(adapter_file(config.adapter))
        groups |= {group_of(key) for key in tensors}
    return frozenset(groups)
