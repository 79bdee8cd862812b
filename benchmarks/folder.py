"""How near a folder run comes to the speed of its slowest stage.

    python -m benchmarks.folder PHOTOS [--photos 12] [--boxes 8] [--everything]
    python -m benchmarks.folder PHOTOS --memory 1000     # resident size after 200 and 1000 photos

Reading (with region making) and the model are timed alone on the same photos, then the folder run,
in which the next photo is read while the model works. The last line is one JSON object; its
``share_of_slowest_stage`` is the slower stage's time over the run's. Stages share the machine's
cores: where both keep all cores busy, no overlap can help.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil

from seagull.inference.assessor import Assessor
from seagull.inference.folder import AssessedPhoto, assess_photos
from seagull.inference.load import load
from seagull.photos import Photo, find_photos, read_photo
from seagull.regions.build import build_regions
from seagull.regions.load import load_segmenter
from seagull.types import Region


def boxes(photo: Photo, count: int) -> list[Region]:
    """Boxes of a third of the photo's sides, spread over it."""
    rng = np.random.default_rng(count)
    height, width = photo.height // 3, photo.width // 3
    regions = []
    for index in range(count):
        top, left = rng.integers(photo.height - height), rng.integers(photo.width - width)
        mask = np.zeros(photo.size, dtype=bool)
        mask[top : top + height, left : left + width] = True
        regions.append(Region(mask, id=str(index + 1)))
    return regions


EARLY = 200
"""Photos after which memory is looked at first: caches are full by then."""


def resident_mib(assessor: Assessor, paths: Sequence[Path], count: int) -> tuple[float, float]:
    """Resident size of the process in MiB after ``EARLY`` whole photos and after all of them.

    The folder's photos come again and again, their rows shifted, so that no two are the same.
    """
    early = 0.0
    for number in range(count):
        pixels = read_photo(paths[number % len(paths)]).pixels
        assessor.assess(np.roll(pixels, number // len(paths), axis=0))
        if number + 1 == min(EARLY, count):
            early = _resident()
    return early, _resident()


def _resident() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


def options() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description="Folder runs against their slowest stage.")
    parser.add_argument("folder")
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--boxes", type=int, default=8)
    parser.add_argument("--everything", action="store_true", help="automatic regions instead")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--memory", type=int, metavar="COUNT", help="assess so many, for memory")
    return parser.parse_args()


def main() -> None:
    """Prints the three times and the JSON line."""
    arguments = options()
    if arguments.memory:
        found = find_photos([arguments.folder])
        early, late = resident_mib(load(arguments.model), found, arguments.memory)
        figures = {"photos": arguments.memory, "early_mib": early, "late_mib": late}
        print(json.dumps({**figures, "growth": late / early - 1}))
        return
    paths: list[Path] = find_photos([arguments.folder])[: arguments.photos + 1]
    segmenter = load_segmenter(None) if arguments.everything else None

    def regions(photo: Photo) -> Sequence[Region]:
        if segmenter is not None:
            return build_regions(photo, [], everything=True, segmenter=segmenter).regions
        return boxes(photo, arguments.boxes)

    assessor = load(arguments.model)
    assessor.assess(paths[0])  # warms up
    paths = paths[1:]
    start = time.perf_counter()
    read = [(photo := read_photo(path), regions(photo)) for path in paths]
    reading = time.perf_counter() - start
    start = time.perf_counter()
    for photo, made in read:
        assessor.assess(photo, made)
    model = time.perf_counter() - start
    fresh = load(arguments.model)
    fresh.assess(read_photo(paths[0]).pixels[::-1])
    start = time.perf_counter()
    done = list(assess_photos(fresh, paths, regions=regions))
    run = time.perf_counter() - start
    if not all(isinstance(result, AssessedPhoto) for result in done):
        raise SystemExit("a photo could not be read; choose another folder")
    share = max(reading, model) / run
    print(f"{len(paths)} photos: reading {reading:.2f} s, model {model:.2f} s, run {run:.2f} s")
    print(
        json.dumps(
            {
                "photos": len(paths),
                "reading_s": reading,
                "model_s": model,
                "run_s": run,
                "share_of_slowest_stage": share,
            }
        )
    )


if __name__ == "__main__":
    main()
