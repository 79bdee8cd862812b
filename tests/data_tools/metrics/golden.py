"""Deterministic pairs of images, and what piq says about them.

    pip install piq && python tests/data_tools/metrics/golden.py

writes haarpsi_piq.json beside this file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
GOLDEN = Path(__file__).with_name("haarpsi_piq.json")


def scene(height: int, width: int) -> NDArray[np.float64]:
    """A slope, waves and a checkerboard, in [0, 255], shape (H, W, 3)."""
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    red = 40 + 160 * columns / width + 30 * np.sin(rows / 2.5)
    green = 128 + 80 * np.sin(columns / 3) * np.sin(rows / 5)
    blue = np.where((rows // 20 + columns // 20) % 2, 200, 50) + 20 * np.cos(columns / 1.7)
    return np.clip(np.stack([red, green, blue], axis=2), 0, 255)


def noise(height: int, width: int) -> NDArray[np.float64]:
    """Numbers in [-1, 1] from the fractional part of a sine, the same on every machine."""
    index = np.arange(height * width * 3, dtype=np.float64)
    value = np.sin(index % 9973 + 1) * 1e4
    return (2 * (value - np.floor(value)) - 1).reshape(height, width, 3)


def pairs() -> Iterator[tuple[str, Image, Image]]:
    """Name, reference and distorted image."""
    for height, width in ((96, 128), (97, 131), (64, 65), (33, 32)):
        clean = scene(height, width)
        shifted = (clean + np.roll(clean, 1, 1) + np.roll(clean, 2, 1)) / 3
        grey = np.repeat(clean.mean(axis=2, keepdims=True), 3, axis=2)
        for name, changed in (
            ("weak noise", clean + 8 * noise(height, width)),
            ("strong noise", clean + 80 * noise(height, width)),
            ("smear", shifted),
            ("grey", grey),
            ("dark", clean * 0.3),
            ("bright", clean * 2.5),
            ("low contrast", 128 + 0.4 * (clean - 128)),
            ("flat", np.full_like(clean, 128)),
        ):
            yield f"{name} {height}x{width}", _codes(clean), _codes(changed)


def _codes(values: NDArray[np.float64]) -> Image:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def main() -> None:
    """Writes piq's scores in double precision."""
    import piq
    import torch

    def tensor(image: Image) -> torch.Tensor:
        return torch.from_numpy(image.transpose(2, 0, 1)[None].astype(np.float64)) / 255

    scores = {
        name: float(piq.haarpsi(tensor(changed), tensor(clean), data_range=1.0))
        for name, clean, changed in pairs()
    }
    GOLDEN.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(scores)} scores of piq {piq.__version__} in {GOLDEN}\n")


if __name__ == "__main__":
    main()
