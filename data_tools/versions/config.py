"""The settings of versions: how many, of which kinds, and who validates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

KINDS: Mapping[str, float] = {
    "whole": 0.3,
    "whole_mixed": 0.12,
    "inside": 0.36,
    "inside_mixed": 0.08,
    "outside": 0.14,
}
"""Where the distortion is (whole photo, one region, all but one region) and whether several types
are mixed; values are the default weights."""


@dataclass(frozen=True)
class VersionsConfig:
    """Scenes of each reference, and distorted versions of each scene.

    Args:
        window: long and short side of a scene in pixels; ``[0, 0]`` takes the whole reference.
        scenes: most windows per reference.
        min_scale: least side of a window as a share of the largest that fits the reference.
        boxes: random rectangles per scene, beside its ROIs and the whole photo.
        per_scene: versions of a scene for training, the undistorted one (number 0) included.
        validation_per_scene: the same for validation.
        kinds: weight of each kind of version; kinds left out get none.
        regions: most regions that are labelled in one version.
        validation: share of the references kept for validation, by the beginning of their paths
            below the input folder (the longest that fits counts); ``chat.validation_share``
            where none fits.
        calibration: another data set's folder, whose scale of importance is taken over, so that
            both can be learned from together; None makes an own one.
        readings: JSONL of what a model reads of regions of this set's pictures; conversations about
            these are then written, too (``versions/language.jsonl``). None writes none, and leaves
            quality words open.
    """

    window: tuple[int, ...] = (480, 320)
    scenes: int = 3
    min_scale: float = 0.6
    boxes: int = 3
    per_scene: int = 12
    validation_per_scene: int = 8
    kinds: Mapping[str, float] = field(default_factory=lambda: dict(KINDS))
    regions: int = 6
    validation: Mapping[str, float] = field(default_factory=dict)
    calibration: str | None = None
    readings: str | None = None

    @property
    def whole(self) -> bool:
        """Whether a scene is the whole reference."""
        return 0 in self.window

    def faults(self) -> Iterator[str]:
        """What is wrong with the values, a line each."""
        sides = list(self.window)
        if len(sides) != 2 or (not self.whole and not 32 <= sides[1] <= sides[0] <= 20_000):
            yield f"versions.window: [long, short] of 32 to 20000 pixels or [0, 0], got {sides}"
        limits = {
            "scenes": (1, 100),
            "min_scale": (0.05, 1),
            "boxes": (0, 100),
            "per_scene": (1, 10_000),
            "validation_per_scene": (1, 10_000),
            "regions": (2, 100),
        }
        for name, (low, high) in limits.items():
            if not low <= (value := getattr(self, name)) <= high:
                yield f"versions.{name}: a number from {low} to {high}, got {value}"
        if unknown := sorted(set(self.kinds) - set(KINDS)):
            yield f"versions.kinds: {unknown} unknown; known are {', '.join(KINDS)}"
        if not self.kinds or min(self.kinds.values()) < 0 or sum(self.kinds.values()) <= 0:
            yield f"versions.kinds: weights >= 0, not all of them 0, got {dict(self.kinds)}"
        if bad := {name: x for name, x in self.validation.items() if not 0 <= x <= 1}:
            yield f"versions.validation: shares from 0 to 1, got {bad}"

    def validation_share(self, path: str, otherwise: float) -> float:
        """The share of references with such a path that is kept for validation.

        Args:
            path: of the photo below the input folder, with forward slashes.
            otherwise: the share where no beginning fits.
        """
        parts = path.split("/")
        for end in range(len(parts), 0, -1):
            if (name := "/".join(parts[:end])) in self.validation:
                return self.validation[name]
        return otherwise
