"""Step time of a vision encoder on a CPU before and after its process keeps the memory it frees.

    python benchmarks/vision_step.py

Nano's encoder with random weights, forward and backward on windows of noise, as in the stages of
training that leave the language model out. Memory is kept for the rest of a process, so the steps
without it come first; medians of both. The last line is JSON.
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
from seagull.model.vision import VisionEncoder


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--side", type=int, default=288, help="of the windows, in pixels")
    parser.add_argument("--steps", type=int, default=5, help="timed ones, before and after each")
    print(json.dumps(measure(parser.parse_args())))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    vision = preset_config("seagull-nano").vision
    encoder = VisionEncoder(vision.architecture, vision.levels).train()
    torch.nn.Module.to(encoder, memory_format=torch.channels_last)
    pixels = torch.randn(options.batch, 3, options.side, options.side)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    before = step_times(encoder, pixels, options.steps)
    kept = keep_freed_memory()
    after = step_times(encoder, pixels, options.steps)
    return {
        "batch": options.batch, "side": options.side, "kept": kept,
        "before_s": round(before, 3), "after_s": round(after, 3),
        "windows_per_s": round(options.batch / after, 1),
        "kept_memory_speedup": round(before / after, 3),
    }  # fmt: skip


def step_times(encoder: VisionEncoder, pixels: torch.Tensor, steps: int) -> float:
    """Median seconds of a step, after one that does not count."""
    times = []
    for _ in range(steps + 1):
        start = time.perf_counter()
        loss = torch.stack([level.square().mean() for level in encoder(pixels)]).sum()
        loss.backward()
        encoder.zero_grad()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


if __name__ == "__main__":
    main()
