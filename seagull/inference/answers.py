"""Reading answers: log-probabilities of candidate words become levels, numbers and distortions.

Where a model has a head, distortions are read off it, and scores are its numbers: the distribution
over the level words is then the nearest one to the language model's that has such a mean.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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

READ_OUT = "head-2"
"""Changes whenever the same numbers of a head are read differently."""
LARGEST_TILT = 1000.0
"""Beyond this, a tilted distribution lies on one word."""


class HeadNumbers(NamedTuple):
    """What a head reads of one region."""

    scores: Mapping[AssessmentTask, float]
    """Quality and importance, in [0, 1]."""
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
    text: Mapping[str, str] | None = None,
    head: HeadNumbers | None = None,
) -> RegionAssessment:
    """The assessment of one region.

    Args:
        region: what was asked about.
        tasks: what was asked; as given to ``scored_questions``, and distortion if a head reads it.
        logs: per question, log-probabilities of its candidates.
        text: answers in words by task.
        head: what a head has read; no question was asked about distortions then.
    """
    read = iter(logs)
    levels = {}
    for task in [task for task in tasks if task in LEVEL_SCALES]:
        scale, shares = LEVEL_SCALES[task], np.exp(next(read))
        if head is not None:
            shares = tilted(shares, scale.weights, head.scores[task])
        levels[task] = LevelScore.from_probabilities(scale, shares)
    present = severities = None
    if AssessmentTask.DISTORTION in tasks and head is not None:
        present, severities = head.present, head.severities
    elif AssessmentTask.DISTORTION in tasks:
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


def tilted(
    probabilities: NDArray[np.floating], weights: Sequence[float], mean: float
) -> NDArray[np.float64]:
    """The distribution nearest to a given one (in relative entropy) whose mean is another.

    Args:
        probabilities: of the values, (n,).
        weights: the values, ascending.
        mean: between the first and the last of them.
    """
    values = np.asarray(weights)
    logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))

    def shares(tilt: float) -> NDArray[np.float64]:
        powers = logs + tilt * values
        each = np.exp(powers - powers.max())
        return np.asarray(each / each.sum(), dtype=np.float64)

    low, high = -LARGEST_TILT, LARGEST_TILT
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if shares(middle) @ values < mean else (low, middle)
    return shares((low + high) / 2)


def head_numbers(numbers: Sequence[float], log_odds: Sequence[float]) -> HeadNumbers:
    """Scores, probabilities and severity words from what a head reads of one region.

    Args:
        numbers: as in ``HEAD_NUMBERS``; the severity words stand for .2, .4 ... 1.
        log_odds: of the presence of each type, in the order of ``DistortionType``.
    """
    quality, importance, *severities = numbers
    words, kinds = SEVERITY.words, list(DistortionType)
    places = [round(value * len(words)) - 1 for value in severities]
    present = {kind: 1 / (1 + math.exp(-odds)) for kind, odds in zip(kinds, log_odds, strict=True)}
    named = [words[min(max(place, 0), len(words) - 1)] for place in places]
    scores = {AssessmentTask.QUALITY: quality, AssessmentTask.IMPORTANCE: importance}
    return HeadNumbers(scores, present, dict(zip(kinds, named, strict=True)))


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
