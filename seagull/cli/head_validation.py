"""Validation of a run that trains no language model: the regions are assessed by the head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from seagull.cli.validation import summarise
from seagull.records import RegionLabels
from seagull.types import AssessmentTask, Region, RegionAssessment

if TYPE_CHECKING:
    from seagull.preprocessing.processor import SeagullProcessor
    from seagull.training.config import TrainConfig
    from seagull.training.network import TrainingNetwork


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

    from seagull.preprocessing.collate import pad_regions
    from seagull.records.photos import record_photo
    from seagull.training.data.packs import Regions, group_by_photo
    from seagull.training.data.records import build_index

    index = build_index(config.data.validation, check_photos=config.data.check_photos)
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
            inputs = processor.regions(photo.pixels, regions, crops=False)
            batch = {
                "pixel_values": processor.pixels(photo.pixels)[None],
                **pad_regions([inputs]),
            }
            batch = {name: value.to(network.model.device) for name, value in batch.items()}
            read = network.read(batch)
            rows = zip(regions, known.labels, *(part[0].tolist() for part in read), strict=True)
            for region, labels, *own in rows:
                if labels is not None:
                    found.append((assessment_of(region, *own), labels))
        return summarise(found)

    return validate


def assessment_of(
    region: Region, numbers: Sequence[float], spread: float, presence: Sequence[float]
) -> RegionAssessment:
    """What a head reads of a region (see ``HeadReading``) as an assessment."""
    from seagull.inference.answers import head_numbers, read_numbers

    return read_numbers(region, tuple(AssessmentTask), head_numbers(numbers, spread, presence))
