"""The data types every part of Seagull speaks: regions in, assessments out.

Only NumPy is needed here, so that tools which never run the model can use the same words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import erf, sqrt

import numpy as np
from numpy.typing import NDArray

from seagull.levels import LevelScale

Box = tuple[int, int, int, int]
"""A rectangle ``(x1, y1, x2, y2)`` in pixels of the photo, end exclusive."""

BoolMask = NDArray[np.bool_]
"""A mask of shape (H, W); true inside the region."""


class AssessmentTask(StrEnum):
    """What can be asked about a region (SEAGULL, section 3)."""

    QUALITY = "quality"
    IMPORTANCE = "importance"
    DISTORTION = "distortion"


READ_OUTS = ("head", "language_model")
"""What numbers may be read off: the head where there is one, or always the language model."""


class DistortionType(StrEnum):
    """The six distortion types of SEAGULL-100w, in the order of the paper's prompt."""

    BLUR = "blur"
    COLORFULNESS = "colorfulness"
    COMPRESSION = "compression"
    CONTRAST = "contrast"
    EXPOSURE = "exposure"
    NOISE = "noise"


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a photo (ROI): a boolean mask at the photo's own resolution.

    Args:
        mask: shape (H, W), true inside; at least one true pixel.
        id: name by which answers refer to the region, unique within one photo.
        source: how it was made (``box``, ``points``, ``polygon``, ``mask``, ``rle``, ``whole``,
            ``everything``).
        segmenter: name of the segmenter that made or refined the mask, if one did.
        confidence: the segmenter's own estimate of the mask's quality in [0, 1], if it gave one.

    Raises:
        ValueError: if the mask is not a two-dimensional boolean array or has no true pixel.
    """

    mask: BoolMask
    id: str = "1"
    source: str = "mask"
    segmenter: str | None = None
    confidence: float | None = None
    box: Box = field(init=False)
    area: int = field(init=False)

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_:
            raise ValueError(
                f"region {self.id}: a mask is a boolean (H, W) array, "
                f"got {self.mask.dtype} of shape {self.mask.shape}"
            )
        rows = np.flatnonzero(self.mask.any(axis=1))
        columns = np.flatnonzero(self.mask.any(axis=0))
        if rows.size == 0:
            raise ValueError(f"region {self.id} is empty: it covers no pixel of the photo")
        box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "area", int(np.count_nonzero(self.mask)))

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the photo in pixels."""
        return int(self.mask.shape[0]), int(self.mask.shape[1])

    @property
    def area_fraction(self) -> float:
        """Share of the photo's pixels inside the region, in (0, 1]."""
        return self.area / self.mask.size

    def answers(self, task: AssessmentTask) -> bool:
        """Whether a task has an answer here: a whole photo has no importance within itself."""
        return task is not AssessmentTask.IMPORTANCE or self.area < self.mask.size


def check_ids(ids: Sequence[str]) -> None:
    """Refuses regions of one photo that cannot be told apart by their ids.

    Raises:
        ValueError: if an id is used more than once.
    """
    if len(set(ids)) < len(ids):
        repeated = ", ".join(sorted({id for id in ids if ids.count(id) > 1}))
        raise ValueError(f"region ids must differ; used more than once: {repeated}")


@dataclass(frozen=True)
class LevelScore:
    """A level word with the number behind it.

    ``score`` lies in [0, 1], higher is better (quality) or more important (importance); ``std`` is
    how sure it is, as a standard deviation on that scale. ``probabilities`` are those of the words.
    ``level`` is the word of the score, so that word and number never contradict each other.
    """

    level: str
    score: float
    std: float
    probabilities: dict[str, float]

    @classmethod
    def from_probabilities(
        cls, scale: LevelScale, probabilities: NDArray[np.floating], weights: Sequence[float]
    ) -> LevelScore:
        """The score of a distribution over words: its mean, and its deviation (Q-Align's read-out).

        Where the distribution has two peaks, ``level`` may differ from the likeliest word.

        Args:
            scale: the words, ascending.
            probabilities: of the words, shape (5,); sums to 1.
            weights: the number that each word stands for, see ``SeagullConfig.level_weights``.
        """
        values = np.asarray(weights)
        p = np.asarray(probabilities, dtype=np.float64)
        score = min(max(float(p @ values), 0.0), 1.0)
        variance = float(p @ (values - score) ** 2)
        return cls(scale.word(score), score, float(np.sqrt(variance)), _by_word(scale, p))

    @classmethod
    def from_normal(cls, scale: LevelScale, mean: float, std: float) -> LevelScore:
        """The score of a normal distribution, of which only what lies in [0, 1] counts.

        ``score`` and ``std`` are the two numbers themselves; the probability of a word is the mass
        in its bin. With bins of equal width ``level`` is the likeliest word.

        Args:
            scale: the words and their bins.
            mean: in [0, 1]; what leaves it by rounding is brought back.
            std: above 0.
        """
        score = min(max(mean, 0.0), 1.0)
        edges = (0.0, *scale.thresholds, 1.0)
        below = [0.5 * (1 + erf((edge - score) / (std * sqrt(2)))) for edge in edges]
        masses = np.diff(below) / (below[-1] - below[0])
        return cls(scale.word(score), score, std, _by_word(scale, masses))


def _by_word(scale: LevelScale, values: NDArray[np.float64]) -> dict[str, float]:
    return {word: float(value) for word, value in zip(scale.words, values, strict=True)}


@dataclass(frozen=True)
class Distortion:
    """One distortion found in a region: type, severity word, probability in [0, 1]."""

    type: DistortionType
    severity: str
    probability: float


@dataclass(frozen=True, eq=False)
class RegionAssessment:
    """All answers about one region; None where a task was not asked, or has none (``answers``).

    ``distortions`` holds the types judged present, most probable first (empty means clean);
    ``distortion_probabilities`` holds all six. ``text`` holds answers in words by task name.
    """

    region: Region
    quality: LevelScore | None = None
    importance: LevelScore | None = None
    distortions: tuple[Distortion, ...] | None = None
    distortion_probabilities: dict[DistortionType, float] | None = None
    text: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ImageInfo:
    """Which photo: path (None if it came from memory), size in pixels, digest of the pixels."""

    path: str | None
    width: int
    height: int
    sha256: str


@dataclass(frozen=True)
class ModelInfo:
    """Which model answered.

    Attributes:
        name: by which reports call it.
        revision: of its weights.
        trained: whether its region parts have been trained.
        fixed_std: the ``std`` that all its scores have because it does not know how sure it is;
            None where it knows.
    """

    name: str
    revision: str
    trained: bool
    fixed_std: float | None = None


@dataclass(frozen=True)
class QualityReport:
    """A photo and the assessments of its regions."""

    image: ImageInfo
    model: ModelInfo
    segmenter: str | None
    regions: tuple[RegionAssessment, ...]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    Args:
        role: ``user`` or ``assistant``.
        content: what is said, without placeholders.
        regions: ids of the regions the turn is about (their tokens are introduced before it).
        task: which of the three tasks an answer belongs to, if any; training reads it to pair the
            level word with the number behind it.
    """

    role: str
    content: str
    regions: tuple[str, ...] = ()
    task: AssessmentTask | None = None
