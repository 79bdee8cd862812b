"""Pairs of known change for ``benchmarks.compare``: versions of scenes that were not trained on.

A null pair is a scene and the same one re-encoded, resized by 1 % and back, or with noise below one
grey level; no person sees a difference. A changed pair has one region under one distortion, whose
level rises by a step on the ladder of ``data_tools.distort``: by itself, on top of another type
(carried), or together with another type (gained). A change is made again by another drawing of the
distortion and other files of both photos.
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
from data_tools.distort.registry import apply, apply_all, distortion_key, ladder
from data_tools.reference.reference import Reference, from_rgb
from seagull.inference.folder import AssessesPhotos
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
OTHER_LEVEL = 6
"""Of the other type, in pairs with two types at once."""
BASE_LEVELS = (4, 8, 12)
"""Of the distortion that the whole scene has in some null pairs."""
TIMES_AGAIN = 2
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

    def other(self, kind: DistortionType) -> DistortionType:
        """The type that goes with this one where there are two; each of the rest in turn."""
        step = 1 + self.number // 2 % (len(TYPES) - 1)
        return TYPES[(TYPES.index(kind) + step) % len(TYPES)]


@dataclass(frozen=True)
class Row:
    """One region of one pair, as read.

    Args:
        scene: number of the scene.
        kind: ``null``; ``target`` (the changed region), ``beside`` (an untouched one) or
            ``around`` (the whole photo, of which a part changed); ``carried`` or ``gained``, the
            changed region with another type; ``again``, a ``target`` made again.
        how: of null pairs how they were made, of the others the distortion type.
        also: the type of the whole scene in null pairs, the other type where there are two; else
            empty.
        low: level before; of null pairs that of the scene, 0 as it is.
        high: level after.
        before: quality before.
        after: quality after.
        std: the head's spread of quality before.
        flips: the types that came or went, each with the change of its probability.
    """

    scene: int
    kind: str
    how: str
    also: str
    low: int
    high: int
    before: float
    after: float
    std: float
    flips: tuple[tuple[str, float], ...]

    @property
    def change(self) -> float:
        """Of quality; below 0 is worse."""
        return self.after - self.before


def scenes(data: Path, count: int) -> Iterator[Scene]:
    """Scenes of BSDS500's validation photos, evenly spaced, those with enough regions."""
    lines = (data / "val_segments.jsonl").read_text("utf-8").splitlines()
    places = np.linspace(0, len(lines), min(count, len(lines)), endpoint=False).astype(int)
    # Every other scene is fitted on: what is drawn by the number must not go with its parity.
    for number, place in enumerate(places):
        plain = json.loads(lines[place])
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


def rows_of(scene: Scene, assessor: AssessesPhotos) -> Iterator[Row]:
    """All rows of a scene; each photo is assessed once, all its regions together."""
    ways = null_ways(scene.number)
    clean = [_assess(assessor, scene.reference.srgb, scene)]
    clean += [_assess(assessor, make(scene.reference.srgb), scene) for make in ways.values()]
    yield from _null_rows(scene, ("", 0), clean)
    for kind, level in base_kinds(scene.number):
        setting = ladder(kind, scene.reference.image_id, SEED)[level - 1]
        key = distortion_key(kind, scene.reference.image_id, SEED)
        base = apply(setting, scene.reference, key)
        made = [base, *(make(base) for make in ways.values())]
        yield from _null_rows(
            scene, (kind.value, level), [_assess(assessor, one, scene) for one in made]
        )
    read = {
        (kind, level): _assess(assessor, version(scene, kind, level), scene)
        for kind in TYPES
        for level in LEVELS
    } | {(kind, 0): clean[0] for kind in TYPES}
    for kind in TYPES:
        yield from _changed_rows(scene, kind, {level: read[kind, level] for level in (0, *LEVELS)})
        other = scene.other(kind)
        yield from _two_type_rows(scene, kind, (clean[0], read[other, OTHER_LEVEL]), assessor)
        yield from _again_rows(scene, kind, clean[1:], assessor)


def base_kinds(number: int) -> list[tuple[DistortionType, int]]:
    """Types and levels that a scene as a whole has in its null pairs: each of them in turn."""
    turn = number // 2
    return [
        (TYPES[(turn + 2 * place) % len(TYPES)], BASE_LEVELS[(turn + place) % len(BASE_LEVELS)])
        for place in range(len(BASE_LEVELS))
    ]


