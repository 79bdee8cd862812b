"""The base model in the cache belongs to this version or is made again."""

import json
from pathlib import Path

import pytest

from seagull.model.build import preset_config
from seagull.model.errors import ModelError
from seagull.model.folders import is_current
from seagull.model.nano import VISION, nano_settings


def test_a_base_of_another_architecture_or_version_is_not_current(tmp_path: Path) -> None:
    assert not is_current(tmp_path)
    preset_config("seagull-nano").save_pretrained(tmp_path)
    assert is_current(tmp_path)
    assert not is_current(tmp_path, nano_settings("tf_efficientnet_lite2"))
    file = tmp_path / "config.json"
    stored = file.read_text()
    for group, name, value in (
        ("mfe_config", "geometry", False), ("vision_config", "towers", 5),
    ):  # fmt: skip
        changed = json.loads(stored)
        changed[group][name] = value
        file.write_text(json.dumps(changed))
        assert not is_current(tmp_path)


def test_only_backbones_with_a_package_can_be_chosen() -> None:
    for architecture in VISION:
        settings = nano_settings(architecture)
        assert settings["vision_config"]["architecture"] == architecture
    with pytest.raises(ModelError, match="no package for the backbone 'resnet18'"):
        nano_settings("resnet18")


def test_the_level_words_of_nano_stand_for_the_middles_of_their_bins() -> None:
    assert preset_config("seagull-nano").level_weights == [0.1, 0.3, 0.5, 0.7, 0.9]
    assert list(preset_config("seagull-7b").level_weights) == [0, 0.25, 0.5, 0.75, 1]
