"""What goes into the package: the run's adapter, its matrices in half precision."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

import seagull.model.presets
from seagull.model import SeagullForConditionalGeneration
from seagull.model.adapter import AdapterInfo, read_adapter, save_adapter

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_ship.py"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("nano_ship", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(seagull.model.presets, "__file__", str(tmp_path / "presets.py"))
    return module


@pytest.fixture
def trained(tiny_model: SeagullForConditionalGeneration, tmp_path: Path) -> Path:
    file = tmp_path / "adapter.safetensors"
    save_adapter(tiny_model, file, AdapterInfo("run"), groups=("mfe", "projector"))
    return file


def _ship(script: ModuleType, run: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["nano_ship.py", str(run)])
        script.main()
    return run.parent / "nano" / "adapter.safetensors"


def test_the_package_has_the_run_with_matrices_in_half_precision(
    script: ModuleType, trained: Path
) -> None:
    info, shipped = read_adapter(_ship(script, trained))
    _, wanted = read_adapter(trained)
    assert info.base == "nano"
    assert set(shipped) == set(wanted)
    for key, value in shipped.items():
        assert value.dtype == (torch.bfloat16 if value.ndim > 1 else torch.float32)
        assert torch.equal(value, wanted[key].to(value.dtype))


def test_a_file_that_is_too_large_is_named(
    script: ModuleType, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "LIMIT", 1000)
    with pytest.raises(SystemExit, match="larger than 0 MB"):
        _ship(script, trained)
