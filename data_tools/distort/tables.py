"""The ladders: twenty parameters for every way of distorting.

Equal steps of mean HaarPSI from .97 to .40 over photos, found by ``data_tools.distort.derive``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from data_tools.distort.setting import LEVELS, DistortionSetting, severity_of
from data_tools.distort.values import VALUES
from seagull.types import DistortionType


@dataclass(frozen=True)
class Ladder:
    """Twenty strengths of one way of distorting, weakest first.

    Raises:
        ValueError: if there are not exactly twenty values or they are not strictly monotone.
    """

    type: DistortionType
    kind: str
    direction: str
    parameter_name: str
    unit: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        steps = np.diff(self.values)
        if len(self.values) != LEVELS or not (np.all(steps > 0) or np.all(steps < 0)):
            raise ValueError(
                f"{self.type.value}/{self.variant}: a ladder has {LEVELS} strictly rising or "
                f"falling values, got {self.values}"
            )

    @property
    def variant(self) -> str:
        """Name of the ladder within its type."""
        return self.kind if self.direction == "one" else f"{self.kind}-{self.direction}"

    def with_values(self, values: Iterable[float]) -> Ladder:
        """The same ladder with other strengths."""
        return replace(self, values=tuple(float(value) for value in values))

    def settings(self) -> list[DistortionSetting]:
        """The twenty settings, weakest first."""
        return [self.setting(k) for k in range(1, LEVELS + 1)]

    def setting(self, k: int) -> DistortionSetting:
        """The setting of level ``k`` (1..20)."""
        return DistortionSetting(
            type=self.type,
            k=k,
            kind=self.kind,
            direction=self.direction,
            parameter=self.values[k - 1],
            parameter_name=self.parameter_name,
            unit=self.unit,
            severity=severity_of(k),
        )


# Kind, direction, parameter name and unit.
_VARIANTS: Mapping[DistortionType, tuple[tuple[str, str, str, str], ...]] = {
    DistortionType.BLUR: (
        ("gaussian", "one", "sigma", "px"),
        ("disc", "one", "radius", "px"),
        ("motion", "one", "length", "px"),
    ),
    DistortionType.COLORFULNESS: (
        ("saturation", "lower", "factor", "1"),
        ("saturation", "higher", "factor", "1"),
    ),
    DistortionType.COMPRESSION: (
        ("jpeg", "one", "quality", "1..100"),
        ("webp", "one", "quality", "1..100"),
        ("jpeg2000", "one", "rate", "1/1000 of raw size"),
    ),
    DistortionType.CONTRAST: (
        ("slope", "lower", "factor", "1"),
        ("slope", "higher", "factor", "1"),
    ),
    DistortionType.EXPOSURE: (
        ("gain", "lower", "ev", "EV"),
        ("gain", "higher", "ev", "EV"),
    ),
    DistortionType.NOISE: (
        ("sensor", "one", "sigma", "of display white"),
        ("read", "one", "sigma", "of display white"),
        ("shot", "one", "sigma", "of display white"),
    ),
}


def _ladders() -> Iterator[Ladder]:
    for type, variants in _VARIANTS.items():
        for kind, direction, name, unit in variants:
            variant = kind if direction == "one" else f"{kind}-{direction}"
            values = VALUES[f"{type.value}/{variant}"]
            yield Ladder(type, kind, direction, name, unit, values)


LADDERS: Mapping[tuple[DistortionType, str], Ladder] = {
    (ladder.type, ladder.variant): ladder for ladder in _ladders()
}
"""Every ladder by (type, variant)."""
