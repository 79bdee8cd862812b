"""Validation during training: the records' regions are assessed by the engine as users would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from seagull.preprocessing.processor import SeagullProcessor
    from seagull.training.config import TrainConfig
    from seagull.training.network import TrainingNetwork
    from seagull.types import RegionAssessment

from seagull.evaluation.label_sets import SCORES, Found, pairs_of, per_region, types_of
from seagull.records import RegionLabels

LEAST = 3
"""Fewer numbers than this have no correlation worth a name."""


@dataclass
class _Pairs:
    """Predicted and known numbers of one metric."""

    predicted: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)

    def add(self, predicted: float, known: float) -> None:
        self.predicted.append(predicted)
        self.known.append(known)


def make_validator(
    config: TrainConfig, processor: SeagullProcessor
) -> Callable[[TrainingNetwork], dict[str, float]] | None:
    """What a trainer calls to validate; None if the settings name no validation records.

    Raises:
        ConfigError, ValueError: if the validation records are missing or faulty.
    """
    if not config.data.validation:
        return None
    from seagull.inference.assessor import Assessor
    from seagull.inference.engine import Engine
    from seagull.records.photos import record_photo
    from seagull.training.data.records import build_index
    from seagull.types import ModelInfo

    index = build_index(config.data.validation, check_photos=config.data.check_photos)
    most = config.data.validation_records or len(index)
    chosen = np.random.default_rng(config.seed).permutation(len(index))[:most]

    def validate(network: TrainingNetwork) -> dict[str, float]:
        # A head that learns answers in use, so the best adapter is the one that it reads best; one
        # that stays as it is says the same all the time.
        read_out = "head" if "head" in config.groups else "language_model"
        engine = Engine(network.model, processor, head=network.head)
        assessor = Assessor(engine, ModelInfo(config.model, "training", True))
        found: list[tuple[RegionAssessment, RegionLabels]] = []
        for number in sorted(int(value) for value in chosen):
            record, folder = index.read(number), index.folder(number)
            specs = [spec for spec in record.regions if spec.id in record.labels]
            if not specs:
                continue
            photo = record_photo(record.image, folder)
            regions = [spec.build(photo, folder=folder) for spec in specs]
            report = assessor.assess(photo, regions, read_out=read_out)
            labels = [record.labels[spec.id] for spec in specs]
            found += zip(report.regions, labels, strict=True)
        return summarise(found)

    return validate


def summarise(found: Sequence[tuple[RegionAssessment, RegionLabels]]) -> dict[str, float]:
    """SRCC and PLCC of quality and importance, F1 of distortion types and of their severities.

    Numbers of different metrics are correlated apart and averaged by their count. F1 is the average
    over regions, as in ``seagull evaluate``; ``severity_f1`` counts a type as right only with its
    severity word. A number that cannot be had from these labels is left out.
    """
    pairs: dict[tuple[str, str | None], _Pairs] = {}
    sets: list[tuple[Found, Found]] = []
    for assessment, labels in found:
        for task in ("quality", "importance"):
            read, known = getattr(assessment, task), getattr(labels, task)
            if read is not None and known is not None:
                pairs.setdefault((task, labels.metric), _Pairs()).add(read.score, known)
        if assessment.distortions is not None and labels.distortions is not None:
            said = tuple((each.type, each.severity) for each in assessment.distortions)
            sets.append((said, labels.distortions))
    metrics: dict[str, float] = {}
    for task in ("quality", "importance"):
        own = [value for (name, _), value in pairs.items() if name == task]
        metrics |= _correlations(task, [p for p in own if len(p.known) >= LEAST])
    if sets:
        for name, labels_of in (("distortion_f1", types_of), ("severity_f1", pairs_of)):
            mine, true = ([labels_of(one) for one in side] for side in zip(*sets, strict=True))
            metrics[name] = float(per_region(mine, true)[:, SCORES.index("f1")].mean())
    return metrics


def _correlations(task: str, pairs: Sequence[_Pairs]) -> dict[str, float]:
    found: dict[str, float] = {}
    counts = [len(pair.known) for pair in pairs]
    for name, measure in (("srcc", stats.spearmanr), ("plcc", stats.pearsonr)):
        values = [
            0.0 if len(set(pair.predicted)) == 1 or len(set(pair.known)) == 1
            else float(measure(pair.predicted, pair.known).statistic)
            for pair in pairs
        ]  # fmt: skip
        if values:
            found[f"{task}_{name}"] = float(np.average(values, weights=counts))
    return found
