"""Validation of a run that trains no language model: the regions are assessed by the head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seagull.cli.validation import summarise
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY, LevelScale
from seagull.records import RegionLabels
from seagull.types import Distortion, DistortionType, LevelScore, Region, RegionAssessment

if TYPE_CHECKING:
    from seagull.preprocessing.processor import SeagullProcessor
    from seagull.training.config import TrainConfig
    from seagull.training.network import TrainingNetwork

PRESENT = 0.1
"""From this severity on, half of the lowest word's, a type counts as found."""


def make_head_validator(
    config: TrainConfig, processor: SeagullProcessor
) -> Callable[[TrainingNetwork], dict[str, float]] | None:
    """What a trainer calls to validate; None if the settings name no validation records.

    Raises:
        ConfigError, ValueError: if the validation records are missing or faulty.
    """
    if not config.data.validation:
        return None
    import torch

    from seagull.record_photos import record_photo
    from seagull.training.packs import Regions, group_by_photo
    from seagull.training.records import build_index

    index = build_index(config.data.validation)
    photos = group_by_photo(index)
    most = config.data.validation_records or len(photos)
    chosen = np.random.default_rng(config.seed).permutation(len(photos))[:most]

    @torch.inference_mode()
    def validate(network: TrainingNetwork) -> dict[str, float]:
        found: list[tuple[RegionAssessment, RegionLabels]] = []
        for number in sorted(int(value) for value in chosen):
            records = [index.read(int(record)) for record in photos[number]]
            folder = index.folder(int(photos[number][0]))
            photo, known = record_photo(records[0].image, folder), Regions(records)
            regions = [spec.build(photo, folder=folder) for spec in known.specs]
            inputs = processor.regions(photo.pixels, regions)
            batch = {
                "pixel_values": processor.pixels(photo.pixels)[None],
                "region_masks": inputs.masks[None],
                "region_crops": inputs.crops[None],
                "region_crop_masks": inputs.crop_masks[None],
            }
            batch = {name: value.to(network.model.device) for name, value in batch.items()}
            numbers = network.region_numbers(batch)[0].tolist()
            for region, labels, read in zip(regions, known.labels, numbers, strict=True):
                if labels is not None:
                    found.append((assessment_of(region, read), labels))
        return summarise(found)

    return validate


def assessment_of(region: Region, numbers: Sequence[float]) -> RegionAssessment:
    """The head's numbers (as in ``HEAD_NUMBERS``) as an assessment."""
    quality, importance, *severities = numbers
    return RegionAssessment(
        region=region,
        quality=_level(QUALITY, quality),
        importance=_level(IMPORTANCE, importance),
        distortions=tuple(
            Distortion(kind, _severity(value), value)
            for kind, value in zip(DistortionType, severities, strict=True)
            if value >= PRESENT
        ),
    )


def _level(scale: LevelScale, score: float) -> LevelScore:
    weights = np.asarray(scale.weights)
    shares = np.maximum(0.0, 1.0 - np.abs(weights - score) * (len(weights) - 1))
    return LevelScore.from_probabilities(scale, shares)


def _severity(value: float) -> str:
    steps = len(SEVERITY.words)
    return SEVERITY.words[min(steps - 1, max(0, round(value * steps) - 1))]
