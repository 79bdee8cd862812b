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

from seagull.types import ModelInfo

MEASURED_FILE = "measured.json"


@dataclass(frozen=True)
class Measured:
    """Constants of one model, each measured on held-back scenes.

    Args:
        command: what measured them.
        model: name of the model.
        revision: its revision.
        same: a change of quality of less than this is none: within it lie 95 % of the changes of
            null pairs (a scene and the same one encoded again, or resized and back).
        much: from this change on, a region is much better or much worse.
        spread: standard deviation of the changes of null pairs.
        relative: spread of a known change between scenes and regions, as a share of its mean.
        presence: least change of a type's probability by which it comes or goes; 95 % of those of
            null pairs lie below.

    Raises:
        ValueError: if the numbers are not in order: 0 < same < much, and none below 0.
    """

    command: str
    model: str
    revision: str
    same: float
    much: float
    spread: float
    relative: float
    presence: float

    def __post_init__(self) -> None:
        if not (0 < self.same < self.much and min(self.spread, self.relative, self.presence) >= 0):
            raise ValueError(f"thresholds need 0 < same < much and spreads of 0 or more: {self}")

    def std(self, change: float) -> float:
        """The standard deviation of a change of quality, for a change read as ``change``.

        Errors of two versions of one scene go together, so it is far less than that of two
        independent scores; it grows with the change.
        """
        return math.hypot(self.spread, self.relative * change)

    def belongs_to(self, model: ModelInfo) -> bool:
        """Whether the constants were measured with this model."""
        return (self.model, self.revision) == (model.name, model.revision)


@cache
def measured() -> Measured:
    """The constants in the package."""
    text = files("seagull.comparison").joinpath(MEASURED_FILE).read_text("utf-8")
    return Measured(**json.loads(text))
