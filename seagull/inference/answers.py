"""Makes assessments from the numbers of the head or the answers of the language model.

Where a model has a head, levels are its numbers and distortions are read off it; without one (or if
asked to), log-probabilities of candidate words are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from seagull.inference.questions import Question, QuestionBook
from seagull.inference.reading import Logs
from seagull.language.prompts import LEVEL_SCALES
from seagull.levels import SEVERITY
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

READ_OUT = "head-3"
"""Changes whenever the same numbers of a head are read differently."""
_IMPORTANCE = AssessmentTask.IMPORTANCE
IMPORTANCE_STD = 0.1
"""Half a bin: nothing tells how sure the head is of importance."""


class HeadNumbers(NamedTuple):
    """What a head reads of one region."""

    scores: Mapping[AssessmentTask, float]
    """Quality and importance, in [0, 1]."""
    stds: Mapping[AssessmentTask, float]
    """Their standard deviations."""
    present: dict[DistortionType, float]
    """The probability of each type."""
    severities: dict[DistortionType, str]
    """The severity word each type would have."""


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
    weights: Sequence[float],
    text: Mapping[str, str] | None = None,
) -> RegionAssessment:
    """The assessment of one region by the language model.

    Args:
        region: what was asked about.
        tasks: what was asked, as given to ``scored_questions``.
        logs: per question, log-probabilities of its candidates.
        weights: the numbers that the level words stand for, see ``SeagullConfig``.
        text: answers in words by task.
    """
    remaining_logs = iter(logs)
    levels = {
        task: LevelScore.from_probabilities(
            LEVEL_SCALES[task], np.exp(next(remaining_logs)), weights
        )
        for task in tasks
        if task in LEVEL_SCALES
    }
    if AssessmentTask.DISTORTION not in tasks:
        return _assessment(region, levels, None, {}, text)
    present = {kind: float(np.exp(next(remaining_logs)[0])) for kind in DistortionType}
    severities = {
        kind: SEVERITY.words[int(next(remaining_logs).argmax())] for kind in DistortionType
    }
    return _assessment(region, levels, present, severities, text)


def read_numbers(
    region: Region,
    tasks: Sequence[AssessmentTask],
    head: HeadNumbers,
    text: Mapping[str, str] | None = None,
) -> RegionAssessment:
    """The assessment of one region by the head.

    Args:
        region: what was asked about.
        tasks: what was asked.
        head: what it has read.
        text: answers in words by task.
    """
    levels = {
        task: LevelScore.from_normal(LEVEL_SCALES[task], head.scores[task], head.stds[task])
        for task in tasks
        if task in LEVEL_SCALES
    }
    present = head.present if AssessmentTask.DISTORTION in tasks else None
    return _assessment(region, levels, present, head.severities, text)


def _assessment(
    region: Region,
    levels: Mapping[AssessmentTask, LevelScore],
    present: dict[DistortionType, float] | None,
    severities: Mapping[DistortionType, str],
    text: Mapping[str, str] | None,
) -> RegionAssessment:
    return RegionAssessment(
        region=region,
        quality=levels.get(AssessmentTask.QUALITY),
        importance=levels.get(_IMPORTANCE) if region.answers(_IMPORTANCE) else None,
        distortions=None if present is None else found_distortions(present, severities),
        distortion_probabilities=present,
        text=dict(text or {}),
    )


def head_numbers(numbers: Sequence[float], spread: float, log_odds: Sequence[float]) -> HeadNumbers:
    """Scores, probabilities and severity words from what a head reads of one region.

    Args:
        numbers: as in ``HEAD_NUMBERS``; the severity words stand for .2, .4 ... 1.
        spread: standard deviation of quality.
        log_odds: of the presence of each type, in the order of ``DistortionType``.
    """
    quality, importance, *severities = numbers
    words, kinds = SEVERITY.words, list(DistortionType)
    places = [round(value * len(words)) - 1 for value in severities]
    present = {kind: 1 / (1 + math.exp(-odds)) for kind, odds in zip(kinds, log_odds, strict=True)}
    named = [words[min(max(place, 0), len(words) - 1)] for place in places]
    scores = {AssessmentTask.QUALITY: quality, AssessmentTask.IMPORTANCE: importance}
    stds = {AssessmentTask.QUALITY: spread, AssessmentTask.IMPORTANCE: IMPORTANCE_STD}
    return HeadNumbers(scores, stds, present, dict(zip(kinds, named, strict=True)))


def found_distortions(
    present: Mapping[DistortionType, float], severities: Mapping[DistortionType, str]
) -> tuple[Distortion, ...]:
    """The types that are probable enough to be reported, most probable first."""
    probable = [
        Distortion(kind, severities[kind], probability)
        for kind, probability in present.items()
        if probability >= PRESENT
    ]
    return tuple(sorted(probable, key=lambda distortion: -distortion.probability))
