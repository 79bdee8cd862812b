"""How fast a whole data run is, how it scales, what a resume costs, what the full set takes.

    python benchmarks/data_run.py --input ../shared/data/pristine --photos 6

The last line is one JSON object. Wall times only mean something on quiet cores; processor time
(`cpu`) is given beside them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from data_tools.card import stage_totals
from data_tools.config import DataConfig
from data_tools.pipeline import Run
from data_tools.steps import run_all
from seagull.files.config import load_settings

FULL_PHOTOS, FULL_CELLS, FULL_ROIS = 8_156, 120, 33_000_000


def config(args: argparse.Namespace, output: Path, workers: int, photos: int) -> DataConfig:
    """Settings of one measured run: shards of one photo, so that workers share evenly."""
    return load_settings(
        DataConfig,
        None,
        [
            f"input={args.input}",
            f"output={output}",
            f"run.workers={workers}",
            f"plan.max_photos={photos}",
            "plan.shard_size=1",
            "reference.long_side=512",
            "masks.components=0",
            "masks.max_objects=33",
            "pack.images=none",
        ],
    )


def run_once(settings: DataConfig) -> dict[str, Any]:
    """Wall and processor seconds of a run in this process's children, and its stages' totals."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    run = Run(settings)
    with run.opened():
        run_all(run)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "cpu": cpu, "stages": stage_totals(run.tree, run.shards)}


def resume_seconds(settings: DataConfig) -> tuple[float, int]:
    """Seconds to find that a finished run is finished, and its shards."""
    start = time.perf_counter()
    run = Run(settings)
    with run.opened():
        run_all(run)
    return time.perf_counter() - start, run.shards


def peak_memory(settings: DataConfig) -> int:
    """Highest resident memory in MB of a run inside a process of its own."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return int(pool.apply(_run_and_measure, (settings,)))


def _run_and_measure(settings: DataConfig) -> int:
    run = Run(settings)
    with run.opened():
        run_all(run)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def extrapolate(stages: dict[str, Any], photos: int, machines: int, cores: int) -> dict[str, float]:
    """Hours and GB of the full SEAGULL-100w at the measured rates."""
    images = stages["distort"]["counts"]["images"]
    made = sum(stages["distort"]["seconds"].values()) / images * FULL_PHOTOS * FULL_CELLS
    seconds = stages["label"]["seconds"]["score"] / stages["label"]["counts"]["scores"]
    scores = seconds * 2 * FULL_ROIS
    masks = sum(stages["masks"]["seconds"].values()) / photos * FULL_PHOTOS
    size = stages["distort"]["bytes"] / images * FULL_PHOTOS * FULL_CELLS
    labels = stages["label"]["bytes"] / stages["label"]["counts"]["rows"] * FULL_ROIS
    hours = (made + scores + masks) / 3600
    return {
        "core_hours_images": made / 3600,
        "core_hours_scores": scores / 3600,
        "core_hours_masks": masks / 3600,
        "hours": hours / cores / machines,
        "gb_images": size / 1e9,
        "gb_labels": labels / 1e9,
    }


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--input", type=Path, default=Path("../shared/data/pristine"))
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--cores", type=int, default=16, help="per machine, for the extrapolation")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        runs = {
            workers: run_once(config(args, base / f"w{workers}", workers, args.photos))
            for workers in (1, 2)
        }
        resume, shards = resume_seconds(config(args, base / "w1", 1, args.photos))
        memory = {
            count: peak_memory(config(args, base / f"m{count}", 0, count))
            for count in (1, args.photos)
        }
    stages = runs[1]["stages"]
    work = {name: sum(stages[name]["seconds"].values()) for name in stages}
    pixels = {**stages["distort"]["seconds"], **stages["label"]["seconds"]}
    share = (pixels["encode"] + pixels["score"]) / sum(pixels.values())
    result = {
        "images": int(stages["distort"]["counts"]["images"]),
        "rois": int(stages["masks"]["counts"]["regions"]),
        "wall_1": round(runs[1]["wall"], 2),
        "wall_2": round(runs[2]["wall"], 2),
        "cpu_1": round(runs[1]["cpu"], 2),
        "cpu_2": round(runs[2]["cpu"], 2),
        "speedup_2": round(runs[1]["wall"] / runs[2]["wall"], 3),
        "resume_s": round(resume, 3),
        "shards": shards,
        "peak_mb": memory,
        "encode_and_metric_share": round(share, 3),
        "work_s": {name: round(value, 2) for name, value in work.items()},
        "one_machine": _rounded(extrapolate(stages, args.photos, 1, args.cores)),
        "sixteen_machines": _rounded(extrapolate(stages, args.photos, 16, args.cores)),
    }
    for name, value in result.items():
        print(f"{name}: {value}")
    print(json.dumps(result))


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in values.items()}


if __name__ == "__main__":
    main()
