"""The classical baseline: natural-scene statistics and kernel ridge regression.

Fitted on a training set only. The regularisation is chosen by cross-validation over photos, whose
errors also give the spread it predicts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.spatial.distance import cdist

from seagull.evaluation.predictions import Prediction
from seagull.evaluation.predictors import digest
from seagull.evaluation.scene_statistics import FEATURES, scene_statistics
from seagull.evaluation.sets import EvaluationSet
from seagull.photos import Photo
from seagull.types import AssessmentTask, Region

logger = logging.getLogger(__name__)

Floats = NDArray[np.float64]

MAX_PHOTOS = 3000
"""Most photos fitted to; of a larger set a seeded sample is taken."""
MAX_REGIONS = 4000
FEWEST_REGIONS = 10
FOLDS = 5
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


@dataclass(frozen=True, eq=False)
class Regression:
    """Kernel ridge regression with a radial basis function, from features to a score in [0, 1].

    Args:
        centre: mean of each feature, shape (F,).
        spread: standard deviation of each feature.
        support: standardised features fitted to, shape (n, F).
        weights: of the support, shape (n,).
        offset: mean score.
        gamma: of the kernel ``exp(-gamma d^2)``.
        std: cross-validated root of the mean squared error.
    """

    centre: Floats
    spread: Floats
    support: Floats
    weights: Floats
    offset: float
    gamma: float
    std: float

    def __call__(self, features: Floats) -> Floats:
        """Scores of feature rows, shape (R, F) to (R,)."""
        standard = (features - self.centre) / self.spread
        kernel = np.exp(-self.gamma * cdist(standard, self.support, "sqeuclidean"))
        return np.clip(self.offset + kernel @ self.weights, 0.0, 1.0)


def fit_regression(features: Floats, scores: Floats, groups: Sequence[str]) -> Regression:
    """The regression with the penalty that predicts left-out photos best.

    Args:
        features: shape (n, F).
        scores: shape (n,), in [0, 1].
        groups: the photo of each row.

    Raises:
        ValueError: for fewer than ten rows or fewer than two photos.
    """
    names = sorted(set(groups))
    if len(scores) < FEWEST_REGIONS or len(names) < 2:
        raise ValueError(
            f"the classical baseline is fitted to {FEWEST_REGIONS} regions of several photos or "
            f"more, got {len(scores)} of {len(names)}; give a larger set with --fit"
        )
    centre, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-9)
    standard = (features - centre) / spread
    squares = cdist(standard, standard, "sqeuclidean")
    gamma = 1.0 / max(float(np.median(squares)), 1e-9)
    kernel, offset = np.exp(-gamma * squares), float(scores.mean())
    number = {name: index for index, name in enumerate(names)}
    fold = np.array([number[name] for name in groups]) % min(FOLDS, len(names))
    errors = [_left_out_error(kernel, scores, fold, penalty) for penalty in PENALTIES]
    best = int(np.argmin(errors))
    weights = _solve(kernel, scores - offset, PENALTIES[best])
    return Regression(centre, spread, standard, weights, offset, gamma, float(errors[best]))


def _left_out_error(
    kernel: Floats, scores: Floats, fold: NDArray[np.intp], penalty: float
) -> float:
    residual = np.empty_like(scores)
    for part in np.unique(fold):
        out, train = fold == part, fold != part
        mean = float(scores[train].mean())
        weights = _solve(kernel[np.ix_(train, train)], scores[train] - mean, penalty)
        residual[out] = scores[out] - mean - kernel[np.ix_(out, train)] @ weights
    return float(np.sqrt(np.mean(residual**2)))


def _solve(kernel: Floats, values: Floats, penalty: float) -> Floats:
    factor = cho_factor(kernel + penalty * np.eye(len(kernel)), lower=True)
    return np.asarray(cho_solve(factor, values))


@dataclass(frozen=True, eq=False)
class FitData:
    """What was measured on a training set.

    Args:
        features: shape (n, 36).
        scores: by task, shape (n,), NaN where unknown.
        groups: the photo of each row.
        digests: of the pixels of every photo that was read.
    """

    features: Floats
    scores: dict[AssessmentTask, Floats]
    groups: tuple[str, ...]
    digests: frozenset[str]


def measure(
    data: EvaluationSet,
    *,
    limit: int | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> FitData:
    """Features and labels of a training set's regions; photos are read one at a time.

    A photo or region that cannot be read is left out, with a warning.
    """
    ids = [item.id for item in data.items(limit)]
    rng = np.random.default_rng(seed)
    if len(ids) > MAX_PHOTOS:
        ids = [ids[index] for index in rng.choice(len(ids), MAX_PHOTOS, replace=False)]
    chosen, features, groups, digests = set(ids), list[Floats](), list[str](), set[str]()
    scores: dict[AssessmentTask, list[float]] = {task: [] for task in _TASKS}
    unreadable: list[str] = []
    for item in data.items(limit):
        if item.id not in chosen:
            continue
        try:
            photo = item.load()
            regions = item.build(photo)
        except (ValueError, OSError) as error:
            unreadable.append(" ".join(str(error).split()))
            continue
        digests.add(photo.sha256)
        features.append(scene_statistics(photo.pixels, [region.mask for region in regions]))
        groups += [item.group] * len(regions)
        for region in regions:
            labels = item.labels[region.id]
            for task in _TASKS:
                value = getattr(labels, task.value)
                scores[task].append(np.nan if value is None else value)
        progress(len(digests), len(chosen))
    if unreadable:
        logger.warning(
            "%d photos of %s are not fitted to: %s", len(unreadable), data.path, unreadable[0]
        )
    return FitData(
        np.concatenate([np.empty((0, FEATURES)), *features]),
        {task: np.asarray(values, dtype=np.float64) for task, values in scores.items()},
        tuple(groups),
        frozenset(digests),
    )


_TASKS = (AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE)


@dataclass(frozen=True, eq=False)
class ClassicalPredictor:
    """Quality, and importance where the training set has it, from natural-scene statistics."""

    regressions: dict[AssessmentTask, Regression]
    fingerprint: str
    name: str = "classical"
    same_scale: bool = True

    @property
    def tasks(self) -> frozenset[AssessmentTask]:
        """What it was fitted to."""
        return frozenset(self.regressions)

    @classmethod
    def fitted(cls, data: FitData, *, seed: int = 0) -> ClassicalPredictor:
        """The predictor of a training set's measurements.

        Raises:
            ValueError: if they are too few.
        """
        rng = np.random.default_rng(seed)
        regressions = {}
        for task, scores in data.scores.items():
            rows = np.flatnonzero(np.isfinite(scores))
            if rows.size > MAX_REGIONS:
                rows = np.sort(rng.choice(rows, MAX_REGIONS, replace=False))
            if rows.size or task is AssessmentTask.QUALITY:
                groups = [data.groups[row] for row in rows]
                regressions[task] = fit_regression(data.features[rows], scores[rows], groups)
        known = [(task.value, scores.tobytes()) for task, scores in data.scores.items()]
        pixels = sorted(data.digests)
        mark = digest("classical", data.features.tobytes(), known, data.groups, pixels, seed)
        return cls(regressions, mark)

    def predict(
        self, photo: Photo, regions: Sequence[Region], tasks: Sequence[AssessmentTask]
    ) -> list[Prediction]:
        """One prediction a region."""
        features = scene_statistics(photo.pixels, [region.mask for region in regions])
        values: list[dict[str, float]] = [{} for _ in regions]
        for task, regression in self.regressions.items():
            if task in tasks:
                for plain, score in zip(values, regression(features), strict=True):
                    plain |= {task.value: float(score), f"{task.value}_std": regression.std}
        return [Prediction.from_dict(plain) for plain in values]
