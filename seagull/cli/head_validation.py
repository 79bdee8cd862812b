"""Validation of a run that trains no language model: the regions are assessed by the head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seagull.cli.validation import summarise
from seagull.levels import IMPORTANCE, QUALITY, LevelScale
from seagull.records import RegionLabels
from seagull.types import AssessmentTask, LevelScore, Region, RegionAssessment

if TYPE_CHECKING:
    from seagull.preprocessing.processor import SeagullProcessor
    from seagull.training.config import TrainConfig
    from seagull.training.network import Reader


def make_head_validator(
    config: TrainConfig, processor: SeagullProcessor
) -> Callable[[Reader], dict[str, float]] | None:
    """What a trainer calls to validate; None if the settings name no validation records.

    Raises:
        ConfigError, ValueError: if the validation records are missing or faulty.
    """
    if not config.data.validation:
        return None
    import torch

    from seagull.preprocessing.collate import pad_regions
    from seagull.record_photos import record_photo
    from seagull.training.packs import Regions, group_by_photo
    from seagull.training.records import build_index

    index = build_index(config.data.validation, check_photos=config.data.check_photos)
    photos = group_by_photo(index)
    most = config.data.validation_records or len(photos)
    chosen = np.random.default_rng(config.seed).permutation(len(photos))[:most]

    @torch.inference_mode()
    def validate(network: Reader) -> dict[str, float]:
        found: list[tuple[RegionAssessment, RegionLabels]] = []
        for number in sorted(int(value) for value in chosen):
            records = [index.read(int(record)) for record in photos[number]]
            folder = index.folder(int(photos[number][0]))
            photo, known = record_photo(records[0].image, folder), Regions(records)
            regions = [spec.build(photo, folder=folder) for spec in known.specs]
            inputs = processor.regions(photo.pixels, regions)
            batch = {
                "pixel_values": processor.pixels(photo.pixels)[None],
                **pad_regions([inputs]),
            }
            batch = {name: value.to(network.model.device) for name, value in batch.items()}
            read = network.read(batch)
            rows = zip(regions, known.labels, *(part[0].tolist() for part in read), strict=True)
            for region, labels, numbers, presence in rows:
                if labels is not None:
                    found.append((assessment_of(region, numbers, presence), labels))
        return summarise(found)

    return validate


def assessment_of(
    region: Region, numbers: Sequence[float], presence: Sequence[float]
) -> RegionAssessment:
    """What a head reads of a region (see ``HeadReading``) as an assessment."""
    from seagull.inference.answers import found_distortions, head_numbers

    read = head_numbers(numbers, presence)
    return RegionAssessment(
        region=region,
        quality=_level(QUALITY, read.scores[AssessmentTask.QUALITY]),
        importance=_level(IMPORTANCE, read.scores[AssessmentTask.IMPORTANCE]),
        distortions=found_distortions(read.present, read.severities),
    )


def _level(scale: LevelScale, score: float) -> LevelScore:
    from seagull.inference.answers import tilted

    even = np.full(len(scale.weights), 1 / len(scale.weights))
    return LevelScore.from_probabilities(scale, tilted(even, scale.weights, score))
