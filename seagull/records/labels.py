"""RegionLabels: what is known about a region of a record, on scales that are checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from seagull.levels import SEVERITY
from seagull.types import DistortionType

MOS = "mos"
"""The metric of people's mean opinion scores, which alone give quality its absolute scale."""


@dataclass(frozen=True)
class RegionOrder:
    """Where a region stands among others: what is known of it without any number for its quality.

    Args:
        group: inside which regions are put in order: the versions of one scene, or photos that the
            same people rated.
        levels: of the distortions that cover the region, by ``type/variant``, from 1 (weakest) to
            20; empty for an untouched region, None where that is not known: then only people's MOS
            put it in order.
        sharpness: of the untouched region, its mean luminance gradient; None where unknown.
    """

    group: str
    levels: Mapping[str, int] | None = None
    sharpness: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without the fields that are None."""
        plain: dict[str, Any] = {"group": self.group}
        if self.levels is not None:
            plain["levels"] = dict(self.levels)
        if self.sharpness is not None:
            plain["sharpness"] = self.sharpness
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RegionOrder:
        """The order of a JSON object.

        Raises:
            ValueError: on a missing or an unknown field.
        """
        fields = {"group", "levels", "sharpness"}
        if not isinstance(plain, Mapping):
            raise ValueError(f"labels.order: an object is expected, got {plain!r:.60}")
        if set(plain) - fields or "group" not in plain:
            raise ValueError(f"labels.order: {sorted(fields)} are its fields, got {sorted(plain)}")
        return cls(plain["group"], plain.get("levels"), plain.get("sharpness"))


@dataclass(frozen=True)
class RegionLabels:
    """What is known about one region; None where nothing is.

    Args:
        quality: in [0, 1], higher is better.
        importance: in [0, 1], higher is more important.
        quality_std: spread of the raters' opinions on the same scale.
        distortions: (type, severity word) pairs; empty means clean.
        metric: what gave the numbers (``haarpsi-1``, ``mos``, ...); numbers of different metrics
            are never compared.
        order: where it stands among other regions, if that is known.
    """

    quality: float | None = None
    importance: float | None = None
    quality_std: float | None = None
    distortions: tuple[tuple[DistortionType, str], ...] | None = None
    metric: str | None = None
    order: RegionOrder | None = None

    def merged(self, other: RegionLabels) -> RegionLabels:
        """What both know together.

        Raises:
            ValueError: naming the field and both values, if they contradict each other.
        """
        if self == other:
            return self
        added: dict[str, Any] = {}
        for name in (field.name for field in fields(self)):
            own, others = getattr(self, name), getattr(other, name)
            if own is None:
                added[name] = others
            elif others is not None and not _agree(own, others):
                own, others = self.to_dict()[name], other.to_dict()[name]
                raise ValueError(f"{name} is {own} in one and {others} in another")
        return replace(self, **added)

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, without the fields that are None."""
        plain: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("quality", "importance", "quality_std", "metric")
            if getattr(self, name) is not None
        }
        if self.distortions is not None:
            plain["distortions"] = [[kind.value, severity] for kind, severity in self.distortions]
        if self.order is not None:
            plain["order"] = self.order.to_dict()
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RegionLabels:
        """The labels of a JSON object.

        Raises:
            ValueError: on an unknown field or distortion type, or a score outside [0, 1].
        """
        if not isinstance(plain, Mapping):
            raise ValueError(f"labels: an object is expected, got {plain!r:.60}")
        known = {"quality", "importance", "quality_std", "metric", "distortions", "order"}
        if unknown := set(plain) - known:
            raise ValueError(f"labels: unknown fields {sorted(unknown)}; known are {sorted(known)}")
        for name in ("quality", "importance", "quality_std"):
            value = plain.get(name)
            if value is not None and not _is_number(value):
                raise ValueError(f"labels: {name} is a number, got {value!r:.60}")
        for name in ("quality", "importance"):
            value = plain.get(name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"labels: {name} lies in [0, 1], got {value!r:.60}")
        if (plain.get("quality_std") or 0) < 0:
            raise ValueError(f"labels: quality_std is not negative, got {plain['quality_std']!r}")
        distortions = plain.get("distortions")
        return cls(
            quality=plain.get("quality"),
            importance=plain.get("importance"),
            quality_std=plain.get("quality_std"),
            metric=plain.get("metric"),
            distortions=None
            if distortions is None
            else tuple((DistortionType(kind), severity) for kind, severity in _pairs(distortions)),
            order=RegionOrder.from_dict(plain["order"]) if plain.get("order") else None,
        )


def _agree(first: object, second: object) -> bool:
    """Whether two values of a label are the same; distortions are a set."""
    if isinstance(first, tuple) and isinstance(second, tuple):
        return set(first) == set(second)
    return first == second


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _pairs(value: Any) -> Sequence[Sequence[str]]:
    if isinstance(value, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 for pair in value
    ):
        if unknown := [word for _, word in value if word not in SEVERITY.words]:
            raise ValueError(
                f"labels: unknown severity {unknown[0]!r:.60}; known: {', '.join(SEVERITY.words)}"
            )
        return value
    raise ValueError(f"labels: distortions are [type, severity] pairs, got {value!r:.60}")
