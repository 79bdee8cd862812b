"""Exports an adapter merged into its base, as a model folder that any command takes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch

from seagull.files.card import CARD_FILE
from seagull.files.permissions import allow_readers
from seagull.model.adapter import apply_adapter, read_adapter, write_adapter
from seagull.model.checkpoint import load_model, load_processor
from seagull.model.head import GROUP, HEAD_FILE
from seagull.training.card import card_text
from seagull.training.finished import adapter_file


def export(adapter: str, base: Path, out: Path, *, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Merges LoRA, and writes safetensors, processor, card and the run's settings.

    Args:
        adapter: adapter file, its folder, or the run's folder.
        base: folder of the model it was trained on.
        out: a new folder.
        dtype: of the weights written.

    Raises:
        ConfigError: if there is no adapter.
        ModelError: if it does not fit the base.
        ValueError: if the folder exists.
    """
    if out.exists():
        raise ValueError(f"{out}: it exists already; name a new folder, nothing is overwritten")
    file = adapter_file(adapter)
    # Merged in 32 bits, then rounded once.
    model = load_model(base, dtype=torch.float32, device="cpu")
    info = apply_adapter(model, file, merge=True)
    scratch = out.with_name(f".{out.name}.partial")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        torch.nn.Module.to(model, dtype).save_pretrained(scratch)
        load_processor(base).save_pretrained(scratch)
        _, tensors = read_adapter(file)
        if head := {key: value for key, value in tensors.items() if key.startswith(GROUP)}:
            write_adapter(scratch / HEAD_FILE, head, replace(info, rank=0, alpha=0.0))
        allow_readers(scratch.glob("*.safetensors"))
        (scratch / CARD_FILE).write_text(card_text(info, out.name), encoding="utf-8")
        for name in ("config.yaml", "run.json"):
            if (source := file.parent / name).is_file():
                target = "training.yaml" if name == "config.yaml" else "training_run.json"
                shutil.copyfile(source, scratch / target)
        scratch.replace(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return out
