"""A tiny set of records: whole photos with MOS, and photos with two regions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from seagull.baselines.config import BaselineConfig
from seagull.files.config import build_settings
from seagull.records import InstructionRecord, RegionLabels, write_records
from seagull.regions.spec import RegionSpec

ENCODERS = {
    "qfm-iqm": {"qfm_iqm": {"encoder": {"architecture": "test_vit"}, "heads": 4}},
    "dgiqa": {
        "dgiqa": {
            "encoder": {"architecture": "test_convnext"}, "channels": [8, 8, 8, 8], "heads": 4,
            "dilated": 16,
        }
    },
}  # fmt: skip


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve photos: the brighter, the better; every third has two regions and no opinion of all.

    Names of photos are their numbers.
    """
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(3)
    made = []
    for number in range(12):
        level = number / 11
        pixels = rng.integers(0, 40, (80, 100, 3), dtype=np.uint8) + np.uint8(200 * level)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        if number % 3:
            specs = (RegionSpec("1", whole=True),)
            labels = {"1": RegionLabels(quality=level, metric="mos")}
        else:
            specs = (RegionSpec("1", box=(0, 0, 40, 80)), RegionSpec("2", box=(40, 0, 100, 30)))
            labels = {
                "1": RegionLabels(quality=level, importance=0.8, metric="mos"),
                "2": RegionLabels(quality=0.4, importance=0.2, metric="topiq"),
            }
        made.append(InstructionRecord(str(number), f"{number}.png", specs, (), labels))
    write_records(folder / "train.jsonl", made)
    return folder / "train.jsonl"


@pytest.fixture
def settings(tmp_path: Path, records: Path) -> Callable[..., BaselineConfig]:
    """Makes settings of a short run with a tiny encoder."""

    def make(system: str = "qfm-iqm", **changes: Any) -> BaselineConfig:
        plain: dict[str, Any] = {
            "system": system, "output": str(tmp_path / "run"), "device": "cpu",
            "data": {"train": [{"path": str(records)}]},
            "view": {"side": 64, "short_side": 72, "windows": 2},
            "batch_size": 4, "max_steps": 6, "log_every": 1, "save_every": 2,
            "lr": {"default": 1e-3}, **ENCODERS[system],
        }  # fmt: skip
        return build_settings(BaselineConfig, merged(plain, changes))

    return make


def merged(plain: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Plain settings with others put into them, group by group."""
    out = dict(plain)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict) and key != "lr"
        out[key] = merged(out[key], value) if both else value
    return out
