"""Sections that every model card has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

CARD_FILE = "README.md"


def results_section(metrics: Mapping[str, float]) -> list[str]:
    """Lines of Markdown: what was measured on validation photos."""
    measured = [f"- {name}: {value:.4f}" for name, value in metrics.items()] or ["- nothing"]
    return ["## Measured on validation photos", "", *measured, ""]


def data_lines(paths: Sequence[str], history: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: what was trained on, and by which bytes it is known again.

    Args:
        paths: of the sources, as the settings name them.
        history: ``data``, digests of the record files by path, and ``records``, how many photos
            can be used, both as the run wrote them down; left out where it did not.
    """
    digests: Mapping[str, str] = history.get("data") or {}
    lines = [f"- `{path}`" for path in paths]
    lines += [f"- SHA-256 of `{path}`: `{digest}`" for path, digest in digests.items()]
    return [*lines, *([f"- used: {history['records']} photos"] if "records" in history else [])]


def settings_section(plain: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: the settings of a training as JSON."""
    return ["## Settings", "", "```json", json.dumps(plain, indent=2), "```", ""]
