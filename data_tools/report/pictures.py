"""Pictures of the report: ladders, and regions with their masks and labels."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.calibrate import Calibration
from data_tools.config import DataConfig
from data_tools.label_table import labels_path, read_labels
from data_tools.masks import Roi
from data_tools.png import read_png
from data_tools.render import cell_path, settings_of
from data_tools.stages import masks_path, reference_path
from data_tools.state import OutputTree
from seagull.levels import IMPORTANCE, QUALITY
from seagull.regions.masks import outline
from seagull.types import DistortionType

_TILE = (150, 112)


@dataclass(frozen=True)
class Tile:
    """A small picture with its caption."""

    source: str
    title: str
    text: str = ""


def data_uri(pixels: NDArray[np.uint8], quality: int = 88) -> str:
    """An RGB image as a JPEG for an HTML page."""
    turned = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return "data:image/jpeg;base64," + base64.b64encode(bytes(data)).decode()


def ladder_tiles(
    tree: OutputTree, config: DataConfig, image_id: str, kind: DistortionType, most: int = 7
) -> list[Tile]:
    """The reference and up to ``most - 1`` levels of one type, cut to the most detailed part."""
    settings = [rung for rung in settings_of(config, image_id) if rung.type is kind]
    picked = np.unique(np.linspace(0, len(settings) - 1, min(most - 1, len(settings))).astype(int))
    reference = read_png(tree.root / reference_path(image_id))
    box = _busy_box(reference)
    rows = read_labels(tree.root / labels_path(image_id), ["type", "k", "image_quality"])
    scores = {(t, k): q for t, k, q in zip(*rows.values(), strict=True)}
    tiles = [Tile(data_uri(_cut(reference, box)), "reference")]
    for rung in (settings[i] for i in picked):
        pixels = read_png(tree.root / cell_path(image_id, kind, rung.k))
        score = scores.get((kind.value, rung.k), float("nan"))
        text = f"{rung.variant}, {rung.strength}"
        tiles.append(
            Tile(data_uri(_cut(pixels, box)), f"k {rung.k} · {rung.severity} · {score:.2f}", text)
        )
    return tiles


def _busy_box(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """The part of the tile's shape, half the photo wide, with the most detail."""
    height, width = pixels.shape[:2]
    w = max(min(width, max(width // 2, _TILE[0])), 1)
    h = max(min(height, w * _TILE[1] // _TILE[0]), 1)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    detail = np.abs(cv2.Laplacian(grey, cv2.CV_32F))
    sums = cv2.boxFilter(detail, -1, (w, h), normalize=False, anchor=(0, 0))
    valid = sums[: height - h + 1, : width - w + 1]
    y, x = np.unravel_index(int(valid.argmax()), valid.shape)
    return int(x), int(y), w, h


def _cut(pixels: NDArray[np.uint8], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    x, y, w, h = box
    part = pixels[y : y + h, x : x + w]
    scale = _TILE[0] / w
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = (_TILE[0], max(1, round(h * scale)))
    return np.asarray(cv2.resize(part, size, interpolation=way), dtype=np.uint8)


def region_tiles(
    tree: OutputTree, config: DataConfig, image_ids: Sequence[str], calibration: Calibration
) -> Iterator[Tile]:
    """One region of one distorted image for each reference, types and levels in turn."""
    kinds = [DistortionType(name) for name in config.distort.types]
    levels = config.distort.levels
    scale = QUALITY.with_thresholds(config.chat.quality_thresholds)
    for number, image_id in enumerate(image_ids):
        rois = _rois(tree, image_id)
        roi = rois[number * 5 % len(rois)]
        kind, k = kinds[number % len(kinds)], levels[(3 + 7 * number) % len(levels)]
        row = _label_row(tree, image_id, roi.id, kind.value, k)
        if row is None:
            continue
        pixels = read_png(tree.root / cell_path(image_id, kind, k))
        quality = min(max(row["quality"], 0.0), 1.0)
        important = float(calibration.importance(row["importance_raw"]))
        shows = quality < config.label.visible
        title = f"{row['severity']} {kind.value}" if shows else f"{kind.value} {k}: nothing visible"
        text = (
            f"quality {quality:.2f} {scale.word(quality)} · importance {important:.2f} "
            f"{IMPORTANCE.word(important)} · {roi.level}"
        )
        yield Tile(data_uri(_marked(pixels, roi.mask)), title, text)


def _rois(tree: OutputTree, image_id: str) -> list[Roi]:
    plain = json.loads((tree.root / masks_path(image_id)).read_text(encoding="utf-8"))
    return [Roi.from_dict(row) for row in plain["regions"]]


def _label_row(
    tree: OutputTree, image_id: str, roi: str, kind: str, k: int
) -> dict[str, Any] | None:
    rows = read_labels(tree.root / labels_path(image_id))
    for i in range(len(rows["roi"])):
        if (rows["roi"][i], rows["type"][i], rows["k"][i]) == (roi, kind, k):
            return {name: values[i] for name, values in rows.items()}
    return None


def _marked(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The image with everything outside the mask dimmed, and the mask outlined; 300 pixels wide."""
    scale = 300 / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    inside = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    shown = np.where(inside[..., None], small, (small * 0.45 + 70).astype(np.uint8))
    if inside.any():
        shown[outline(inside, 2)] = (255, 196, 0)
    return shown.astype(np.uint8)
