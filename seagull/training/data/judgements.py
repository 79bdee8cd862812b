"""Judgement questions made up while training: is this region in blur? Yes or no.

The presence of a type is read from these questions, so they are asked far more often than records
should be written for. A model that learns from more No than Yes says No to everything, so as many
of either are drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from seagull.language.prompts import NO, YES, type_judgement
from seagull.records import RegionLabels
from seagull.types import DistortionType, Message

CLEAN_SHARE = 4
"""A photo without distortions is asked for this part of the questions: all its answers are No."""

Judgement = tuple[int, tuple[Message, Message]]
"""The number of a region, and a question and an answer about it."""
_Pair = tuple[int, DistortionType]


def judgements(
    labels: Sequence[RegionLabels | None], count: int, rng: np.random.Generator
) -> list[Judgement]:
    """At most ``count`` different questions; half are answered Yes where there are distortions.

    Beside each Yes stands a No that differs from it by one thing: the same region asked about
    another type, or another region about the same type. Regions whose distortions are not known are
    left out.

    Args:
        labels: of a photo's regions.
        count: how many questions.
        rng: decides which.
    """
    kinds_by_region = {
        number: {kind for kind, _ in each.distortions}
        for number, each in enumerate(labels)
        if each and each.distortions is not None
    }
    pairs = [(number, kind) for number in kinds_by_region for kind in DistortionType]
    present = [pair for pair in pairs if pair[1] in kinds_by_region[pair[0]]]
    absent = [pair for pair in pairs if pair[1] not in kinds_by_region[pair[0]]]
    if not present:
        return [_judgement(pair, NO) for pair in _drawn(absent, count // CLEAN_SHARE, rng)]
    chosen = _drawn(present, (count + 1) // 2, rng)
    answers = {pair: YES for pair in chosen}
    for pair in chosen[: count // 2]:
        place = int(rng.integers(2))
        similar = [
            candidate
            for candidate in absent
            if candidate[place] == pair[place] and candidate not in answers
        ]
        for candidate in _drawn(
            similar or [candidate for candidate in absent if candidate not in answers], 1, rng
        ):
            answers[candidate] = NO
    return [_judgement(pair, answer) for pair, answer in answers.items()]


def _drawn(pairs: Sequence[_Pair], count: int, rng: np.random.Generator) -> list[_Pair]:
    chosen: Iterable[int] = rng.permutation(len(pairs))[:count]
    return [pairs[number] for number in chosen]


def _judgement(pair: _Pair, answer: str) -> Judgement:
    number, kind = pair
    question = Message("user", type_judgement(kind), (str(number),))
    return number, (question, Message("assistant", f"{answer}."))
