"""Validation during training: the function that a trainer calls, and the metrics it returns.

Training imports nothing of this: whoever starts a run makes a validator and hands it in.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from seagull.evaluation.label_sets import SCORES, Found, pairs_of, per_region, types_of
from seagull.evaluation.metrics import FEWEST, Values, plcc, srcc
from seagull.inference.answers import head_numbers, read_numbers
from seagull.inference.assessor import Assessor
from seagull.inference.engine import Engine
from seagull.preprocessing.collate import pad_regions
from seagull.preprocessing.processor import SeagullProcessor
from seagull.records import RegionLabels
from seagull.records.photos import record_photo
from seagull.training.config import TrainConfig
from seagull.training.data.packs import group_by_photo
from seagull.training.data.records import RecordIndex, build_index
from seagull.training.data.regions import Regions
from seagull.training.loop.parts import Validator
from seagull.training.network import TrainingNetwork
from seagull.types import AssessmentTask, ModelInfo, Region, RegionAssessment

Judged = list[tuple[RegionAssessment, RegionLabels]]
"""What was read of regions, and what is known of them."""


def make_validator(config: TrainConfig, processor: SeagullProcessor) -> Validator | None:
    """What a trainer calls to validate; None if the settings name no validation records.

    A run that trains no language model is validated by the head alone, others by the engine, as
    users would assess.

    Raises:
        ConfigError, ValueError: if the validation records are missing or faulty.
    """
    data = config.data
    if not data.validation:
        return None
    index = build_index(data.validation, check_photos=data.check_photos)
    if not config.loss.text:
        photos = group_by_photo(index)
        chosen = drawn(len(photos), data.validation_records, config.seed)
        return _head_validator(index, [photos[number].tolist() for number in chosen], processor)
    # A trained head answers in use, so the best adapter is the one that it reads best; a
    # frozen head gives the same numbers all the time.
    read_out = "head" if "head" in config.groups else "language_model"
    chosen = drawn(len(index), data.validation_records, config.seed)
    model = ModelInfo(config.model, "training", True)
    return _engine_validator(index, chosen, processor, model, read_out)


def drawn(count: int, limit: int, seed: int) -> list[int]:
    """At most so many of ``count`` numbers, in order; all of them where ``limit`` is 0."""
    drawn = np.random.default_rng(seed).permutation(count)[: limit or count]
    return sorted(int(number) for number in drawn)


def _engine_validator(
    index: RecordIndex,
    numbers: Sequence[int],
    processor: SeagullProcessor,
    model: ModelInfo,
    read_out: str,
) -> Validator:
    """Assesses the regions of records by the engine."""

    def validate(network: TrainingNetwork) -> dict[str, float]:
        assessor = Assessor(Engine(network.model, processor, head=network.head), model)
        judged: Judged = []
        for number in numbers:
            record, folder = index.read(number), index.folder(number)
            specs = [spec for spec in record.regions if spec.id in record.labels]
            if not specs:
                continue
            photo = record_photo(record.image, folder)
            regions = [spec.build(photo, folder=folder) for spec in specs]
            report = assessor.assess(photo, regions, read_out=read_out)
            labels = [record.labels[spec.id] for spec in specs]
            judged += zip(report.regions, labels, strict=True)
        return validation_metrics(judged)

    return validate


def _head_validator(
    index: RecordIndex, photos: Sequence[Sequence[int]], processor: SeagullProcessor
) -> Validator:
    """Reads the regions of photos, each given by the numbers of its records, by the head."""

    @torch.inference_mode()
    def validate(network: TrainingNetwork) -> dict[str, float]:
        judged: Judged = []
        for numbers in photos:
            records = [index.read(number) for number in numbers]
            folder = index.folder(numbers[0])
            photo, record_regions = record_photo(records[0].image, folder), Regions(records)
            regions = [spec.build(photo, folder=folder) for spec in record_regions.specs]
            inputs = processor.regions(photo.pixels, regions, crops=False)
            batch = {
                "pixel_values": processor.pixels(photo.pixels)[None],
                **pad_regions([inputs]),
            }
            batch = {name: value.to(network.model.device) for name, value in batch.items()}
            reading = network.read(batch)
            rows = zip(
                regions, record_regions.labels, *(part[0].tolist() for part in reading), strict=True
            )
            judged += [
                (_assessment(r, *row), labels) for r, labels, *row in rows if labels is not None
            ]
        return validation_metrics(judged)

    return validate


def _assessment(
    region: Region, numbers: Sequence[float], spread: float, presence: Sequence[float]
) -> RegionAssessment:
    """What a head reads of a region (see ``HeadReading``) as an assessment."""
    return read_numbers(region, tuple(AssessmentTask), head_numbers(numbers, spread, presence))


def validation_metrics(judged: Judged) -> dict[str, float]:
    """SRCC and PLCC of quality and importance, F1 of distortion types and of their severities.

    Numbers of different metrics are correlated apart and averaged by their count. F1 is the average
    over regions, as in ``seagull evaluate``; ``severity_f1`` counts a type as right only with its
    severity word. A number that cannot be had from these labels is left out; where a network says
    the same of all regions, its correlation is 0.
    """
    pairs: dict[tuple[str, str | None], list[tuple[float, float]]] = {}
    sets: list[tuple[Found, Found]] = []
    for assessment, labels in judged:
        for task in ("quality", "importance"):
            score, label = getattr(assessment, task), getattr(labels, task)
            if score is not None and label is not None:
                pairs.setdefault((task, labels.metric), []).append((score.score, label))
        if assessment.distortions is not None and labels.distortions is not None:
            predicted = tuple((each.type, each.severity) for each in assessment.distortions)
            sets.append((predicted, labels.distortions))
    metrics: dict[str, float] = {}
    for task in ("quality", "importance"):
        arrays = [np.array(value).T for (name, _), value in pairs.items() if name == task]
        metrics |= _correlations(task, arrays)
    if sets:
        for name, labels_of in (("distortion_f1", types_of), ("severity_f1", pairs_of)):
            predicted_sets, true = (
                [labels_of(distortions) for distortions in side] for side in zip(*sets, strict=True)
            )
            metrics[name] = float(per_region(predicted_sets, true)[:, SCORES.index("f1")].mean())
    return metrics


def _correlations(task: str, arrays: Sequence[Values]) -> dict[str, float]:
    """Correlations of arrays (2, n), predicted and known, averaged by n."""
    usable = [pair for pair in arrays if pair.shape[1] >= FEWEST and np.ptp(pair[1]) > 0]
    if not usable:
        return {}
    counts = [pair.shape[1] for pair in usable]
    return {
        f"{task}_{name}": float(np.average([measure(*p) or 0.0 for p in usable], weights=counts))
        for name, measure in (("srcc", srcc), ("plcc", plcc))
    }
