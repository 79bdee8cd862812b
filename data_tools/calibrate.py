"""Calibration: from raw metric scores to the [0, 1] scales that the level words cut up.

How SEAGULL turns its metric into importance is not published. Ours: importance is the share of the
data set's visible regions whose distortion harms the whole photo less, so each fifth of them gets
one of the five words. Counts are integers over fixed bins, so the order of shards does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from data_tools.state import digest_of

_BINS = 100_000
_KNOTS = 101

ScoreColumns = tuple[NDArray[np.floating], NDArray[np.floating], set[str]]
"""Quality and importance_raw of some rows, and the names of their metrics."""


@dataclass(frozen=True)
class Calibration:
    """Maps raw scores of one metric to importance.

    Args:
        metric: id and version of the metric.
        raw: ascending raw scores at equal steps of their distribution, 1 means no harm.
        rows: how many visible rows they come from.
    """

    metric: str
    raw: tuple[float, ...]
    rows: int

    @property
    def id(self) -> str:
        """Names the calibration in records and data cards."""
        return digest_of([self.metric, self.raw])[:12]

    def importance(self, raw: ArrayLike) -> NDArray[np.float64]:
        """Importance in [0, 1], higher is more important, of raw composite scores."""
        knots = np.asarray(self.raw)
        values = np.asarray(raw, dtype=np.float64)
        share = np.linspace(0.0, 1.0, knots.size)
        # A raw score shared by many rows takes the middle of their shares.
        low = np.interp(values, *_steps(knots, share, first=True))
        high = np.interp(values, *_steps(knots, share, first=False))
        return 1.0 - (low + high) / 2

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {"id": self.id, "metric": self.metric, "rows": self.rows, "raw": list(self.raw)}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Calibration:
        """The calibration of its JSON form."""
        return cls(plain["metric"], tuple(plain["raw"]), plain["rows"])


def _steps(
    knots: NDArray[np.float64], share: NDArray[np.float64], *, first: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, where = np.unique(knots, return_index=True)
    if not first:
        where = np.append(where[1:], knots.size) - 1
    return values, share[where]


def calibrate(paths: Iterable[Path], visible: float) -> Calibration:
    """The calibration of all label files, one in memory at a time.

    Args:
        paths: label tables of one metric.
        visible: rows with this quality or more count as unharmed and are left out.

    Raises:
        ValueError: if there is no label, or labels of two metrics.
    """
    return calibrate_scores(_label_columns(paths), visible)


def _label_columns(paths: Iterable[Path]) -> Iterator[ScoreColumns]:
    for path in paths:
        table = pq.read_table(path, columns=["quality", "importance_raw", "metric"])
        metrics = set(table["metric"].unique().to_pylist())
        yield table["quality"].to_numpy(), table["importance_raw"].to_numpy(), metrics


def calibrate_scores(batches: Iterable[ScoreColumns], visible: float) -> Calibration:
    """The calibration of raw scores that come in batches, in whatever order.

    Args:
        batches: quality and importance_raw of some rows, shape (N,), and the metrics they are of.
        visible: rows with this quality or more count as unharmed and are left out.

    Raises:
        ValueError: if no row is visible, or rows are of two metrics.
    """
    counts = np.zeros(_BINS + 1, dtype=np.int64)
    metrics: set[str] = set()
    for quality, importance_raw, found in batches:
        metrics |= found
        raw = np.clip(importance_raw[quality < visible], 0.0, 1.0)
        counts += np.bincount(np.rint(raw * _BINS).astype(np.int64), minlength=_BINS + 1)
    if len(metrics) > 1:
        raise ValueError(f"labels of different metrics never mix, found {sorted(metrics)}")
    if not counts.sum():
        raise ValueError("no region shows any distortion, so importance cannot be calibrated")
    cumulated = np.cumsum(counts)
    wanted = np.linspace(0, cumulated[-1] - 1, _KNOTS).astype(np.int64)
    raw_knots = np.searchsorted(cumulated, wanted, side="right") / _BINS
    return Calibration(metrics.pop(), tuple(float(x) for x in raw_knots), int(counts.sum()))


def to_level_scale(score: float, thresholds: Sequence[float]) -> float:
    """A score on the scale where the words' edges are equally spaced, in [0, 1].

    The read-out of a model turns words into numbers at equal steps, so the number stored with a
    word has to lie in the word's equal bin.
    """
    edges = (0.0, *thresholds, 1.0)
    mapped = float(np.interp(score, edges, np.linspace(0.0, 1.0, len(edges))))
    return min(max(mapped, 0.0), 1.0)
