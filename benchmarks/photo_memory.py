"""Time of assessing a photo on a CPU before and after its process keeps the memory it frees.

    python -m benchmarks.photo_memory PHOTO [--regions 8] [--times 5]

Seagull-nano with the adapter in the package, photo opened and regions read each time. Memory is
kept for the rest of a process, so the times without it come first; medians of both, by the clock
and in CPU seconds of all threads. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from benchmarks.models import some_regions
from seagull.inference.assessor import Assessor
from seagull.inference.load import load
from seagull.inference.session import SessionCache
from seagull.memory import keep_freed_memory
from seagull.photos import Photo, read_photo
from seagull.types import Region


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--regions", type=int, default=8)
    parser.add_argument("--times", type=int, default=5, help="timed ones, before and after each")
    print(json.dumps(measure(parser.parse_args())))


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The figures."""
    assessor, photo = load("nano", device="cpu"), read_photo(options.photo)
    regions = some_regions(photo, options.regions)
    before = seconds(assessor, photo, regions, options.times)
    held_before = held()
    kept = keep_freed_memory()
    after = seconds(assessor, photo, regions, options.times)
    return {
        "size": list(photo.size), "regions": options.regions, "kept": kept,
        "before_s": round(before.wall, 3), "after_s": round(after.wall, 3),
        "before_cpu_s": round(before.cpu, 3), "after_cpu_s": round(after.cpu, 3),
        "kept_memory_speedup": round(before.wall / after.wall, 3),
        "before_mib": round(held_before), "after_mib": round(held()),
    }  # fmt: skip


class Seconds(NamedTuple):
    """Of an assessment, by the clock and of all threads together."""

    wall: float
    cpu: float


def seconds(assessor: Assessor, photo: Photo, regions: list[Region], times: int) -> Seconds:
    """Median seconds of an assessment, after one that does not count."""
    spent = []
    for _ in range(times + 1):
        # Nothing is left over from the time before.
        assessor.engine.sessions = SessionCache(0)
        start, busy = time.perf_counter(), time.process_time()
        assessor.assess(photo, regions)
        spent.append((time.perf_counter() - start, time.process_time() - busy))
    wall, cpu = map(statistics.median, zip(*spent[1:], strict=True))
    return Seconds(wall, cpu)


def held() -> float:
    """Main memory of the process, in MiB."""
    return float(psutil.Process().memory_info().rss) / 2**20


if __name__ == "__main__":
    main()
