"""Models are listed from their folders' files."""

from __future__ import annotations

import json

import pytest

from seagull.inference.known import known_models
from seagull.model.errors import ModelError
from seagull.model.folders import stored_config


@pytest.fixture
def models(tmp_path, monkeypatch, tiny_model):
    """The folder of models in an empty cache, with one model ``mine``."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "seagull" / "models"
    tiny_model.save_pretrained(folder / "mine")
    return folder


def test_a_model_in_the_cache_is_listed_as_trained_or_not(models, tiny_model):
    names = {entry.name: entry for entry in known_models()}
    assert set(names) == {"nano", "seagull-7b", "mine"}
    assert (names["mine"].path, names["mine"].trained) == (models / "mine", False)
    assert (names["nano"].path, names["nano"].trained) == (None, None)
    file = models / "mine" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"trained": True}))
    assert {entry.name: entry.trained for entry in known_models()}["mine"] is True


@pytest.mark.parametrize("content", ["{", "[]", '{"model_type": "llama"}', "\ufeff{}", "[" * 99999])
def test_a_folder_that_is_no_model_is_left_out_and_refused_with_a_reason(models, content):
    (models / "mine" / "config.json").write_text(content)
    assert "mine" not in {entry.name for entry in known_models()}
    with pytest.raises(ModelError, match="mine"):
        stored_config(models / "mine")
