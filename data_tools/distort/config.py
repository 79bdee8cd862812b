"""DistortConfig: which ladders a data set uses and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_tools.distort.tables import LADDERS, Ladder
from seagull.types import DistortionType


@dataclass(frozen=True)
class DistortConfig:
    """Per type, the ladders to choose from with their weights.

    Args:
        weights: type to {variant: weight}; a photo draws one variant per type.
        ladders: every known ladder by (type, variant).
    """

    weights: Mapping[DistortionType, Mapping[str, float]]
    ladders: Mapping[tuple[DistortionType, str], Ladder]

    def ladder(self, type: DistortionType, variant: str) -> Ladder:
        """The ladder of one variant.

        Raises:
            ValueError: if there is none of that name.
        """
        found = self.ladders.get((type, variant))
        if found is None:
            known = sorted(name for kind, name in self.ladders if kind is type)
            raise ValueError(f"{type.value}: no ladder {variant!r}; there are {known}")
        return found

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: everything that changes pixels, for fingerprints and data cards."""
        return {
            type.value: {
                variant: {"weight": weight, "values": list(self.ladder(type, variant).values)}
                for variant, weight in variants.items()
            }
            for type, variants in self.weights.items()
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> DistortConfig:
        """The config of ``{type: {variant: weight or {weight, values}}}``; types left out keep
        their defaults.

        Raises:
            ValueError: with every fault found.
        """
        if not isinstance(plain, Mapping):
            raise ValueError(
                f"distortions: expected a mapping of types, got {type(plain).__name__}"
            )
        weights = dict(DEFAULT_WEIGHTS)
        ladders = dict(LADDERS)
        faults: list[str] = []
        for name, variants in plain.items():
            try:
                kind = _type_named(name)
                weights[kind] = _read_variants(kind, variants, ladders)
            except ValueError as error:
                faults.append(str(error))
        if faults:
            raise ValueError("distortions: " + "; ".join(faults))
        return cls(weights, ladders)


def _type_named(name: str) -> DistortionType:
    try:
        return DistortionType(name)
    except ValueError:
        raise ValueError(
            f"{name!r} is no distortion type; there are {[item.value for item in DistortionType]}"
        ) from None


def _read_variants(
    type: DistortionType, variants: object, ladders: dict[tuple[DistortionType, str], Ladder]
) -> dict[str, float]:
    if not isinstance(variants, Mapping) or not variants:
        raise ValueError(f"{type.value}: expected {{variant: weight}}, got {variants!r}")
    weights: dict[str, float] = {}
    for name, entry in variants.items():
        ladder = ladders.get((type, name))
        if ladder is None:
            known = sorted(variant for kind, variant in ladders if kind is type)
            raise ValueError(f"{type.value}: no ladder {name!r}; there are {known}")
        if isinstance(entry, Mapping):
            if unknown := set(entry) - {"weight", "values"}:
                raise ValueError(f"{type.value}.{name}: unknown fields {sorted(unknown)}")
            ladders[(type, name)] = _with_values(ladder, entry.get("values", ladder.values))
        weights[name] = _weight(f"{type.value}.{name}", entry)
    if sum(weights.values()) <= 0:
        raise ValueError(f"{type.value}: all weights are zero; give one variant a positive weight")
    return weights


def _with_values(ladder: Ladder, values: object) -> Ladder:
    if not isinstance(values, list | tuple) or not all(
        isinstance(value, int | float) for value in values
    ):
        raise ValueError(
            f"{ladder.type.value}.{ladder.variant}: values are 20 numbers, got {values!r}"
        )
    return ladder.with_values(values)


def _weight(name: str, entry: object) -> float:
    value = entry.get("weight", 1.0) if isinstance(entry, Mapping) else entry
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ValueError(f"{name}: a weight is a number >= 0, got {value!r}")
    return float(value)


DEFAULT_WEIGHTS: Mapping[DistortionType, Mapping[str, float]] = {
    DistortionType.BLUR: {"gaussian": 2.0, "disc": 1.0, "motion": 1.0},
    DistortionType.COLORFULNESS: {"saturation-lower": 1.0, "saturation-higher": 1.0},
    DistortionType.COMPRESSION: {"jpeg": 1.0},
    DistortionType.CONTRAST: {"slope-lower": 1.0, "slope-higher": 1.0},
    DistortionType.EXPOSURE: {"gain-lower": 1.0, "gain-higher": 1.0},
    DistortionType.NOISE: {"sensor": 1.0},
}
DEFAULT_CONFIG = DistortConfig(DEFAULT_WEIGHTS, LADDERS)
