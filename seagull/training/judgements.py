"""Judgement questions made up while training: is this region in blur? Yes, or no and what it is in.

The presence of a type is read from these questions, so each of the six types has to be asked about
regions that have it and regions that have not, far more often than records should be written for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seagull.prompts import distortion_answer, judgement_answer, type_judgement
from seagull.records import RegionLabels
from seagull.types import DistortionType, Message


def judgements(
    labels: Sequence[RegionLabels | None], count: int, rng: np.random.Generator
) -> list[tuple[int, tuple[Message, Message]]]:
    """Numbers of regions with a question and an answer about each, at most ``count``.

    A region with distortions is asked about one of them in half of the cases. Regions whose
    distortions are not known are left out.

    Args:
        labels: of a photo's regions.
        count: how many questions.
        rng: decides which.
    """
    known = [number for number, each in enumerate(labels) if each and each.distortions is not None]
    made: dict[tuple[int, DistortionType], tuple[Message, Message]] = {}
    for turn in range(count if known else 0):
        number = known[turn % len(known)]
        each = labels[number]
        assert each is not None
        found = each.distortions or ()
        present = [kind for kind, _ in found]
        absent = [kind for kind in DistortionType if kind not in present]
        choices = present if present and rng.random() < 0.5 else absent or present
        kind = choices[int(rng.integers(len(choices)))]
        answer = judgement_answer(kind in present, distortion_answer(found))
        made[number, kind] = (
            Message("user", type_judgement(kind), (str(number),)),
            Message("assistant", answer),
        )
    return [(number, messages) for (number, _), messages in made.items()]
