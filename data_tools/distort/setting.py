"""DistortionSetting: one rung of a ladder, and the words for how severe it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from seagull.levels import SEVERITY
from seagull.types import DistortionType

LEVELS = 20
"""Settings per distortion type, as in SEAGULL-100w."""


def severity_of(level: int) -> str:
    """The severity word of level ``k``: each of the five words stands for four levels.

    Raises:
        ValueError: if the level is not in 1..20.
    """
    if not 1 <= level <= LEVELS:
        raise ValueError(f"a level lies in 1..{LEVELS}, got {level}")
    return SEVERITY.words[(level - 1) * len(SEVERITY.words) // LEVELS]


@dataclass(frozen=True)
class DistortionSetting:
    """One distortion with its strength.

    Args:
        type: one of the six types.
        k: level on the ladder, 1 (weakest) to 20.
        kind: how the distortion is made, e.g. ``gaussian`` or ``jpeg``.
        direction: ``higher`` or ``lower`` where a type has two, else ``one``.
        parameter: physical strength, in ``unit``.
        parameter_name: what the parameter is, e.g. ``sigma``.
        unit: of the parameter, e.g. ``px``.
        severity: the word of the level.
    """

    type: DistortionType
    k: int
    kind: str
    direction: str
    parameter: float
    parameter_name: str
    unit: str
    severity: str

    @property
    def variant(self) -> str:
        """Name of the ladder within its type, e.g. ``gaussian`` or ``gain-higher``."""
        return self.kind if self.direction == "one" else f"{self.kind}-{self.direction}"

    @property
    def strength(self) -> str:
        """The parameter for people, e.g. ``sigma 2.38 px`` or ``factor 0.646``."""
        # Plain numbers ("1") and ranges ("1..100") are units for tables, not for sentences.
        unit = "" if self.unit[:1].isdigit() else f" {self.unit}"
        return f"{self.parameter_name} {self.parameter:.3g}{unit}"

    def with_parameter(self, parameter: float) -> DistortionSetting:
        """The same distortion with another strength; level and severity word stay."""
        return replace(self, parameter=parameter)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form (as written to ``distortions.json``)."""
        return {
            "type": self.type.value,
            "k": self.k,
            "kind": self.kind,
            "direction": self.direction,
            "parameter": self.parameter,
            "parameter_name": self.parameter_name,
            "unit": self.unit,
            "severity": self.severity,
        }
