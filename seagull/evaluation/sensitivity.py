"""Region sensitivity: whether predictions are about the region, not about the whole photo.

Photos come in versions: one in which no labelled region is distorted, and others in which some
are. A model that looks at the region rates the distorted ones lower and leaves the clean ones
where they were; a model that looks at the photo moves all of them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seagull.evaluation.intervals import Indices, bootstrap
from seagull.evaluation.predictions import Row

Sums = NDArray[np.float64]
_SceneRegion = tuple[str | None, str]
"""A region's scene, where known, and id: a photo has several scenes, whose region ids repeat."""
_PAIRS, _RIGHT, _CLEAN, _MOVED, _DISTORTED, _DROP, _FELL = range(7)


def sensitivity(
    rows: Iterable[Row], *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any] | None:
    """How predicted quality answers to distorting one region; None without such photos.

    Args:
        rows: of any order; those without a predicted quality or known distortions do not count.
        resamples: for the intervals, drawn over photos.
        seed: of the drawing.

    Returns:
        ``ranked_right``: share of (distorted, clean) pairs of one version of a photo in which the
        distorted region got the lower score; equal scores count half. Where the photo's
        undistorted version is there, too: ``clean_move``, mean absolute change of a clean
        region's score when another region is distorted; ``distorted_drop``, mean fall of a
        distorted region's own score; ``fell``, share of distorted regions whose score fell. Regions
        of one id are the same region in versions of one scene (``labels.order.group``), or of one
        photo where no scene is known.
        Counts are ``photos``, ``pairs``, ``clean_regions``, ``distorted_regions``; ``ci`` holds
        intervals.
    """
    photos: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row.prediction.quality is not None and row.labels.distortions is not None:
            photos.setdefault(row.group, {}).setdefault(row.image, []).append(row)
    sums = [_photo_sums(versions) for versions in photos.values()]
    table = np.asarray([row for row in sums if row.any()]).reshape(-1, 7)
    total = table.sum(axis=0)
    if not total[_PAIRS] and not total[_DISTORTED]:
        return None

    def statistics(indices: Indices) -> dict[str, float | None]:
        return _shares(table[indices].sum(axis=0))

    return {
        **_shares(total),
        "photos": len(table),
        "pairs": int(total[_PAIRS]),
        "clean_regions": int(total[_CLEAN]),
        "distorted_regions": int(total[_DISTORTED]),
        "ci": bootstrap(statistics, range(len(table)), resamples=resamples, seed=seed),
    }


def _shares(total: Sums) -> dict[str, float | None]:
    def share(part: int, count: int) -> float | None:
        return float(total[part] / total[count]) if total[count] else None

    return {
        "ranked_right": share(_RIGHT, _PAIRS),
        "clean_move": share(_MOVED, _CLEAN),
        "distorted_drop": share(_DROP, _DISTORTED),
        "fell": share(_FELL, _DISTORTED),
    }


def _photo_sums(versions: dict[str, list[Row]]) -> Sums:
    clean_scores: dict[_SceneRegion, float] = {}
    for rows in versions.values():
        if not any(row.labels.distortions for row in rows):
            for row in rows:
                clean_scores.setdefault(_scene_region(row), _score(row))
    sums = np.zeros(7)
    for rows in versions.values():
        if any(row.labels.distortions for row in rows):
            sums += _version_sums(rows, clean_scores)
    return sums


def _version_sums(rows: Sequence[Row], clean_scores: dict[_SceneRegion, float]) -> Sums:
    sums = np.zeros(7)
    clean = [_score(row) for row in rows if not row.labels.distortions]
    for row in rows:
        clean_score, score = clean_scores.get(_scene_region(row)), _score(row)
        if row.labels.distortions:
            sums[_PAIRS] += len(clean)
            sums[_RIGHT] += sum((score < other) + 0.5 * (score == other) for other in clean)
        if clean_score is None:
            continue
        if row.labels.distortions:
            drop = clean_score - score
            sums[[_DISTORTED, _DROP, _FELL]] += (1, drop, float(drop > 0))
        else:
            sums[[_CLEAN, _MOVED]] += (1, abs(clean_score - score))
    return sums


def _scene_region(row: Row) -> _SceneRegion:
    order = row.labels.order
    return None if order is None else order.group, row.region


def _score(row: Row) -> float:
    assert row.prediction.quality is not None
    return row.prediction.quality
