"""Finds the strengths of every ladder: equal steps of mean HaarPSI over photos.

    python -m data_tools.distort.derive PHOTOS > data_tools/distort/values.py

Each ladder is measured on a grid of strengths; level k takes the strength at which the mean score
of the photos is that of k on the straight line from .97 to .40. Codecs know whole numbers only, so
their levels take the nearest of those that every photo orders alike.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.distort.registry import apply, distortion_key
from data_tools.distort.setting import LEVELS
from data_tools.distort.tables import LADDERS, Ladder
from data_tools.metrics.haarpsi import HaarPsi
from data_tools.reference.reference import Reference, from_rgb

HIGHEST, LOWEST = 0.97, 0.40
_SUFFIXES = {".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff"}
_GRID = 28
# Weakest and strongest strength tried, and whether steps between are equal ratios.
_RANGES: dict[str, tuple[float, float, bool]] = {
    "blur/gaussian": (0.35, 16.0, True),
    "blur/disc": (0.5, 32.0, True),
    "blur/motion": (1.1, 90.0, True),
    "colorfulness/saturation-higher": (1.1, 14.0, True),
    "colorfulness/saturation-lower": (0.95, 0.0, False),
    "contrast/slope-higher": (1.05, 9.0, True),
    "contrast/slope-lower": (0.95, 0.12, False),
    "exposure/gain-higher": (0.1, 4.6, False),
    "exposure/gain-lower": (-0.2, -6.5, False),
    "noise/read": (0.0005, 0.5, True),
    "noise/sensor": (0.001, 0.9, True),
    "noise/shot": (0.001, 1.2, True),
}
_WHOLE: dict[str, Sequence[int]] = {
    "compression/jpeg": range(96, 0, -1),
    "compression/webp": range(98, 0, -2),
    "compression/jpeg2000": sorted(
        {round(rate) for rate in np.geomspace(300, 2, 70)}, reverse=True
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures every ladder and writes the module of values to standard output."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder of pristine photos, searched recursively")
    parser.add_argument("--count", type=int, default=24, help="photos to measure on")
    parser.add_argument("--only", help="one ladder (type/variant); the others stay as they are")
    parser.add_argument("--long-side", type=int, default=512)
    options = parser.parse_args(arguments)
    references = [
        from_rgb(path.stem, image, options.long_side)
        for path, image in read_photos(options.photos, options.count)
    ]
    if not references:
        parser.error(f"no photos found under {options.photos}")
    sys.stdout.write(module_of(derive_all(references, options.only)))


def module_of(ladders: Iterable[tuple[str, tuple[float, ...]]]) -> str:
    """The text of the module of values, ten to a line."""
    lines = [
        '"""Strengths of the ladders, weakest first, by type/variant.',
        "",
        "Written by data_tools.distort.derive; not for editing by hand.",
        '"""',
        "",
        "# fmt: off",
        "VALUES: dict[str, tuple[float, ...]] = {",
    ]
    for name, values in ladders:
        shown = [f"{value!r}," for value in values]
        rows = [" ".join(shown[start : start + 10]) for start in range(0, len(shown), 10)]
        lines += [f'    "{name}": (', *(f"        {row}" for row in rows), "    ),"]
    return "\n".join([*lines, "}", ""])


def read_photos(folder: Path, count: int) -> Iterator[tuple[Path, NDArray[np.uint8]]]:
    """Up to ``count`` photos spread evenly over the sorted folder, as RGB."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    chosen = np.unique(np.linspace(0, len(paths) - 1, min(count, len(paths))).astype(int))
    for path in (paths[index] for index in chosen):
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise ValueError(f"{path} cannot be read as an image; remove it from the folder")
        yield path, np.asarray(image, dtype=np.uint8)


def derive_all(
    references: Sequence[Reference], only: str | None = None
) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The name and the twenty strengths of every ladder; known ones of all but ``only``."""
    for (type, variant), ladder in LADDERS.items():
        name = f"{type.value}/{variant}"
        if only not in (None, name):
            yield name, ladder.values
        elif name in _WHOLE:
            steps = list(_WHOLE[name])
            yield name, whole_steps(steps, all_scores(ladder, steps, references))
        else:
            grid = _grid(*_RANGES[name])
            yield name, equal_steps(grid, all_scores(ladder, grid, references).mean(axis=0))


def _grid(weakest: float, strongest: float, ratios: bool) -> list[float]:
    space = np.geomspace if ratios else np.linspace
    return [float(value) for value in space(weakest, strongest, _GRID)]


def all_scores(
    ladder: Ladder, strengths: Sequence[float], references: Sequence[Reference]
) -> NDArray[np.float64]:
    """HaarPSI by photo and strength, shape (photos, strengths)."""
    labeller = HaarPsi()
    rows = []
    for item in references:
        cache = labeller.prepare(item.srgb)
        key = distortion_key(ladder.type, item.image_id, 0)
        settings = [ladder.setting(1).with_parameter(float(value)) for value in strengths]
        rows.append([labeller.score_image(cache, apply(one, item, key)) for one in settings])
    return np.asarray(rows)


def equal_steps(strengths: Sequence[float], scores: NDArray[np.float64]) -> tuple[float, ...]:
    """The strengths of twenty equal steps of score, by interpolation, to four digits."""
    falling = np.minimum.accumulate(scores)
    lowest = max(LOWEST, float(falling[-1]))
    targets = np.linspace(HIGHEST, lowest, LEVELS)
    found = np.interp(-targets, -falling, np.asarray(strengths))
    return tuple(float(f"{value:.4g}") for value in found)


def whole_steps(strengths: Sequence[int], scores: NDArray[np.float64]) -> tuple[float, ...]:
    """Twenty measured strengths, each as near its step as the stronger ones allow.

    A codec's neighbouring qualities are not always ordered: a strength is passed over if any photo
    scores no higher with it than with the next stronger one that is kept.
    """
    kept = [len(strengths) - 1]
    for index in range(len(strengths) - 2, -1, -1):
        if np.all(scores[:, index] > scores[:, kept[-1]]):
            kept.append(index)
    kept.reverse()
    means = scores[:, kept].mean(axis=0)
    targets = np.linspace(HIGHEST, max(LOWEST, float(means[-1])), LEVELS)
    chosen: list[int] = []
    limit = len(kept)
    for level in range(LEVELS - 1, -1, -1):
        nearest = int(np.argmin(np.abs(means - targets[level])))
        limit = max(level, min(nearest, limit - 1))
        chosen.append(limit)
    return tuple(float(strengths[kept[index]]) for index in reversed(chosen))


if __name__ == "__main__":
    main()
