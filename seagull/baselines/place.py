"""Where a trained baseline lies, and which it is. Importing this needs no torch."""

from __future__ import annotations

import json
from pathlib import Path

from seagull.files.home import home_path
from seagull.files.text import TextError, read_text

ABOUT_FILE = "baseline.json"
MODEL_FOLDER = "model"
"""In a run's folder."""


def baseline_folder(wanted: str | Path) -> Path | None:
    """The model folder that a path means, itself or in a run's folder; None if there is none."""
    place = home_path(wanted)
    places = (place, place / MODEL_FOLDER)
    return next((one for one in places if (one / ABOUT_FILE).is_file()), None)


def system_of(folder: Path) -> str:
    """The name of the system in a model folder; ``baseline`` where the file does not tell."""
    try:
        plain = json.loads(read_text(folder / ABOUT_FILE))
    except (json.JSONDecodeError, TextError, OSError):
        return "baseline"
    return str(plain.get("system", "baseline")) if isinstance(plain, dict) else "baseline"
