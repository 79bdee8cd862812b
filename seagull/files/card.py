"""Sections that every model card has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CARD_FILE = "README.md"


def results_section(metrics: Mapping[str, float]) -> list[str]:
    """Lines of Markdown: what was measured on validation photos."""
    measured = [f"- {name}: {value:.4f}" for name, value in metrics.items()] or ["- nothing"]
    return ["## Measured on validation photos", "", *measured, ""]


def settings_section(plain: Mapping[str, Any]) -> list[str]:
    """Lines of Markdown: the settings of a training as JSON."""
    return ["## Settings", "", "```json", json.dumps(plain, indent=2), "```", ""]
