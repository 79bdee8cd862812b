"""Reading answers: log-probabilities of candidate words become levels, numbers and distortions.

Distortions are read off the head's numbers instead where a model has a head.
"""

from __future__ import annotations

import math
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
"""A distortion type is reported from this probability on."""

ReadDistortions = tuple[dict[DistortionType, float], dict[DistortionType, str]]
"""The probability of each type, and the severity word it would have."""


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
    found: ReadDistortions | None = None,
) -> RegionAssessment:
    """The assessment of one region.

    Args:
        region: what was asked about.
        tasks: as given to ``scored_questions``.
        logs: per question, log-probabilities of its candidates.
        text: answers in words by task.
        found: distortions, where they are not among the tasks because a head has read them.
    """
    read = iter(logs)
    levels = {
        task: LevelScore.from_probabilities(LEVEL_SCALES[task], np.exp(next(read)))
        for task in tasks
        if task in LEVEL_SCALES
    }
    present, severities = found or (None, None)
    if AssessmentTask.DISTORTION in tasks:
        present = {kind: float(np.exp(next(read)[0])) for kind in DistortionType}
        severities = {kind: SEVERITY.words[int(next(read).argmax())] for kind in DistortionType}
    return RegionAssessment(
        region=region,
        quality=levels.get(AssessmentTask.QUALITY),
        importance=levels.get(AssessmentTask.IMPORTANCE),
        distortions=found_distortions(present, severities) if present and severities else None,
        distortion_probabilities=present,
        text=dict(text or {}),
    )


def read_distortions(log_odds: Sequence[float], severities: Sequence[float]) -> ReadDistortions:
    """Probabilities and severity words from what a head reads of one region.

    Args:
        log_odds: of the presence of each type, in the order of ``DistortionType``.
        severities: in [0, 1]; the words stand for .2, .4 ... 1.
    """
    words, kinds = SEVERITY.words, list(DistortionType)
    places = [round(value * len(words)) - 1 for value in severities]
    present = {kind: 1 / (1 + math.exp(-odds)) for kind, odds in zip(kinds, log_odds, strict=True)}
    named = [words[min(max(place, 0), len(words) - 1)] for place in places]
    return present, dict(zip(kinds, named, strict=True))


def found_distortions(
    present: Mapping[DistortionType, float], severities: Mapping[DistortionType, str]
) -> tuple[Distortion, ...]:
    """The types that are probable enough to be reported, most probable first."""
    found = [
        Distortion(kind, severities[kind], probability)
        for kind, probability in present.items()
        if probability >= PRESENT
    ]
    return tuple(sorted(found, key=lambda distortion: -distortion.probability))
