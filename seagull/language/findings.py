"""Findings about regions in the words of answers, and the context turns that say them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from seagull.language.prompts import (
    INSTRUCTIONS,
    distortion_answer,
    importance_answer,
    joint_answer,
    joint_question,
    quality_answer,
)
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.types import AssessmentTask, DistortionType, Message


@dataclass(frozen=True)
class Findings:
    """What is known of a region, in the words of answers.

    Args:
        quality: a word of ``QUALITY``.
        distortions: (type, severity word) pairs in spoken order.
        importance: a word of ``IMPORTANCE``, where it is known.
    """

    quality: str
    distortions: tuple[tuple[DistortionType, str], ...]
    importance: str | None = None

    @property
    def answers(self) -> tuple[str, ...]:
        """To the joint question about distortion and quality, and to that about importance."""
        both = joint_answer([distortion_answer(self.distortions), quality_answer(self.quality)])
        return (both,) if self.importance is None else (both, importance_answer(self.importance))


SEVERAL_INSTRUCTION = "Assess each of these regions."
"""The question whose answer says what is known of several regions, a line for each."""


def context_turns(known: Mapping[str, Findings]) -> tuple[Message, ...]:
    """What is known of regions, as turns before a conversation about them.

    Of a single region these are the answers to the usual questions. Of several regions it is one
    answer that names them by their ids, since "this region" would not say which one is meant.
    The worst comes first: a small model finds the first and the last of several lines more easily
    than the one that says something else than the others. It ends with which one is the worst, the
    best and the most important.

    Args:
        known: by the ids of the regions, in spoken order.
    """
    names = tuple(known)
    if len(names) == 1:
        (findings,) = known.values()
        questions = joint_question(AssessmentTask.QUALITY), INSTRUCTIONS[AssessmentTask.IMPORTANCE]
        turns = [*zip(questions, findings.answers, strict=False)]
    else:
        order = [name for group in worst_first(known) for name in group]
        lines = [f"Region {name}: {joint_answer(known[name].answers)}" for name in order]
        lines += _extremes(known)
        turns = [(SEVERAL_INSTRUCTION, "\n".join(lines))]
    return tuple(
        message
        for question, answer in turns
        for message in (Message("user", question, names), Message("assistant", answer))
    )


def worst_first(known: Mapping[str, Findings]) -> list[list[str]]:
    """Ids of regions in groups that are alike, by quality; within a level by the worst severity."""

    def place(name: str) -> tuple[int, int]:
        own = known[name]
        shown = [1 + SEVERITY.words.index(severity) for _, severity in own.distortions]
        return QUALITY.words.index(own.quality), -max(shown, default=0)

    return _alike(known, place)


def most_important_first(known: Mapping[str, str]) -> list[list[str]]:
    """Ids of regions in groups that are alike, by their words of ``IMPORTANCE``."""

    def place(name: str) -> int:
        return -IMPORTANCE.words.index(known[name])

    return _alike(known, place)


def _alike(names: Iterable[str], place: Callable[[str], Any]) -> list[list[str]]:
    return [[*group] for _, group in groupby(sorted(names, key=place), key=place)]


class Extreme(NamedTuple):
    """What regions can be the most of, and in what they are alike if none is."""

    most: str
    alike: str


WORST, BEST = Extreme("worst", "quality"), Extreme("best", "quality")
MOST_IMPORTANT = Extreme("most important", "importance")


def conclusion(groups: Sequence[Sequence[str]], extreme: Extreme) -> str:
    """Which regions are the most of something, the first of groups of ids that are alike.

    What is asked for comes first and the ids last: "region 2 is the worst" would have a model
    choose an id before it has said what for.
    """
    first = groups[0]
    if len(groups) == 1:
        return f"They are alike in {extreme.alike}."
    if len(first) == 1:
        return f"The {extreme.most} is region {first[0]}."
    return f"The {extreme.most} are regions {', '.join(first[:-1])} and {first[-1]}."


def _extremes(known: Mapping[str, Findings]) -> list[str]:
    groups = worst_first(known)
    said = [conclusion(groups, WORST), conclusion(groups[::-1], BEST)]
    words = {name: own.importance for name, own in known.items() if own.importance is not None}
    if len(words) == len(known):
        said.append(conclusion(most_important_first(words), MOST_IMPORTANT))
    return [*dict.fromkeys(said)]  # one that they are alike is enough
