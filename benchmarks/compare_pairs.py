"""Pairs of known change for ``benchmarks.compare``: versions of scenes that were not trained on.

A null pair is a scene and the same one re-encoded, resized by 1 % and back, or with noise below one
grey level; no person sees a difference. A changed pair has one region under one distortion, whose
level rises by a step on the ladder of ``data_tools.distort``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.distort.regional import paste_region
from data_tools.distort.registry import apply, distortion_key, ladder
from data_tools.reference.reference import Reference, from_rgb
from seagull.inference.assessor import Assessor
from seagull.photos import Photo, Pixels, read_photo
from seagull.regions.rle import Rle, decode
from seagull.types import DistortionType, QualityReport, Region

TYPES = tuple(DistortionType)
STEPS: Mapping[int, tuple[tuple[int, int], ...]] = {
    2: ((0, 2), (2, 4), (4, 6)),
    6: ((0, 6), (4, 10), (10, 16)),
    12: ((0, 12), (4, 16)),
}
"""By step: levels before and after; level 0 is the scene itself."""
LEVELS = sorted({level for pairs in STEPS.values() for pair in pairs for level in pair} - {0})
BASE_LEVEL = 8
"""Of the distortion that the whole scene has in half of the null pairs."""
FEATHER = 4.0
SEED = 0
AREAS = (0.02, 0.4)
MOST_REGIONS = 3


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo with regions; ``target`` is the one that is distorted in changed pairs."""

    number: int
    reference: Reference
    regions: tuple[Region, ...]
    target: Region


@dataclass(frozen=True)
class Row:
    """One region of one pair, as read.

    Args:
        scene: number of the scene.
        kind: ``null``, ``target`` (the changed region), ``beside`` (an untouched one) or
            ``around`` (the whole photo, of which a part changed).
        how: of null pairs how they were made, of the others the distortion type.
        low: level before; of null pairs 0 for the scene itself, else ``BASE_LEVEL``.
        high: level after.
        before: quality before.
        after: quality after.
        std: the head's spread of quality before.
        presence: largest change of a type's probability.
        flips: changes of probability of the types that came or went.
    """

    scene: int
    kind: str
    how: str
    low: int
    high: int
    before: float
    after: float
    std: float
    presence: float
    flips: tuple[float, ...]

    @property
    def change(self) -> float:
        """Of quality; below 0 is worse."""
        return self.after - self.before


def scenes(data: Path, count: int) -> Iterator[Scene]:
    """Scenes of BSDS500's validation photos, evenly spaced, those with enough regions."""
    lines = (data / "val_segments.jsonl").read_text("utf-8").splitlines()
    # Every other scene is fitted on: what is drawn by the number must not go with its parity.
    for number, line in enumerate(lines[:: max(1, len(lines) // count)][:count]):
        plain = json.loads(line)
        photo = read_photo(data / plain["image"])
        found = [
            mask
            for segment in sorted(plain["segments"], key=lambda one: -int(one["area"]))
            if AREAS[0] <= (mask := decode(Rle.from_dict(segment), photo.size)).mean() <= AREAS[1]
        ][:MOST_REGIONS]
        if not found:
            continue
        regions = [Region(mask, str(place)) for place, mask in enumerate(found, start=1)]
        whole = Region(np.ones(photo.size, np.bool_), "whole", "whole")
        reference = from_rgb(plain["image"], photo.pixels)
        yield Scene(number, reference, (*regions, whole), regions[number // 2 % len(regions)])


def rows_of(scene: Scene, assessor: Assessor) -> Iterator[Row]:
    """All rows of a scene: null pairs first, then changed ones."""
    yield from _null_rows(scene, assessor)
    clean = _assess(assessor, scene.reference.srgb, scene)
    for kind in TYPES:
        read = {0: clean} | {
            level: _assess(assessor, version(scene, kind, level), scene) for level in LEVELS
        }
        for low, high in (pair for pairs in STEPS.values() for pair in pairs):
            names = {
                region.id: "around" if region.source == "whole" else "beside"
                for region in scene.regions
            } | {scene.target.id: "target"}
            yield from _rows(scene, names, kind.value, (low, high), (read[low], read[high]))


def version(scene: Scene, kind: DistortionType, level: int) -> Pixels:
    """The scene with its target region under one distortion."""
    setting = ladder(kind, scene.reference.image_id, SEED)[level - 1]
    key = distortion_key(kind, scene.reference.image_id, SEED)
    foreground = apply(setting, scene.reference, key)
    return paste_region(scene.reference.srgb, foreground, scene.target.mask, FEATHER)


def _null_rows(scene: Scene, assessor: Assessor) -> Iterator[Row]:
    kind = TYPES[scene.number // 2 % len(TYPES)]
    key = distortion_key(kind, scene.reference.image_id, SEED)
    setting = ladder(kind, scene.reference.image_id, SEED)[BASE_LEVEL - 1]
    bases = {0: scene.reference.srgb, BASE_LEVEL: apply(setting, scene.reference, key)}
    names = dict.fromkeys((region.id for region in scene.regions), "null")
    for level, base in bases.items():
        before = _assess(assessor, base, scene)
        for how, make in null_ways(scene.number).items():
            after = _assess(assessor, make(base), scene)
            yield from _rows(scene, names, how, (level, level), (before, after))


def null_ways(seed: int) -> dict[str, Callable[[Pixels], Pixels]]:
    """Ways to make another file of a photo in which nobody sees a difference."""
    return {
        "JPEG 95": lambda pixels: _coded(pixels, "JPEG"),
        "WebP 95": lambda pixels: _coded(pixels, "WEBP"),
        "resized by 1 % and back": _resized,
        "noise below 1/255": lambda pixels: _noisy(pixels, np.random.default_rng(seed)),
    }


def _coded(pixels: Pixels, form: str) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, quality=95)
    return np.asarray(Image.open(file).convert("RGB"))


def _resized(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    size = (round(0.99 * width), round(0.99 * height))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _noisy(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    noise: NDArray[np.float64] = rng.uniform(-1, 1, pixels.shape)
    return np.rint(pixels + noise).clip(0, 255).astype(np.uint8)


def _assess(assessor: Assessor, pixels: Pixels, scene: Scene) -> QualityReport:
    return assessor.assess(Photo(np.ascontiguousarray(pixels)), scene.regions)


def _rows(
    scene: Scene,
    kinds: Mapping[str, str],
    how: str,
    levels: tuple[int, int],
    reports: tuple[QualityReport, QualityReport],
) -> Iterator[Row]:
    for before, after in zip(reports[0].regions, reports[1].regions, strict=True):
        assert before.quality is not None
        assert after.quality is not None
        first, second = (one.distortion_probabilities or {} for one in (before, after))
        moves = {kind: abs(second[kind] - first[kind]) for kind in TYPES}
        found = [{item.type for item in one.distortions or ()} for one in (before, after)]
        yield Row(
            scene.number,
            kinds[before.region.id],
            how,
            *levels,
            before.quality.score,
            after.quality.score,
            before.quality.std,
            max(moves.values()),
            tuple(moves[kind] for kind in found[0] ^ found[1]),
        )
