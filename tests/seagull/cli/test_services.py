"""The real services: what they do around loading a model."""

from types import SimpleNamespace

import pytest
import torch

import seagull.inference.load
from seagull.cli import services


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_freed_memory_is_kept_on_a_cpu_once_the_model_is_there(
    device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    assessor = SimpleNamespace(engine=SimpleNamespace(device=torch.device(device)))

    def load(model: str, **options: object) -> SimpleNamespace:
        done.append(f"load {model} {options['device']}")
        return assessor

    monkeypatch.setattr(seagull.inference.load, "load", load)
    monkeypatch.setattr(services, "keep_freed_memory", lambda: done.append("keep"))
    loaded = services.Services().load("nano", device=device, dtype="auto", quantization=None)
    assert loaded is assessor
    assert done == [f"load nano {device}", *(["keep"] if device == "cpu" else [])]
