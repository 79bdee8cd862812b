"""Speed of distortions and labels on one core, and whether the ladders are monotone.

    python -m benchmarks.data_ops PHOTOS [--photos N] [--roi-photos N]

Times are processor times of one thread, beside wall times. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.segmentation import felzenszwalb

from data_tools.distort.config import DEFAULT_CONFIG
from data_tools.distort.derive import read_photos
from data_tools.distort.registry import apply, distortion_key, ladder
from data_tools.distort.tables import Ladder
from data_tools.labels import VISIBLE_BELOW, label_rois
from data_tools.metrics.haarpsi import HaarPsi
from data_tools.png import encode_png
from data_tools.reference.reference import Reference, from_rgb
from seagull.types import DistortionType, Region

SPEED_SIZE = (512, 384)
ROIS = 33
SEED = 7
TOLERANCE = 1e-6


@dataclass
class Clock:
    """Sums of processor and wall time by name."""

    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    wall: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Adds the time spent inside to ``name``."""
        cpu, wall = time.thread_time(), time.perf_counter()
        yield
        self.cpu[name] += time.thread_time() - cpu
        self.wall[name] += time.perf_counter() - wall


def segments(image: NDArray[np.uint8], count: int = ROIS) -> list[Region]:
    """Up to ``count`` regions of at least 0.2 % of the photo, of two granularities, large first."""
    masks: list[NDArray[np.bool_]] = []
    for scale in (400, 80):
        labels = felzenszwalb(image, scale=scale, sigma=0.8, min_size=image.shape[0] ** 2 // 500)
        areas = np.bincount(labels.reshape(-1))
        masks += [labels == index for index in np.argsort(-areas)]
    return [Region(np.asarray(mask), str(index)) for index, mask in enumerate(masks[:count])]


def measure_speed(references: Sequence[Reference], repeats: int) -> dict[str, Any]:
    """Best rates over the repeats (each over all photos and all 120 settings)."""
    runs = [_speed_run(references) for _ in range(repeats)]
    best = max(runs, key=lambda run: run["labelled_images_per_cpu_s"])
    best["distorted_images_per_cpu_s"] = max(run["distorted_images_per_cpu_s"] for run in runs)
    return best


def _speed_run(references: Sequence[Reference]) -> dict[str, Any]:
    clock, labeller, images, scores = Clock(), HaarPsi(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for plain in references:
            reference = Reference(plain.image_id, plain.srgb)
            rois = segments(reference.srgb)
            cache = labeller.prepare(reference.srgb)
            for type in DistortionType:
                key = distortion_key(type, reference.image_id, SEED)
                for setting in ladder(type, reference.image_id, SEED):
                    with clock.of(f"distort {type.value}"):
                        pixels = apply(setting, reference, key)
                    with clock.of(f"encode {type.value}"):
                        data = encode_png(pixels)
                    with clock.of(f"write {type.value}"):
                        Path(folder, f"{setting.k}.png").write_bytes(data)
                    with clock.of("score"):
                        label_rois(cache, pixels, rois, labeller)
                    images += 1
                    scores += 2 * len(rois)
    return _rates(clock, images, scores)


def _rates(clock: Clock, images: int, scores: int) -> dict[str, Any]:
    def total(times: dict[str, float], prefix: str) -> float:
        return sum(value for name, value in times.items() if name.startswith(prefix))

    made = sum(total(clock.cpu, part) for part in ("distort", "encode", "write"))
    made_wall = sum(total(clock.wall, part) for part in ("distort", "encode", "write"))
    every = made + clock.cpu["score"]
    per_type = images / len(DistortionType)
    return {
        "rois_per_image": scores / 2 / images,
        "distorted_images_per_cpu_s": images / made,
        "distorted_images_per_wall_s": images / made_wall,
        "roi_scores_per_cpu_s": scores / clock.cpu["score"],
        "roi_scores_per_wall_s": scores / clock.wall["score"],
        "labelled_images_per_cpu_s": images / every,
        "labelled_images_per_wall_s": images / (made_wall + clock.wall["score"]),
        "encode_and_metric_share": (total(clock.cpu, "encode") + clock.cpu["score"]) / every,
        "ms_per_image": {
            type.value: {
                part: 1e3 * clock.cpu[f"{part} {type.value}"] / per_type
                for part in ("distort", "encode", "write")
            }
            for type in DistortionType
        },
    }


def default_ladders() -> list[Ladder]:
    """Every ladder that the default config can draw."""
    return [
        DEFAULT_CONFIG.ladder(type, variant)
        for type, variants in DEFAULT_CONFIG.weights.items()
        for variant in variants
    ]


def ladder_scores(
    item: Ladder, reference: Reference, rois: Sequence[Region] = ()
) -> NDArray[np.float64]:
    """Scores by level, shape (20, 1 + R): the whole photo, then the crop of each region."""
    labeller = HaarPsi()
    cache = reference.keep("benchmark", lambda: labeller.prepare(reference.srgb))
    key = distortion_key(item.type, reference.image_id, SEED)
    rows = []
    for setting in item.settings():
        pixels = apply(setting, reference, key)
        crops = labeller.score_crops(cache, pixels, [roi.box for roi in rois])
        rows.append([labeller.score_image(cache, pixels), *crops])
    return np.asarray(rows, dtype=np.float64)


def measure_ladders(references: Sequence[Reference], roi_photos: int) -> dict[str, Any]:
    """Per ladder, the share of photos and of regions on which it is monotone."""
    out: dict[str, Any] = {}
    every = len(references)
    with_rois = set(np.linspace(0, every - 1, min(roi_photos, every)).astype(int).tolist())
    rois = {index: segments(references[index].srgb) for index in with_rois}
    for item in default_ladders():
        images, regions = [], []
        for index, reference in enumerate(references):
            scores = ladder_scores(item, reference, rois.get(index, ()))
            images.append(scores[:, 0])
            regions += list(scores[:, 1:].T)
        out[f"{item.type.value}/{item.variant}"] = _summary(images, regions)
    return out


def _summary(
    images: Sequence[NDArray[np.float64]], regions: Sequence[NDArray[np.float64]]
) -> dict[str, Any]:
    seen = [scores for scores in regions if scores.min() < VISIBLE_BELOW]
    return {
        "photos": len(images),
        "photos_monotone": _share([bool(np.all(np.diff(row) <= TOLERANCE)) for row in images]),
        "largest_rise": float(max(np.diff(row).max() for row in images)),
        "mean_by_level": [round(float(value), 4) for value in np.mean(images, axis=0)],
        "rois": len(regions),
        "rois_never_visible": len(regions) - len(seen),
        "rois_srcc_at_least_.98": _share([_falls(row) >= 0.98 for row in seen]),
    }


def _share(passed: Sequence[bool]) -> float | None:
    return sum(passed) / len(passed) if passed else None


def _falls(scores: NDArray[np.float64]) -> float:
    return float(spearmanr(-np.arange(scores.size), scores).statistic)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints; the last line is JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="pristine photos, searched recursively")
    parser.add_argument("--photos", type=int, default=70, help="photos for the ladders")
    parser.add_argument("--roi-photos", type=int, default=8, help="of these, with regions")
    parser.add_argument("--speed-photos", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=2, help="of the speed part; the best counts")
    options = parser.parse_args(arguments)
    if next(read_photos(options.folder, 1), None) is None:
        parser.error(f"no photos found under {options.folder}")
    cv2.setNumThreads(1)
    speed = measure_speed(
        [
            from_rgb(path.stem, np.asarray(cv2.resize(image, SPEED_SIZE), dtype=np.uint8))
            for path, image in read_photos(options.folder, options.speed_photos)
        ],
        options.repeats,
    )
    print(f"{SPEED_SIZE[0]}x{SPEED_SIZE[1]}, {speed['rois_per_image']:.0f} ROIs, one thread")
    for name in ("distorted_images", "roi_scores", "labelled_images"):
        cpu, wall = speed[f"{name}_per_cpu_s"], speed[f"{name}_per_wall_s"]
        print(f"  {name:18} {cpu:8.1f} per CPU second, {wall:8.1f} per wall second")
    print(f"  encoding and metric: {speed['encode_and_metric_share']:.0%} of the CPU time")
    for type, parts in speed["ms_per_image"].items():
        print(f"  {type:14}" + ", ".join(f"{name} {ms:5.2f} ms" for name, ms in parts.items()))
    references = [
        from_rgb(str(path.relative_to(options.folder)), image, 512)
        for path, image in read_photos(options.folder, options.photos)
    ]
    ladders = measure_ladders(references, options.roi_photos)
    print("ladder                          photos monotone   ROI ladders SRCC >= .98")
    for name, row in ladders.items():
        rois = row["rois_srcc_at_least_.98"]
        shown = "-" if rois is None else f"{rois:7.1%} of {row['rois'] - row['rois_never_visible']}"
        print(f"  {name:32} {row['photos_monotone']:7.1%} of {row['photos']:3}   {shown}")
    print(json.dumps({"benchmark": "data_ops", "speed": speed, "ladders": ladders}))


if __name__ == "__main__":
    main()
