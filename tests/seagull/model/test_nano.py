"""The base model in the cache belongs to this version or is made again."""

import json
from pathlib import Path

from seagull.model.build import preset_config
from seagull.model.nano import is_current, nano_settings


def test_a_base_of_another_architecture_is_not_current(tmp_path: Path) -> None:
    assert not is_current(tmp_path)
    preset_config("seagull-nano").save_pretrained(tmp_path)
    assert is_current(tmp_path)
    assert not is_current(tmp_path, nano_settings(scales=[1.0]))
    file = tmp_path / "config.json"
    stored = json.loads(file.read_text())
    stored["mfe_config"]["geometry"] = False
    file.write_text(json.dumps(stored))
    assert not is_current(tmp_path)


def test_towers_that_are_trained_apart_look_once() -> None:
    vision = nano_settings()["vision_config"]
    assert len(vision["looks"]) == vision["towers"]
    assert nano_settings(scales=[1.0])["vision_config"]["looks"] == []
