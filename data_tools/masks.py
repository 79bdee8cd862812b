"""Regions of a reference: object-level from boxes or masks, component-level from random points.

Masks belong to the reference, so a segmenter runs once for all its distorted images
(SEAGULL-100w, section 3.1 of the paper).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from data_tools.coco import faults_note
from data_tools.config import MasksConfig
from data_tools.detect import detect_boxes
from data_tools.given import GivenRegion, GivenRegions
from data_tools.keys import Key
from data_tools.reference.reference import Reference
from seagull.photos import Photo
from seagull.regions.everything import Candidate, Selection
from seagull.regions.masks import box_of, iou, resize_mask
from seagull.regions.rle import Rle, decode, encode
from seagull.regions.segmenter import PhotoSegmenter, Segmenter
from seagull.types import BoolMask, Box

_IOU_SIDE = 256
"""Overlaps are compared on masks of at most this side; two that close differ by outlines only."""


@dataclass(frozen=True, eq=False)
class Roi:
    """A region of a reference and where it came from.

    Args:
        id: ``1``, ``2``, ... within its photo.
        mask: boolean (H, W) at the reference's size.
        level: ``object`` or ``component``.
        provenance: what gave it, e.g. ``everything:felzenszwalb`` or ``point:120,80:grabcut``.
        confidence: the segmenter's own estimate, if any.
        category: what it shows, if the annotations say so.
    """

    id: str
    mask: BoolMask
    level: str
    provenance: str
    confidence: float | None = None
    category: str | None = None

    @property
    def box(self) -> Box:
        """The smallest box around the mask."""
        return box_of(self.mask)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, the mask as a compressed COCO string."""
        return {
            "id": self.id,
            "rle": encode(self.mask).to_dict(),
            "level": self.level,
            "provenance": self.provenance,
            "confidence": None if self.confidence is None else round(self.confidence, 4),
            "category": self.category,
            "box": list(self.box),
            "area": int(np.count_nonzero(self.mask)),
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Roi:
        """The ROI of its JSON form.

        Raises:
            ValueError: if the mask's run lengths are broken.
        """
        mask = decode(Rle.from_dict(plain["rle"]))
        names = ("id", "level", "provenance", "confidence", "category")
        return cls(mask=mask, **{name: plain[name] for name in names})


def find_rois(
    reference: Reference, config: MasksConfig, seed: int, given: GivenRegions | None = None
) -> list[Roi]:
    """The ROIs of one reference, objects first, without near-duplicates or specks.

    Args:
        reference: the photo.
        config: what to look for.
        seed: of the data set; decides the random points.
        given: annotations, for ``config.source == "given"``.

    Raises:
        ValueError: if no region is left.
    """
    photo = Photo(reference.srgb)
    objects = _objects(photo, reference, config, given)
    kept = _select(objects, config, [], config.max_objects)
    components = _components(photo, reference.image_id, config, seed)
    kept = _select(components, config, kept, len(kept) + config.components)
    if not kept:
        raise ValueError(_why_none(reference, given))
    return [replace(roi, id=str(number)) for number, roi in enumerate(kept, start=1)]


def _why_none(reference: Reference, given: GivenRegions | None) -> str:
    if given is not None and given.annotated(reference.image_id) is None:
        return f"the photo is not annotated in {given.name}"
    if given is not None and given.faults:
        return f"no region is left: {faults_note(given.faults)}"
    return "no region is left: lower masks.min_area or masks.min_side, or use another masks.source"


def _objects(
    photo: Photo, reference: Reference, config: MasksConfig, given: GivenRegions | None
) -> Iterator[Roi]:
    if config.max_objects == 0:
        return
    if config.source == "everything":
        segmenter = _segmenter(config.segmenter)
        limit = Selection(config.max_objects * 2, config.min_area, max_iou=config.max_iou)
        for found in segmenter.open(photo).everything(limit):
            yield _roi(found, "object", f"everything:{segmenter.name}")
        return
    if config.source == "given":
        if given is None:
            raise ValueError("masks.source is 'given', but no annotations were prepared")
        regions: Iterable[GivenRegion] = given.of(reference.image_id)
        name = given.name
    else:
        boxes = detect_boxes(str(config.detector), config.detector_threshold, photo)
        regions, name = (GivenRegion(None, box) for box in boxes), "detector"
    yield from _from_given(photo, regions, name, config.segmenter)


def _from_given(
    photo: Photo, regions: Iterable[GivenRegion], name: str, segmenter_name: str
) -> Iterator[Roi]:
    opened: PhotoSegmenter | None = None
    height, width = photo.size
    for region in regions:
        if region.mask is not None:
            mask = resize_mask(region.mask, photo.size)
            yield Roi("", mask, "object", f"given:{name}", category=region.category)
            continue
        x1, y1, x2, y2 = region.box
        box = (int(x1 * width), int(y1 * height), round(x2 * width), round(y2 * height))
        box = (max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height))
        if box[2] - box[0] < 2 or box[3] - box[1] < 2:
            continue
        segmenter = _segmenter(segmenter_name)
        opened = opened or segmenter.open(photo)
        found = opened.segment([], box)
        roi = _roi(found, "object", f"box:{name}:{segmenter.name}")
        yield replace(roi, category=region.category)


def _components(photo: Photo, image_id: str, config: MasksConfig, seed: int) -> Iterator[Roi]:
    if config.components == 0:
        return
    segmenter = _segmenter(config.segmenter)
    opened = segmenter.open(photo)
    key = Key(seed, "masks", image_id, "points")
    points = key.uniform((config.components * 2, 2))
    for u, v in points.tolist():
        x, y = int(u * photo.width), int(v * photo.height)
        found = opened.segment([(x, y, 1)])
        yield _roi(found, "component", f"point:{x},{y}:{segmenter.name}")


def _roi(found: Candidate, level: str, provenance: str) -> Roi:
    return Roi("", found.mask, level, provenance, float(found.confidence))


def _select(
    candidates: Iterable[Roi], config: MasksConfig, kept: list[Roi], limit: int
) -> list[Roi]:
    kept = list(kept)
    small = [_small(roi.mask) for roi in kept]
    for roi in candidates:
        if len(kept) >= limit:
            break
        if not _large_enough(roi.mask, config):
            continue
        candidate = _small(roi.mask)
        if all(iou(candidate, other) <= config.max_iou for other in small):
            kept.append(roi)
            small.append(candidate)
    return kept


def _large_enough(mask: BoolMask, config: MasksConfig) -> bool:
    area = np.count_nonzero(mask)
    if area == 0 or area < config.min_area * mask.size:
        return False
    x1, y1, x2, y2 = box_of(mask)
    return min(x2 - x1, y2 - y1) >= config.min_side


def _small(mask: BoolMask) -> BoolMask:
    step = max(1, -(-max(mask.shape) // _IOU_SIDE))
    return mask[::step, ::step]


@lru_cache(maxsize=2)
def _segmenter(name: str) -> Segmenter:
    from seagull.regions.load import load_segmenter

    return load_segmenter(name)
