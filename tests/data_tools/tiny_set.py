"""A tiny set of photos and settings that a whole run handles in a second or two."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np

from data_tools.config import DataConfig
from data_tools.pipeline import Run
from data_tools.steps import run_all
from seagull.files.config import load_settings

SETTINGS = (
    "plan.shard_size=2",
    "plan.min_side=48",
    "distort.levels=[4,12,20]",
    "distort.types=[blur,contrast,noise]",
    "masks.source=given",
    "masks.components=0",
    "masks.min_area=0.001",
    "masks.min_side=4",
    "chat.images_per_type=2",
    "chat.validation_share=0.3",
    "run.workers=1",
)


def make_photos(folder: Path, count: int, start: int = 0) -> Path:
    """Writes textured photos of 96 x 80 pixels, all different."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        random = np.random.default_rng(number)
        coarse = random.integers(0, 256, (10, 12, 3), dtype=np.uint8)
        photo = cv2.resize(coarse, (96, 80), interpolation=cv2.INTER_CUBIC)
        grain = random.integers(-12, 13, photo.shape)
        photo = np.clip(photo.astype(np.int16) + grain, 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"photo{number}.png"), photo)
    return folder


def make_boxes(path: Path, count: int = 64) -> Path:
    """Writes COCO-like annotations: three rectangles (as polygons) on every photo."""
    images, annotations = [], []
    corners = ((4, 4, 40, 36), (50, 10, 90, 44), (20, 46, 70, 76))
    for number in range(count):
        images.append({"id": number, "file_name": f"photo{number}.png", "height": 80, "width": 96})
        for x1, y1, x2, y2 in corners:
            ring = [x1, y1, x2, y1, x2, y2, x1, y2]
            annotations.append(
                {
                    "image_id": number,
                    "category_id": 1,
                    "segmentation": [ring],
                    "area": (x2 - x1) * (y2 - y1),
                }
            )
    plain = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "thing"}],
    }
    path.write_text(json.dumps(plain))
    return path


def overrides(root: Path, output: str = "out", *more: str) -> list[str]:
    """The settings of a run below a test's folder."""
    given = root / "boxes.json"
    if not given.exists():
        make_boxes(given)
    places = [f"input={root / 'photos'}", f"output={root / output}", f"masks.given={given}"]
    return [*places, *SETTINGS, *more]


def contents(output: Path) -> dict[str, str]:
    """Digests of everything a run made: all files but the state and its times."""
    found = {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if path.is_file() and not name.startswith("_state/") and name != "report.html":
            found[name] = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    return found


def run_tiny(root: Path, output: str = "out", *more: str, redo: bool = False) -> Run:
    """Runs everything inside this process (unless ``more`` says otherwise) and returns the run."""
    config = load_settings(DataConfig, None, overrides(root, output, "run.workers=0", *more))
    run = Run(config, redo=redo)
    with run.opened():
        run_all(run)
    return run
