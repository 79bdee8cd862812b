"""The worst misses: regions whose score is furthest from the truth, as small pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from seagull.evaluation.items import EvaluationItem
from seagull.evaluation.metrics import fit_logistic
from seagull.evaluation.predictions import Row
from seagull.evaluation.sets import EvaluationSet
from seagull.evaluation.summary import ScorePairs
from seagull.photos import Pixels
from seagull.types import Region

SHOWN = 8
"""Misses in each direction."""
LONG_SIDE = 420
_JPEG_QUALITY = 85
_OUTLINE, _UNDER = (255, 214, 10), (20, 20, 20)
_DIM = 0.55


@dataclass(frozen=True)
class Miss:
    """A region that was rated wrong.

    Args:
        row: its prediction and labels.
        on_scale: the prediction on the labels' scale, after a rising logistic fit.
        label: the true score.
        picture: JPEG of the photo with the region outlined; None if it could not be read.
    """

    row: Row
    on_scale: float
    label: float
    picture: bytes | None = None

    @property
    def error(self) -> float:
        """Prediction less truth: above 0 is rated too high."""
        return self.on_scale - self.label


def find_misses(pairs: ScorePairs, count: int = SHOWN) -> tuple[list[Miss], list[Miss]]:
    """The regions rated furthest too high and too low, worst first.

    A rising logistic fit takes off what is wrong with all predictions alike, so that what stands
    out are the regions; a falling one would turn the predictions round and is not used.
    """
    fit = fit_logistic(pairs.predicted, pairs.label)
    rising = fit is not None and fit.upper > fit.lower
    mapped = fit(pairs.predicted) if fit is not None and rising else pairs.predicted
    order = np.argsort(mapped - pairs.label, kind="stable")
    ranked = [
        Miss(pairs.rows[index], float(mapped[index]), float(pairs.label[index])) for index in order
    ]
    too_high = [miss for miss in reversed(ranked[-count:]) if miss.error > 0]
    too_low = [miss for miss in ranked[:count] if miss.error < 0]
    return too_high, too_low


def with_pictures(misses: Sequence[Miss], data: EvaluationSet) -> list[Miss]:
    """The misses with their pictures; the set is read once, only the photos needed are decoded."""
    misses_by_item: dict[str, list[Miss]] = {}
    for miss in misses:
        misses_by_item.setdefault(miss.row.item, []).append(miss)
    drawn: dict[tuple[str, str], bytes] = {}
    remaining = set(misses_by_item)
    for item in data.items():
        if item.id in remaining:
            for miss in misses_by_item[item.id]:
                picture = _picture(item, miss.row.region)
                if picture is not None:
                    drawn[item.id, miss.row.region] = picture
            remaining.discard(item.id)
        if not remaining:
            break
    return [
        Miss(miss.row, miss.on_scale, miss.label, drawn.get((miss.row.item, miss.row.region)))
        for miss in misses
    ]


def _picture(item: EvaluationItem, region: str) -> bytes | None:
    try:
        photo = item.load()
        built = item.build(photo, only=[region])
    except (ValueError, OSError):
        return None  # it was readable before, but is not any more; the numbers stand without it
    out = io.BytesIO()
    Image.fromarray(outlined(photo.pixels, built[0])).save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()


def outlined(pixels: Pixels, region: Region) -> Pixels:
    """The photo made small, dimmed outside the region, which has an outline; bare if it is all."""
    scale = min(1.0, LONG_SIDE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    if region.mask.all():
        return np.asarray(small, dtype=np.uint8)
    inside = cv2.resize(region.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    drawn = np.where(inside[..., None] > 0, small, (small * _DIM).astype(np.uint8))
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    drawn = np.ascontiguousarray(drawn, dtype=np.uint8)
    for colour, width in ((_UNDER, 4), (_OUTLINE, 2)):
        cv2.drawContours(drawn, contours, -1, colour, width, cv2.LINE_AA)
    return drawn
