"""Which model is meant by a name, and by a folder that is called alike."""

from pathlib import Path

import pytest

from seagull.files.home import HomeError
from seagull.inference import load as loading
from seagull.inference.known import ModelEntry
from seagull.inference.load import find_model
from seagull.model.errors import ModelError


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the model nano in the cache; another ``nano`` lies in the current folder."""
    folder = tmp_path / "cache" / "seagull-nano"
    entries = [ModelEntry("nano", "", folder, True), ModelEntry("seagull-7b", "", None, None)]
    monkeypatch.setattr(loading, "known_models", lambda: entries)
    monkeypatch.chdir(tmp_path)
    for name in ("nano", "mine", "seagull-7b"):
        (tmp_path / name).mkdir()
    return folder


@pytest.mark.parametrize("name", ["nano", "seagull-nano"])
def test_a_name_means_the_model_whatever_lies_here(cached, name, caplog):
    Path("seagull-nano").mkdir()
    assert find_model(name) == cached
    assert [record.message for record in caplog.records] == [
        f"the model nano, not the folder of this name here: that is ./{name}"
    ]


def test_a_folder_is_meant_by_its_path(cached, tmp_path):
    for path in ("./nano", "nano/", str(tmp_path / "nano"), Path("nano")):
        assert find_model(path).resolve() == tmp_path / "nano"
    assert find_model("mine") == Path("mine")


def test_a_name_whose_weights_are_missing_is_not_taken_from_here(cached):
    with pytest.raises(ModelError, match="seagull-7b is not on this machine"):
        find_model("seagull-7b")


def test_folders_need_no_home(cached, monkeypatch):
    def homeless():
        raise HomeError("no home")

    monkeypatch.setattr(loading, "known_models", homeless)
    assert find_model("mine") == Path("mine")
    with pytest.raises(HomeError):
        find_model("other")


def test_an_adapter_of_peft_is_named(cached, tmp_path):
    (tmp_path / "mine" / "adapter_config.json").write_text("{}")
    (tmp_path / "mine" / "adapter_model.safetensors").touch()
    for path in ("mine", tmp_path / "mine"):
        with pytest.raises(ModelError, match="mine: an adapter of the library peft"):
            find_model(path)
    (tmp_path / "mine" / "adapter.safetensors").touch()
    assert find_model("mine") == Path("mine")
