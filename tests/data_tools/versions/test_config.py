"""Settings of versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_tools.config import DataConfig
from data_tools.versions.config import VersionsConfig
from seagull.files.config import ConfigError, load_settings


def test_the_longest_beginning_of_the_path_decides_who_validates() -> None:
    config = VersionsConfig(validation={"a": 0.2, "a/b": 1.0, "c": 0.0})
    shares = {
        path: config.validation_share(path, 0.1)
        for path in ("a/x.png", "a/b/x.png", "ab/x.png", "c/d/x")
    }
    assert shares == {"a/x.png": 0.2, "a/b/x.png": 1.0, "ab/x.png": 0.1, "c/d/x": 0.0}


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("versions.window=[320,480]", "versions.window"),
        ("versions.kinds={inwards: 1}", "versions.kinds"),
        ("versions.kinds={inside: 0}", "versions.kinds"),
        ("versions.validation={a: 2}", "versions.validation"),
        ("versions.per_scene=0", "versions.per_scene"),
        ("versions.kinds={inside: much}", "versions.kinds"),
    ],
)
def test_impossible_values_are_named(override: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named.replace(".", r"\.")):
        load_settings(DataConfig, None, [override])


def test_the_shipped_settings_load() -> None:
    path = Path(__file__).resolve().parents[3] / "configs" / "data" / "nano.yaml"
    config = load_settings(DataConfig, path)
    assert config.versions.validation["bsds500/val"] == 1.0
    assert sum(config.versions.kinds.values()) == pytest.approx(1.0)