def version(
    scene: Scene, kind: DistortionType, level: int, *, seed: int = SEED, also: bool = False
) -> Pixels:
    """The scene with its target region under one distortion.

    Args:
        scene: the scene.
        kind: the type.
        level: on its ladder.
        seed: of what is random about it; the ladder is the same for all seeds.
        also: whether the region has the other type, too.
    """
    image_id = scene.reference.image_id
    setting = ladder(kind, image_id, SEED)[level - 1]
    if also:
        other = ladder(scene.other(kind), image_id, SEED)[OTHER_LEVEL - 1]
        foreground = apply_all([setting, other], scene.reference, seed)
    else:
        foreground = apply(setting, scene.reference, distortion_key(kind, image_id, seed))
    return paste_region(scene.reference.srgb, foreground, scene.target.mask, FEATHER)


def null_ways(seed: int) -> dict[str, Callable[[Pixels], Pixels]]:
    """Ways to make another file of a photo in which nobody sees a difference."""
    return {
        "JPEG 95": lambda pixels: _coded(pixels, "JPEG"),
        "WebP 95": lambda pixels: _coded(pixels, "WEBP"),
        "resized by 1 % and back": _resized,
        "noise below 1/255": lambda pixels: _noisy(pixels, np.random.default_rng(seed)),
    }


def _null_rows(scene: Scene, base: tuple[str, int], reports: list[QualityReport]) -> Iterator[Row]:
    """Of a scene under ``base`` (type, level), read as it is and made in each of the ways."""
    names = dict.fromkeys((region.id for region in scene.regions), "null")
    also, level = base
    for how, after in zip(null_ways(scene.number), reports[1:], strict=True):
        yield from _rows(scene, names, (how, also), (level, level), (reports[0], after))


def _changed_rows(
    scene: Scene, kind: DistortionType, read: Mapping[int, QualityReport]
) -> Iterator[Row]:
    """Of all regions, where the target's level of one type rises; ``read`` is by level."""
    names = {
        region.id: "around" if region.source == "whole" else "beside" for region in scene.regions
    } | {scene.target.id: "target"}
    for low, high in (pair for pairs in STEPS.values() for pair in pairs):
        yield from _rows(scene, names, (kind.value, ""), (low, high), (read[low], read[high]))


def _two_type_rows(
    scene: Scene,
    kind: DistortionType,
    befores: tuple[QualityReport, QualityReport],
    assessor: AssessesPhotos,
) -> Iterator[Row]:
    """Of the target, which gains both types, and which carries the other one and gains this.

    ``befores`` are the scene as it is, and with the target under the other type.
    """
    how = (kind.value, scene.other(kind).value)
    for step in STEPS:
        after = _assess(assessor, version(scene, kind, step, also=True), scene)
        for name, before in zip(("gained", "carried"), befores, strict=True):
            yield from _rows(scene, {scene.target.id: name}, how, (0, step), (before, after))


def _again_rows(
    scene: Scene, kind: DistortionType, befores: list[QualityReport], assessor: AssessesPhotos
) -> Iterator[Row]:
    """Of the target, whose change is made again; ``befores`` are by way of making another file."""
    ways = list(null_ways(scene.number).values())
    turn = scene.number // 2 + TYPES.index(kind)
    for step in STEPS:
        for time in range(TIMES_AGAIN):
            first, second = (turn + time) % len(ways), (turn + 3 * time + 1) % len(ways)
            after = ways[second](version(scene, kind, step, seed=SEED + 1 + time))
            pair = befores[first], _assess(assessor, after, scene)
            yield from _rows(scene, {scene.target.id: "again"}, (kind.value, ""), (0, step), pair)


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


def _assess(assessor: AssessesPhotos, pixels: Pixels, scene: Scene) -> QualityReport:
    return assessor.assess(Photo(np.ascontiguousarray(pixels)), scene.regions)


def _rows(
    scene: Scene,
    kinds: Mapping[str, str],
    how: tuple[str, str],
    levels: tuple[int, int],
    reports: tuple[QualityReport, QualityReport],
) -> Iterator[Row]:
    """Rows of the regions in ``kinds``, which says their kind by id; ``how`` is how and also."""
    for before, after in zip(reports[0].regions, reports[1].regions, strict=True):
        if before.region.id not in kinds:
            continue
        assert before.quality is not None
        assert after.quality is not None
        first, second = (one.distortion_probabilities or {} for one in (before, after))
        moves = {kind: second[kind] - first[kind] for kind in TYPES}
        found = [{item.type for item in one.distortions or ()} for one in (before, after)]
        yield Row(
            scene.number,
            kinds[before.region.id],
            *how,
            *levels,
            before.quality.score,
            after.quality.score,
            before.quality.std,
            tuple((kind.value, moves[kind]) for kind in TYPES if kind in found[0] ^ found[1]),
        )
