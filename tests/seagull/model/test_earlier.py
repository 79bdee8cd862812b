"""What earlier versions made is refused with what to do; what still fits is taken."""

import json
from pathlib import Path

import pytest
import torch

from seagull.inference.load import find_model, load
from seagull.model.adapter import AdapterInfo, read_adapter, write_adapter
from seagull.model.checkpoint import check_folder
from seagull.model.errors import ModelError

REMEDY = r"earlier version of Seagull.*`seagull download nano`, or train anew"
NOTHING = {
    "vision_config": {"towers": 1, "scales": [], "looks": []},
    "mfe_config": {"towers": 0, "region_tower": False, "subsets": 0, "surroundings": "none"},
}


def change(folder: Path, changes: dict) -> None:
    file = folder / "config.json"
    stored = json.loads(file.read_text())
    for group, settings in changes.items():
        stored[group] |= settings
    file.write_text(json.dumps(stored))


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("vision_config", "towers", 5),
        ("vision_config", "scales", [0.5]),
        ("vision_config", "looks", [3]),
        ("mfe_config", "towers", 2),
        ("mfe_config", "region_tower", True),
        ("mfe_config", "subsets", 3),
        ("mfe_config", "surroundings", "tokens"),
    ],
)
def test_a_folder_of_the_earlier_architecture_is_refused(
    tiny_model, processor, tmp_path, monkeypatch, group, name, value
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "seagull" / "models" / "mine"
    tiny_model.save_pretrained(folder)
    processor.save_pretrained(folder)
    change(folder, NOTHING)
    load(folder, device="cpu")
    change(folder, {group: {name: value}})
    with pytest.raises(ModelError, match=f"which had {group}.{name}; .*{REMEDY[-40:]}"):
        load(folder, device="cpu")
    with pytest.raises(ModelError, match=REMEDY):
        find_model("mine")


@pytest.mark.parametrize(
    "key",
    [
        "vision_encoder.others.0.conv_stem.weight",
        "vision_encoder.backbone.conv.weight.low_rank_A",
        "mfe.surroundings.0.weight",
        "head.readers.0.norm.scale",
        "head.gate.inner.weight",
        "head.presence.weight",
    ],
)
def test_an_adapter_of_the_earlier_architecture_is_refused(tmp_path: Path, key: str) -> None:
    file = tmp_path / "adapter.safetensors"
    write_adapter(file, {"mfe.a": torch.zeros(1), key: torch.zeros(1)}, AdapterInfo("nano"))
    with pytest.raises(ModelError, match=REMEDY):
        read_adapter(file)


def test_a_finished_folder_says_nothing_of_what_is_no_more(tiny_model, tmp_path) -> None:
    tiny_model.save_pretrained(tmp_path)
    assert check_folder(tmp_path).level_weights == list(tiny_model.config.level_weights)
    stored = json.loads((tmp_path / "config.json").read_text())
    for group, settings in NOTHING.items():
        assert not stored[group].keys() & settings.keys()
