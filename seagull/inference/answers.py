"""Reading answers: log-probabilities of candidate words become levels, numbers and distortions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from seagull.inference.questions import Question, QuestionBook
from seagull.inference.reading import Logs
from seagull.levels import SEVERITY
from seagull.prompts import LEVEL_SCALES
from seagull.types import (
    AssessmentTask,
    Distortion,
    DistortionType,
    LevelScore,
    Region,
    RegionAssessment,
)

PRESENT = 0.5
"""A distortion type is reported if its judgement question is answered Yes with this probability."""


def scored_questions(book: QuestionBook, tasks: Sequence[AssessmentTask]) -> list[Question]:
    """The questions whose candidates answer the tasks, in the order of ``read_scores``."""
    questions = [book.levels[task] for task in tasks if task in book.levels]
    if AssessmentTask.DISTORTION in tasks:
        questions += [*book.judgements.values(), *book.severities.values()]
    return questions


def read_scores(
    region: Region,
    tasks: Sequence[AssessmentTask],
    logs: Sequence[Logs],
    text: Mapping[str, str] | None = None,
) -> RegionAssessment:
    """The assessment of one region.

    Args:
        region: what was asked about.
        tasks: as given to ``scored_questions``.
        logs: per question, log-probabilities of its candidates.
        text: answers in words by task.
    """
    read = iter(logs)
    levels = {
        task: LevelScore.from_probabilities(LEVEL_SCALES[task], np.exp(next(read)))
        for task in tasks
        if task in LEVEL_SCALES
    }
    present = severities = None
    if AssessmentTask.DISTORTION in tasks:
        present = {kind: float(np.exp(next(read)[0])) for kind in DistortionType}
        severities = {kind: SEVERITY.words[int(next(read).argmax())] for kind in DistortionType}
    return RegionAssessment(
        region=region,
        quality=levels.get(AssessmentTask.QUALITY),
        importance=levels.get(AssessmentTask.IMPORTANCE),
        distortions=_found(present, severities),
        distortion_probabilities=present,
        text=dict(text or {}),
    )


def _found(
    present: Mapping[DistortionType, float] | None, severities: Mapping[DistortionType, str] | None
) -> tuple[Distortion, ...] | None:
    if present is None or severities is None:
        return None
    found = [
        Distortion(kind, severities[kind], probability)
        for kind, probability in present.items()
        if probability >= PRESENT
    ]
    return tuple(sorted(found, key=lambda distortion: -distortion.probability))
