"""How much the numbers of one scene move by themselves, as measured on pairs of known change.

The constants are in ``measured.json`` beside this file; ``python -m benchmarks.compare`` measures
them and writes the file. They are of one model: of another one, they are a guess.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from seagull.types import ModelInfo

MEASURED_FILE = "measured.json"
_NORMAL_95 = 1.96
"""Standard deviations to either side within which 95 % of a normal distribution lie."""
_STEEPEST = 2.0
"""A change of d moves the mean of both scores by d / 2."""


@dataclass(frozen=True)
class Measured:
    """Constants of one model, each measured on held-back scenes.

    Args:
        command: what measured them.
        model: name of the model.
        revision: its revision.
        same: the change of quality below which there is none, at some scores (the mean of before
            and after), ascending, as pairs; straight lines between them. Within it lie 95 % of the
            changes of null pairs: a scene, as it is or distorted, and the same one encoded again,
            or resized and back.
        much: from this change on, a region is much better or much worse.
        relative: what the spread grows by, as a share of the change: the least with which nine
            tenths of the differences between a change and the same one made again (other files of
            both photos, another drawing of the distortion) lie within what ``std`` says of them.
        presence: least change of a type's probability by which it comes or goes; with it no type
            does in 99 % of the regions of null pairs.

    Raises:
        ValueError: if the numbers are not in order: scores ascend, 0 < same < much, no number is
            below 0, and no line is so steep that a larger change could be none.
    """

    command: str
    model: str
    revision: str
    same: tuple[tuple[float, float], ...]
    much: float
    relative: float
    presence: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "same", tuple((float(x), float(y)) for x, y in self.same))
        scores, changes = np.array(self.same).T
        steep = np.abs(np.diff(changes)) >= _STEEPEST * np.diff(scores)
        in_order = np.all(np.diff(scores) > 0) and not steep.any()
        if not (in_order and np.all(changes > 0) and np.all(changes < self.much)):
            raise ValueError(f"thresholds need ascending scores and 0 < same < much: {self}")
        if min(self.relative, self.presence) < 0:
            raise ValueError(f"a spread and a change of probability are 0 or more: {self}")

    def same_at(self, score: float) -> float:
        """The change of quality below which there is none, about a score."""
        scores, changes = zip(*self.same, strict=True)
        return float(np.interp(score, scores, changes))

    def std(self, before: float, after: float) -> float:
        """The standard deviation of the change between two scores of one scene.

        It says how far the change moves when the same change is made and read again: at no change
        as far as null pairs do, and more with the change. Errors of two versions of one scene go
        together, so it is far less than that of two independent scores. How far a change lies from
        what people would say of it is no part of it.
        """
        by_itself = self.same_at((before + after) / 2) / _NORMAL_95
        return math.hypot(by_itself, self.relative * (after - before))

    def belongs_to(self, model: ModelInfo) -> bool:
        """Whether the constants were measured with this model."""
        return (self.model, self.revision) == (model.name, model.revision)


@cache
def measured() -> Measured:
    """The constants in the package."""
    text = files("seagull.comparison").joinpath(MEASURED_FILE).read_text("utf-8")
    return Measured(**json.loads(text))
