"""What goes into the package: matrices in half precision, some towers by what training changed."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from safetensors.torch import load_file

import seagull.model.presets
from seagull.model import SeagullConfig, SeagullForConditionalGeneration
from seagull.model.adapter import AdapterInfo, apply_adapter, read_adapter, save_adapter
from seagull.model.build import build_model

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_ship.py"
GROUPS = ("vision_encoder", "mfe", "projector")
RANK = 2


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("nano_ship", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "download_nano", lambda: tmp_path / "base")
    monkeypatch.setattr(seagull.model.presets, "__file__", str(tmp_path / "presets.py"))
    return module


@pytest.fixture
def config(tiny_config: SeagullConfig) -> SeagullConfig:
    settings = tiny_config.to_dict()
    settings["vision_config"]["towers"] = 3
    return SeagullConfig(**settings)


@pytest.fixture
def trained(config: SeagullConfig, tmp_path: Path) -> dict[str, torch.Tensor]:
    """A base model's folder and a run's adapter that changes all of its towers."""
    torch.manual_seed(4)
    model = build_model(config)
    model.save_pretrained(tmp_path / "base")
    with torch.no_grad():
        for value in model.vision_encoder.parameters():
            value.add_(0.1 * torch.randn_like(value))
    (tmp_path / "run").mkdir()
    save_adapter(model, tmp_path / "run" / "adapter.safetensors", AdapterInfo("run"), groups=GROUPS)
    return dict(model.vision_encoder.named_parameters())


def _base(config: SeagullConfig, folder: Path) -> SeagullForConditionalGeneration:
    model = build_model(config)
    model.load_state_dict(load_file(folder / "base" / "model.safetensors"), strict=False)
    return model


def _ship(script: ModuleType, folder: Path, *options: str) -> Path:
    arguments = ["nano_ship.py", str(folder / "run" / "adapter.safetensors"), *options]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", arguments)
        script.main()
    return folder / "nano" / "adapter.safetensors"


def test_the_package_has_the_run_with_the_named_towers_as_factors(
    script: ModuleType, config: SeagullConfig, trained: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    whole = _ship(script, tmp_path).stat().st_size
    shipped = _ship(script, tmp_path, "--towers", f"1:{RANK}", f"3:{RANK + 1}")
    assert shipped.stat().st_size < 0.8 * whole
    info, stored = read_adapter(shipped)
    assert info.base == "nano"
    assert all(value.dtype == torch.bfloat16 for value in stored.values() if value.ndim > 1)
    assert all(value.dtype == torch.float32 for value in stored.values() if value.ndim == 1)
    model, base = (_base(config, tmp_path) for _ in range(2))
    apply_adapter(model, shipped)
    own, before = (dict(m.vision_encoder.named_parameters()) for m in (model, base))
    for tower in ("backbone", "others.0", "others.1"):
        keys = [key for key in trained if key.startswith(tower) and trained[key].ndim == 2]
        key = max(keys, key=lambda name: min(trained[name].shape))
        change, kept = trained[key] - before[key], own[key] - before[key]
        rank = int((torch.linalg.svdvals(kept) > 0.02 * kept.norm()).sum())
        if tower == "others.0":
            torch.testing.assert_close(kept, change, rtol=0.1, atol=0.02)
            assert rank > RANK
        else:
            assert rank == (RANK if tower == "backbone" else RANK + 1)
            assert (change - kept).norm() < change.norm()


def test_a_file_that_is_too_large_is_named(
    script: ModuleType, trained: dict[str, torch.Tensor], tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(script, "LIMIT", 1000)
    with pytest.raises(SystemExit, match="larger than 0 MB"):
        _ship(script, tmp_path)
