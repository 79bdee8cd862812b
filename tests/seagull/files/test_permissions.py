"""Weights may be read by whoever may read other new files."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from seagull.files.permissions import allow_readers
from seagull.model.adapter import AdapterInfo, write_adapter


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


def test_weights_get_the_permissions_of_new_files(tmp_path: Path) -> None:
    plain, weights = tmp_path / "plain", tmp_path / "model.safetensors"
    plain.touch()
    save_file({"a": torch.zeros(2)}, weights)
    weights.chmod(0o600)
    allow_readers([weights])
    assert mode(weights) == mode(plain)
    assert sorted(tmp_path.iterdir()) == [weights, plain]


def test_an_adapter_can_be_shared(tmp_path: Path) -> None:
    plain, adapter = tmp_path / "plain", tmp_path / "adapter.safetensors"
    plain.touch()
    write_adapter(adapter, {"mfe.a": torch.zeros(2)}, AdapterInfo("tiny", rank=3, alpha=6.0))
    assert mode(adapter) == mode(plain)
