"""Lists the models that can be loaded by name, from their folders alone, without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seagull.files.download import cache_dir
from seagull.model.errors import ModelError
from seagull.model.folders import NANO_FOLDER, is_current, stored_config
from seagull.model.shipped import nano_adapter

PUBLISHED = "seagull-7b"
"""Name of the paper's model, wherever it was made."""


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
            trained = bool(stored_config(folder).get("trained", False))
        except ModelError:
            continue
        entries[folder.name] = ModelEntry(folder.name, "model folder in the cache", folder, trained)
    nano = entries.pop(NANO_FOLDER, None)
    if nano is not None and nano.path is not None and not is_current(nano.path):
        nano = None  # of an earlier version; the download replaces it
    description = "EfficientNet-Lite0 and SmolLM2-135M: small, runs anywhere"
    trained = nano is not None and (bool(nano.trained) or nano_adapter() is not None)
    nano_entry = ModelEntry(
        "nano", description, nano.path if nano else None, trained if nano else None
    )
    published = ModelEntry(
        PUBLISHED, "the paper's 7B model; made from the released checkpoint by `seagull convert`",
        None, None,
    )  # fmt: skip
    cached = [entry for entry in entries.values() if entry.name != PUBLISHED]
    return [nano_entry, entries.get(PUBLISHED, published), *cached]
