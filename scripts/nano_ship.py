"""Puts a finished adapter into the package: matrices in bfloat16, with where its recipe stands.

python scripts/nano_ship.py outputs/nano/2-language
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch

import seagull.model.presets
from seagull.model.adapter import read_adapter, write_adapter
from seagull.model.folders import ADAPTER_FILE
from seagull.training.finished import adapter_file

LIMIT = 25_000_000
"""Most bytes of the file: it is part of every installation."""


def main() -> None:
    """Writes the file and says how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("run", help="run folder or adapter file of the last stage")
    options = parser.parse_args()
    info, tensors = read_adapter(adapter_file(options.run))
    # Scales and shifts, which are few, partly cancel each other: rounded, they would not meet.
    kept = {
        key: value.float() if value.ndim == 1 else value.to(torch.bfloat16)
        for key, value in tensors.items()
    }
    about = {"version": info.about.get("version"), "recipe": "docs/nano.md"}
    target = Path(seagull.model.presets.__file__).parent / "nano" / ADAPTER_FILE
    target.parent.mkdir(exist_ok=True)
    write_adapter(target, kept, replace(info, base="nano", about=about))
    size = target.stat().st_size
    print(f"{target}: {size / 1e6:.1f} MB, {sum(v.numel() for v in kept.values()):,} parameters")
    if size > LIMIT:
        raise SystemExit(f"the adapter is larger than {LIMIT / 1e6:.0f} MB; lower lora.rank")


if __name__ == "__main__":
    main()
