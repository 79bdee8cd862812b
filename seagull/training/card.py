"""The model card of an adapter or an exported model, from what the run wrote down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seagull.files.card import CARD_FILE, results_section, settings_section
from seagull.model.adapter import AdapterInfo, read_info
from seagull.model.folders import ADAPTER_FILE


def write_card(folder: Path) -> None:
    """Writes the card of the adapter in a folder beside it."""
    info = read_info(folder / ADAPTER_FILE)
    (folder / CARD_FILE).write_text(card_text(info, folder.resolve().name), encoding="utf-8")


def card_text(info: AdapterInfo, name: str) -> str:
    """The card in Markdown: what it is, how it was trained, what was measured."""
    config: Mapping[str, Any] = info.about.get("config", {})
    metrics: Mapping[str, float] = info.about.get("metrics", {})
    lines = [
        f"# {name}",
        "",
        "Region-level image quality assessment (quality, importance, distortions) with Seagull.",
        "",
        f"- base model: `{info.base}`",
        f"- stage: {config.get('stage', 'unknown')}; steps: {info.about.get('step', 'unknown')}",
        f"- LoRA: {f'rank {info.rank}, alpha {info.alpha:g}' if info.rank else 'none'}",
        f"- made by Seagull {info.about.get('version', 'unknown')}",
        "",
        "## Training data",
        "",
        *[f"- `{source['path']}`" for source in config.get("data", {}).get("train", [])],
        "",
        "Their licences apply to what was learned from them.",
        "",
        *results_section(metrics),
        *settings_section(config),
    ]
    return "\n".join(lines)
