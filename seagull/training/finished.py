"""Finished runs: their adapters, and the settings beside them."""

from __future__ import annotations

from pathlib import Path

from seagull.files.config import ConfigError
from seagull.model.folders import ADAPTER_FILE
from seagull.model.shipped import nano_adapter

CONFIG_FILE = "config.yaml"
"""A run's settings, in its folder and beside its adapter."""

RUN_FILE = "run.json"
"""What a run was made from: version, digests of the data."""

ADAPTER_FOLDER = "adapter"
"""Where a finished run's adapter lies, in the run's folder."""

SHIPPED = "nano"
"""Names the adapter that seagull-nano ships with."""


def adapter_file(adapter: str) -> Path:
    """The adapter of a file, a run's folder, or an adapter's folder; ``nano`` is the shipped one.

    Raises:
        ConfigError: if there is none.
    """
    if adapter == SHIPPED and (shipped := nano_adapter()) is not None:
        return shipped
    place = Path(adapter)
    for candidate in (place, place / ADAPTER_FILE, place / ADAPTER_FOLDER / ADAPTER_FILE):
        if candidate.is_file():
            return candidate
    raise ConfigError(f"adapter: {adapter} is neither an adapter file nor a finished run's folder")
