"""Summarises rows as results: plain dictionaries for JSON, None for what cannot be computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seagull.evaluation.calibration import calibration
from seagull.evaluation.intervals import Indices, bootstrap
from seagull.evaluation.label_sets import SCORES, pairs_of, per_class, per_region, types_of
from seagull.evaluation.metrics import fit_logistic, score_metrics, srcc
from seagull.evaluation.order import order_scores
from seagull.evaluation.predictions import Row
from seagull.evaluation.sensitivity import sensitivity
from seagull.evaluation.single import SINGLE_SCORES, single_distortions

Values = NDArray[np.float64]

TASKS = ("quality", "importance", "distortion", "calibration", "sensitivity", "order")
"""What can be reported; each is reported where the data and the predictor have it."""


@dataclass(frozen=True)
class SummarySettings:
    """How results are computed.

    Args:
        tasks: of ``TASKS``.
        resamples: of the bootstrap; 0 for no intervals.
        seed: of the bootstrap.
    """

    tasks: tuple[str, ...] = TASKS
    resamples: int = 1000
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ScorePairs:
    """Predictions and labels of one score, row by row.

    Args:
        predicted: shape (n,).
        label: shape (n,), in [0, 1].
        std: predicted spread, NaN where none.
        label_std: raters' spread, NaN where unknown.
        rows: where they come from.
    """

    predicted: Values
    label: Values
    std: Values
    label_std: Values
    rows: Sequence[Row]


def score_pairs(rows: Sequence[Row], name: str) -> ScorePairs:
    """The rows that have both a prediction and a label of ``quality`` or ``importance``."""
    rated = [
        row
        for row in rows
        if getattr(row.prediction, name) is not None and getattr(row.labels, name) is not None
    ]
    return ScorePairs(
        _column([getattr(row.prediction, name) for row in rated]),
        _column([getattr(row.labels, name) for row in rated]),
        _column([getattr(row.prediction, f"{name}_std") for row in rated]),
        _column([row.labels.quality_std if name == "quality" else None for row in rated]),
        rated,
    )


def summarise(
    rows: Sequence[Row], settings: SummarySettings, *, same_scale: bool = True
) -> dict[str, Any]:
    """The results of one predictor; tasks without a single value are left out.

    Args:
        rows: its predictions beside the labels.
        settings: what to compute.
        same_scale: whether its scores lie on the labels' scale.
    """
    result: dict[str, Any] = {}
    for name in ("quality", "importance"):
        if name in settings.tasks and (scores := _score(rows, name, settings, same_scale)):
            result[name] = scores
    if "distortion" in settings.tasks and (distortions := _distortion(rows, settings)):
        result["distortion"] = distortions
    if "calibration" in settings.tasks and same_scale:
        result |= _calibrations(rows)
    if "sensitivity" in settings.tasks:
        moves = sensitivity(rows, resamples=settings.resamples, seed=settings.seed)
        if moves is not None:
            result["sensitivity"] = moves
    if "order" in settings.tasks:
        order = order_scores(rows, resamples=settings.resamples, seed=settings.seed)
        if order is not None:
            result["order"] = order
    return result


def _score(
    rows: Sequence[Row], name: str, settings: SummarySettings, same_scale: bool
) -> dict[str, Any] | None:
    pairs = score_pairs(rows, name)
    if not pairs.rows:
        return None
    predicted, label = pairs.predicted, pairs.label
    start = fit_logistic(predicted, label)

    def statistics(indices: Indices) -> Mapping[str, float | None]:
        return score_metrics(predicted[indices], label[indices], same_scale=same_scale, start=start)

    groups = [row.group for row in pairs.rows]
    areas = _column([row.area for row in pairs.rows])
    thirds = {} if name == "quality" else _by_area(predicted, label, areas)
    return {
        **score_metrics(predicted, label, same_scale=same_scale),
        **thirds,
        "n": len(pairs.rows),
        "photos": len(set(groups)),
        "ci": bootstrap(statistics, groups, resamples=settings.resamples, seed=settings.seed),
    }


def _by_area(predicted: Values, label: Values, area: Values) -> dict[str, list[float | None]]:
    """SRCC within the thirds of regions by their area, smallest first; nothing where it is unknown.

    Large regions mostly matter more, so a score that only knows the area has a high SRCC overall.
    """
    if not len(area) or np.isnan(area).any():
        return {}
    parts = np.array_split(np.argsort(area, kind="stable"), 3)
    return {"srcc_by_area": [srcc(predicted[part], label[part]) for part in parts]}


def _distortion(rows: Sequence[Row], settings: SummarySettings) -> dict[str, Any] | None:
    labelled = [
        (row.group, row.prediction.distortions, row.labels.distortions)
        for row in rows
        if row.prediction.distortions is not None and row.labels.distortions is not None
    ]
    if not labelled:
        return None
    groups, predicted, true = zip(*labelled, strict=True)
    predicted_types, true_types = (
        [types_of(pairs) for pairs in predicted],
        [types_of(pairs) for pairs in true],
    )
    tables = {
        "type": per_region(predicted_types, true_types),
        "severity": per_region(
            [pairs_of(pairs) for pairs in predicted], [pairs_of(pairs) for pairs in true]
        ),
    }
    single = single_distortions(predicted, true)

    def statistics(indices: Indices) -> dict[str, float | None]:
        averages = {kind: table[indices].mean(axis=0) for kind, table in tables.items()}
        return single.scores(indices) | {
            f"{kind}_{score}": float(value)
            for kind, row in averages.items()
            for score, value in zip(SCORES, row, strict=True)
        }

    drawn = bootstrap(statistics, groups, resamples=settings.resamples, seed=settings.seed)
    scores = statistics(np.arange(len(labelled)))
    classes = per_class(predicted_types, true_types)
    # Over the classes that occur: the same ones for every predictor.
    f1_values = [row["f1"] or 0.0 for row in classes.values() if row["n"]]
    return {
        **{
            kind: {
                **{score: scores[f"{kind}_{score}"] for score in SCORES},
                "ci": {score: drawn.get(f"{kind}_{score}") for score in SCORES if drawn},
            }
            for kind in tables
        },
        "per_type": classes,
        "mean_f1_per_type": float(np.mean(f1_values)) if f1_values else None,
        **{name: scores[name] for name in SINGLE_SCORES},
        "n_single": single.counts(),
        "ci": {name: drawn.get(name) for name in SINGLE_SCORES if drawn},
        "n": len(labelled),
        "photos": len(set(groups)),
    }


def _calibrations(rows: Sequence[Row]) -> dict[str, Any]:
    calibrations = {}
    for name in ("quality", "importance"):
        pairs = score_pairs(rows, name)
        has_std = np.isfinite(pairs.std)
        result = calibration(
            pairs.predicted[has_std],
            pairs.std[has_std],
            pairs.label[has_std],
            pairs.label_std[has_std],
        )
        if result is not None:
            calibrations[name] = result
    return {"calibration": calibrations} if calibrations else {}


def _column(values: Sequence[float | None]) -> Values:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
