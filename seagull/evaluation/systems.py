"""The trained baselines QFM-IQM and DGIQA as predictors, and validation of their training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from seagull.baselines.assessor import BaselineAssessor, load_baseline
from seagull.baselines.config import BaselineConfig
from seagull.evaluation.predictions import Prediction
from seagull.evaluation.predictors import digest
from seagull.evaluation.validation import Judged, drawn, validation_metrics
from seagull.photos import Photo
from seagull.records.photos import record_photo
from seagull.training.data.packs import group_by_photo
from seagull.training.data.records import build_index
from seagull.training.data.regions import Regions
from seagull.types import AssessmentTask, Region


@dataclass(frozen=True, eq=False)
class SystemPredictor:
    """A trained baseline, asked about the regions of whole photos.

    Args:
        assessor: of it.
        given: how it was named, ``SYSTEM:FOLDER``.
    """

    assessor: BaselineAssessor
    given: str
    same_scale: bool = True

    @property
    def name(self) -> str:
        """``SYSTEM:FOLDER``, and what is reconstructed or guessed."""
        return self.given + self.assessor.info.name.removeprefix(self.given.partition(":")[0])

    @property
    def tasks(self) -> frozenset[AssessmentTask]:
        """What it has learned to read."""
        return frozenset(self.assessor.tasks)

    @property
    def fingerprint(self) -> str:
        """Of its weights, settings and depth."""
        info = self.assessor.info
        return digest("system", self.given, info.name, info.revision)

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region, without spreads: a baseline does not know how sure it is."""
        task_names = [task.value for task in self.assessor.tasks if task in tasks]
        if not task_names:
            return [Prediction() for _ in regions]
        places = [self.assessor.tasks.index(AssessmentTask(name)) for name in task_names]
        rows = self.assessor.read(photo, regions)[:, places]
        return [Prediction(**dict(zip(task_names, row.tolist(), strict=True))) for row in rows]


def load_system(name: str, device: str = "auto") -> SystemPredictor:
    """The predictor of ``SYSTEM:FOLDER``.

    Raises:
        ValueError: if there is no such model there, or it cannot be used.
    """
    system, _, folder = name.partition(":")
    assessor = load_baseline(folder, device=device)
    if assessor.config.system != system:
        raise ValueError(
            f"--baseline {name}: the model there is a {assessor.config.system}; write "
            f"{assessor.config.system}:{folder}"
        )
    return SystemPredictor(assessor, name)


def make_system_validator(
    config: BaselineConfig,
) -> Callable[[BaselineAssessor], dict[str, float]] | None:
    """What a baseline's training calls to validate; None if there are no validation records.

    Raises:
        ConfigError, ValueError: if the validation records are missing or faulty.
    """
    data = config.data
    if not data.validation:
        return None
    index = build_index(data.validation)
    photos = group_by_photo(index)
    chosen_photos = [
        photos[number] for number in drawn(len(photos), data.validation_records, config.seed)
    ]

    def validate(assessor: BaselineAssessor) -> dict[str, float]:
        judged: Judged = []
        for numbers in chosen_photos:
            records = [index.read(int(number)) for number in numbers]
            folder, record_regions = index.folder(int(numbers[0])), Regions(records)
            pairs = [
                (spec, labels)
                for spec, labels in zip(record_regions.specs, record_regions.labels, strict=True)
                if labels is not None
            ]
            if not pairs:
                continue
            photo = record_photo(records[0].image, folder)
            regions = [
                Region(spec.build(photo, folder=folder).mask, str(place))
                for place, (spec, _) in enumerate(pairs)
            ]
            report = assessor.assess(photo, regions)
            judged += zip(report.regions, (labels for _, labels in pairs), strict=True)
        return validation_metrics(judged)

    return validate
