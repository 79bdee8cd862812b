"""Level words, and which word a number is called by.

Words: SEAGULL's released templates. Its thresholds are unpublished; equal bins are Q-Align's
published practice. What number a word stands for is the model's (``SeagullConfig.level_weights``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class LevelScale:
    """Ascending words for a score in [0, 1].

    Args:
        name: what is graded, e.g. ``quality``.
        words: ascending, at least two, all different.
        thresholds: ascending inner bin edges in (0, 1), one fewer than words; a score equal to an
            edge belongs to the upper bin. Equal bins when left empty.

    Raises:
        ValueError: if words repeat or the thresholds do not fit.
    """

    name: str
    words: tuple[str, ...]
    thresholds: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.words)
        if count < 2 or len(set(self.words)) != count:
            raise ValueError(
                f"{self.name}: a scale needs two or more different words, got {self.words}"
            )
        edges = self.thresholds or tuple(i / count for i in range(1, count))
        if (
            len(edges) != count - 1
            or list(edges) != sorted(set(edges))
            or not 0 < edges[0] <= edges[-1] < 1
        ):
            raise ValueError(
                f"{self.name}: {count} words need {count - 1} ascending thresholds in (0, 1), "
                f"got {edges}"
            )
        object.__setattr__(self, "thresholds", edges)

    def word(self, score: float) -> str:
        """The word for a score in [0, 1].

        Raises:
            ValueError: if the score is not a number in [0, 1].
        """
        if not 0.0 <= score <= 1.0:
            raise ValueError(f"{self.name}: a score lies in [0, 1], got {score}")
        return self.words[sum(score >= edge for edge in self.thresholds)]

    def with_thresholds(self, thresholds: Sequence[float]) -> LevelScale:
        """The same words with other bin edges."""
        return LevelScale(self.name, self.words, tuple(thresholds))


QUALITY = LevelScale("quality", ("bad", "poor", "fair", "good", "excellent"))
IMPORTANCE = LevelScale("importance", ("unimportant", "minor", "normal", "important", "essential"))
SEVERITY = LevelScale("severity", ("trivial", "minor", "moderate", "serious", "severe"))
"""Of the published severity words only ``trivial`` and ``minor`` are known; the rest are ours."""
