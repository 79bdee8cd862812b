"""Time of a look at a photo on a CPU: batch normalisation folded or not, looks as in use or one.

    python -m benchmarks.vision_look

Nano's vision encoder with random weights on a photo of noise, as ``load`` makes it ready and as it
was trained, all its towers, in turns; medians. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import torch

from seagull.memory import keep_freed_memory
from seagull.model.build import preset_config
from seagull.model.folding import fold_norms
from seagull.model.vision import VisionEncoder


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--height", type=int, default=512, help="of the photo, in pixels")
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=15)
    keep_freed_memory()
    print(json.dumps(measure(parser.parse_args())))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    looks = tuple(preset_config("seagull-nano").vision.looks)
    encoders = {
        "plain": encoder_of(looks, folds=False),
        "folded": encoder_of(looks, folds=True),
        "folded_one_look": encoder_of((), folds=True),
    }
    pixels = torch.randn(1, 3, options.height, options.width)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    times: dict[str, list[float]] = {name: [] for name in encoders}
    for _ in range(options.rounds + 1):
        for name, encoder in encoders.items():
            start = time.perf_counter()
            with torch.inference_mode():
                encoder(pixels)
            times[name].append(time.perf_counter() - start)
    found = {name: statistics.median(own[1:]) for name, own in times.items()}
    return {
        "height": options.height, "width": options.width, "looks": looks,
        **{f"{name}_s": round(seconds, 4) for name, seconds in found.items()},
        "folding_speedup": round(found["plain"] / found["folded"], 3),
        "looks_cost": round(found["folded"] / found["folded_one_look"], 3),
    }  # fmt: skip


def encoder_of(looks: tuple[int, ...], *, folds: bool) -> VisionEncoder:
    """Nano's vision encoder with so many looks of each tower (none given: one)."""
    vision = preset_config("seagull-nano").vision
    encoder = VisionEncoder(
        vision.architecture, vision.levels, towers=vision.towers, scales=vision.scales, looks=looks
    ).eval()
    if folds:
        fold_norms(encoder)
    torch.nn.Module.to(encoder, memory_format=torch.channels_last)
    return encoder


if __name__ == "__main__":
    main()
