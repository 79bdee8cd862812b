"""What a comparison is made of: two reports on the same regions, and the changes between them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from seagull.comparison.measured import Measured
from seagull.types import DistortionType, QualityReport, Region, RegionAssessment


class Verdict(StrEnum):
    """What a change of quality means, worst first."""

    MUCH_WORSE = "much worse"
    WORSE = "worse"
    SAME = "same"
    BETTER = "better"
    MUCH_BETTER = "much better"

    @property
    def is_worse(self) -> bool:
        """Whether it is ``worse`` or ``much worse``."""
        return self in (Verdict.WORSE, Verdict.MUCH_WORSE)

    @property
    def is_better(self) -> bool:
        """Whether it is ``better`` or ``much better``."""
        return self in (Verdict.BETTER, Verdict.MUCH_BETTER)

    @property
    def mirrored(self) -> Verdict:
        """The verdict on the swapped photos."""
        return list(Verdict)[::-1][list(Verdict).index(self)]


@dataclass(frozen=True)
class Change:
    """A change of quality from before to after.

    Args:
        before: score before, in [0, 1].
        after: score after.
        std: how far the change moves when it is made and read again, a standard deviation, see
            ``Measured.std``.
        verdict: what it means.
    """

    before: float
    after: float
    std: float
    verdict: Verdict

    @property
    def quality(self) -> float:
        """Score after minus score before, in [-1, 1]; above 0 is better."""
        return self.after - self.before


@dataclass(frozen=True)
class DistortionChange:
    """A distortion type that came, went, or changed its severity in a region.

    ``before`` and ``after`` are severity words; None where the type is not present.
    """

    type: DistortionType
    before: str | None
    after: str | None


@dataclass(frozen=True, eq=False)
class RegionChange:
    """One region before and after.

    Args:
        before: its assessment in the first photo.
        after: its assessment in the second photo.
        identical: whether no pixel of the region differs between the photos; its change is 0 then
            (both scores are the mean of what was read), whatever a model reads of it beside changed
            surroundings.
        change: of its quality.
        distortions: those that changed; types that went first, then new ones.
    """

    before: RegionAssessment
    after: RegionAssessment
    identical: bool
    change: Change
    distortions: tuple[DistortionChange, ...]

    @property
    def region(self) -> Region:
        """The region; its mask is the same in both photos."""
        return self.before.region

    @property
    def weight(self) -> float:
        """Its importance in [0, 1]: the mean of both photos; 0 where none was read."""
        read = [one.importance.score for one in (self.before, self.after) if one.importance]
        return sum(read) / len(read) if read else 0.0


@dataclass(frozen=True)
class Resized:
    """Which photo was resized to the other one's size, and its own size in pixels."""

    photo: str
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two photos of one scene, region by region.

    Args:
        before: the report on the first photo.
        after: the report on the second photo, on the same regions in the same order.
        resized: which photo was resized before it was assessed, if one was.
        measured: the constants behind the verdicts.
        change: of the photo: the mean over regions, weighted by importance.
        regions: in the order of the reports.
    """

    before: QualityReport
    after: QualityReport
    resized: Resized | None
    measured: Measured
    change: Change
    regions: tuple[RegionChange, ...]

    @property
    def is_measured(self) -> bool:
        """Whether the constants belong to the model that assessed the photos."""
        return self.measured.belongs_to(self.before.model)
