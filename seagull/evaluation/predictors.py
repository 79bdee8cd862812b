"""Predictors: the model, and baselines that are evaluated on the same regions and tasks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

import numpy as np

from seagull.evaluation.label_sets import Found
from seagull.evaluation.predictions import Prediction, checked
from seagull.photos import Photo, Pixels
from seagull.records import RegionLabels
from seagull.regions.spec import RegionSpec
from seagull.types import AssessmentTask, Box, ModelInfo, QualityReport, Region

ALL_TASKS = frozenset(AssessmentTask)
FRAME_COLOUR = (255, 0, 0)
FRAME_SHARE = 0.008
"""Width of the drawn rectangle's line, as a share of the photo's long side; at least 2 px."""
SMALLEST_CROP = 16
"""A crop is widened to this many pixels a side where the photo has them."""


class Assesses(Protocol):
    """The part of an assessor that is used here."""

    info: ModelInfo

    @property
    def has_head(self) -> bool:
        """Whether its numbers are a head's, so that the language model has others."""
        ...

    def assess(
        self,
        image: Photo,
        regions: Sequence[Region] | None = None,
        *,
        tasks: Sequence[AssessmentTask] = ...,
        read_out: str = ...,
    ) -> QualityReport:
        """The report on regions of a photo."""
        ...


class Predictor(Protocol):
    """Anything that can be evaluated."""

    @property
    def name(self) -> str:
        """What it is called in results."""
        ...

    @property
    def tasks(self) -> frozenset[AssessmentTask]:
        """What it has an answer to."""
        ...

    @property
    def same_scale(self) -> bool:
        """Whether its scores lie on the labels' scale, [0, 1]."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes with everything that can change its predictions."""
        ...

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region; nothing for tasks not asked."""
        ...


@dataclass(frozen=True, eq=False)
class ModelPredictor:
    """The model, asked about each region of the photo as it is.

    Args:
        assessor: the model.
        variant: how it computes (type, quantization), where that can change answers.
        read_out: what its numbers are read off, see ``Assessor.assess``.
    """

    assessor: Assesses
    variant: str = ""
    read_out: str = "head"
    name: str = "model"
    same_scale: bool = True
    tasks: frozenset[AssessmentTask] = ALL_TASKS

    @property
    def fingerprint(self) -> str:
        """Of the way of asking, the model, and how it computes."""
        info = self.assessor.info
        return digest(self.name, info.name, info.revision, self.variant, self.read_out)

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        report = self.assessor.assess(photo, regions, tasks=tasks, read_out=self.read_out)
        return [Prediction.of(assessment) for assessment in report.regions]


@dataclass(frozen=True, eq=False)
class CropPredictor(ModelPredictor):
    """The model, asked about the region's rectangle cut out, as if it were a whole photo."""

    name: str = "crop-only"

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        return [self._whole(crop(photo.pixels, region.box), tasks) for region in regions]

    def _whole(self, pixels: Pixels, tasks: Sequence[AssessmentTask]) -> Prediction:
        picture = Photo(pixels)
        regions = [RegionSpec(whole=True).build(picture.size)]
        return Prediction.of(self.assessor.assess(picture, regions, tasks=tasks).regions[0])


@dataclass(frozen=True, eq=False)
class BoxPredictor(CropPredictor):
    """The model, asked about the whole photo on which the region's rectangle has been drawn."""

    name: str = "box-drawn"

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        return [self._whole(framed(photo.pixels, region.box), tasks) for region in regions]


@dataclass(frozen=True)
class ConstantPredictor:
    """The same answer for every region.

    Args:
        prediction: that answer.
    """

    prediction: Prediction
    name: str = "constant"
    same_scale: bool = True
    tasks: frozenset[AssessmentTask] = ALL_TASKS

    @property
    def fingerprint(self) -> str:
        """Of the answer."""
        return digest("constant", json.dumps(self.prediction.to_dict()))

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        return [self.prediction] * len(regions)

    @classmethod
    def fitted(cls, labels: Iterable[RegionLabels]) -> ConstantPredictor:
        """Mean and spread of the labels' scores, and their commonest set of distortions.

        Where nothing is known the middle of the scale, without a spread, and clean.

        Raises:
            ValueError: if a label cannot be used.
        """
        checked_labels = [checked(region_labels) for region_labels in labels]
        sets = Counter[Found](
            tuple(sorted(region_labels.distortions))
            for region_labels in checked_labels
            if region_labels.distortions is not None
        )
        quality, quality_std = _mean([region_labels.quality for region_labels in checked_labels])
        importance, importance_std = _mean(
            [region_labels.importance for region_labels in checked_labels]
        )
        commonest = max(sorted(sets), key=lambda types: sets[types]) if sets else ()
        return cls(Prediction(quality, quality_std, importance, importance_std, commonest))


@dataclass(frozen=True)
class AreaPredictor:
    """A region matters as much as the share of the photo that it covers."""

    name: str = "area"
    same_scale: bool = False
    tasks: frozenset[AssessmentTask] = frozenset({AssessmentTask.IMPORTANCE})

    @property
    def fingerprint(self) -> str:
        """Of the rule."""
        return digest(self.name)

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        return [Prediction(importance=region.area_fraction) for region in regions]


def _mean(values: Sequence[float | None]) -> tuple[float, float | None]:
    finite = [value for value in values if value is not None]
    return (float(np.mean(finite)), float(np.std(finite))) if finite else (0.5, None)


def crop(pixels: Pixels, box: Box) -> Pixels:
    """The rectangle of a photo, widened evenly to ``SMALLEST_CROP`` where it is smaller."""
    x1, x2 = _widened(box[0], box[2], pixels.shape[1])
    y1, y2 = _widened(box[1], box[3], pixels.shape[0])
    return np.ascontiguousarray(pixels[y1:y2, x1:x2])


def framed(pixels: Pixels, box: Box) -> Pixels:
    """A copy of the photo with the rectangle drawn just inside the box's edge."""
    x1, y1, x2, y2 = box
    line = max(2, round(FRAME_SHARE * max(pixels.shape[:2])))
    edge = np.zeros(pixels.shape[:2], dtype=np.bool_)
    edge[y1:y2, x1:x2] = True
    # A box smaller than two lines is filled.
    edge[y1 + line : max(y2 - line, y1 + line), x1 + line : max(x2 - line, x1 + line)] = False
    drawn = pixels.copy()
    drawn[edge] = FRAME_COLOUR
    return drawn


def digest(*parts: Any) -> str:
    """16 hex digits of the parts."""
    return sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:16]


def _widened(start: int, end: int, limit: int) -> tuple[int, int]:
    lacking = max(0, min(SMALLEST_CROP, limit) - (end - start))
    start = min(max(0, start - lacking // 2), max(0, limit - max(SMALLEST_CROP, end - start)))
    return start, min(limit, max(end, start + min(SMALLEST_CROP, limit)))
