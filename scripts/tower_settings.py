"""Settings of the panel of networks for opinions and of the towers that learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PANEL, TOWERS = "panel", "towers"
"""Folders in that of a run."""


@dataclass(frozen=True)
class Kind:
    """Networks that differ in their seeds alone.

    Attributes:
        weights: Python package with the architecture's ImageNet weights, or its file.
        architecture: timm name.
        scale: the share of the photos' sides that is seen.
        window: side of the views learned from, in pixels.
        passes: how often all photos are seen.
        count: how many networks.
        rate: highest learning rate of the tower.
        drop_path: stochastic depth.
    """

    weights: str
    architecture: str = "tf_efficientnet_lite0"
    scale: float = 1.0
    window: int = 320
    passes: float = 8
    count: int = 1
    rate: float = 5e-4
    drop_path: float = 0.1


@dataclass(frozen=True)
class Tower:
    """A tower that learns from the panel.

    Attributes:
        weights: as in ``Kind``.
        scale: the base model's.
        start: the kind of the panel whose first network it begins as; None: ImageNet.
        passes: how often all views are seen.
        rank: of the change from ImageNet's weights.
        factor_passes: how often they are seen once more when it has that rank.
        rate: highest learning rate.
        factor_rate: the same, with factors.
        seed: of its own.
    """

    weights: str
    scale: float = 0.5
    start: int | None = None
    passes: float = 3
    rank: int = 18
    factor_passes: float = 1
    rate: float = 5e-4
    factor_rate: float = 3e-4
    seed: int = 1


@dataclass(frozen=True)
class TowersConfig:
    """Settings of a run.

    Attributes:
        records: opinions to learn from.
        output: folder.
        panel: its networks.
        towers: those that learn from it.
        views: how many views of the photos there are for these.
        window: side of these views, in pixels.
        blended: share of them with another photo blended in.
        labels: what people's own opinions count in the place of the panel's, of views without.
        inner: leave a fifth of the photos out and read these.
        workers: processes at once.
        seed: of everything.
    """

    records: str
    output: str
    panel: tuple[Kind, ...]
    towers: tuple[Tower, ...]
    views: int = 20_000
    window: int = 448
    blended: float = 0.5
    labels: float = 0.3
    inner: bool = False
    workers: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Member:
    """A network of the panel: its kind and which of these it is."""

    kind: int
    place: int

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.kind}-{self.place}"

    def file(self, output: Path) -> Path:
        """Its weights and reading."""
        return output / PANEL / f"{self.name}.safetensors"


def members(config: TowersConfig) -> list[Member]:
    """The whole panel, first ones of each kind first."""
    found = [Member(k, p) for k, kind in enumerate(config.panel) for p in range(kind.count)]
    return sorted(found, key=lambda member: (member.place, member.kind))


def tower_folder(output: Path, place: int) -> Path:
    """Where a tower's adapter lies."""
    return output / TOWERS / f"{place + 1}"
