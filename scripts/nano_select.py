"""Selection figures: how a model does on photos that settings are chosen by, never trained on.

    python scripts/nano_select.py ../shared/data outputs/nano nano [MODEL ...]

Of the head alone: SRCC, PLCC and coverage of MOS on another collection (clive) and on the held-out
part of BIQ2021, there by subset, too; AUC of the blur probability and the share of dominant types
named on clive; pairs of one scene in the right order on validation scenes. Of each further model:
how far its SRCC is beyond the first one's, and how far the sum that is chosen by (both SRCC and the
share of pairs), with 95 % intervals over the photos. These figures are looked at while choosing, so
they are no test. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.stats import rankdata

from seagull import load
from seagull.evaluation.intervals import Indices, bootstrap
from seagull.evaluation.items import EvaluationItem
from seagull.evaluation.metrics import plcc, srcc
from seagull.evaluation.order import order_scores
from seagull.evaluation.predictions import Prediction, Row
from seagull.evaluation.sets import open_set
from seagull.inference.assessor import Assessor
from seagull.types import DistortionType, RegionAssessment

DOMINANT = {
    "realistic blur": DistortionType.BLUR,
    "realistic noise": DistortionType.NOISE,
    "underexposure": DistortionType.EXPOSURE,
    "overexposure": DistortionType.EXPOSURE,
    "realistic contrast change": DistortionType.CONTRAST,
}
"""Types of clive's labels that have a counterpart here."""
COVERED = 1.645
"""Standard deviations to either side within which nine tenths of a normal distribution lie."""
LOW = 0.3
"""Photos with a MOS below it are poor or bad."""


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="data folder with clive/select.parquet")
    parser.add_argument("made", type=Path, help="folder with opinions/ and data/versions/")
    parser.add_argument("models", nargs="+", metavar="model", help="name, folder or run")
    parser.add_argument("--scenes", type=int, default=60, help="validation photos; one scene each")
    options = parser.parse_args()
    found: dict[str, _Model] = {}
    for model in options.models:
        found[model] = _read(load(model), options.data, options.made, options.scenes)
        for name, figures in found[model].figures.items():
            print(model, name, json.dumps(figures))
    first, *others = found
    apart = {model: _beyond(found[model], found[first]) for model in others}
    for model, figures in apart.items():
        print(f"{model} beyond {first}: {json.dumps(figures)}")
    models = {model: one.figures for model, one in found.items()}
    print(json.dumps({"models": models, "beyond_first": apart}))


@dataclass(frozen=True, eq=False)
class _Photos:
    """What a model says of whole photos: figures, its scores and MOS, shape (n,)."""

    figures: dict[str, Any]
    said: NDArray[np.float64]
    mos: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Model:
    """What a model says of all photos; the pairs have figures alone."""

    photos: dict[str, _Photos]
    pairs: dict[str, Any]

    @property
    def figures(self) -> dict[str, Any]:
        return {name: one.figures for name, one in self.photos.items()} | {"pairs": self.pairs}


def _read(assessor: Assessor, data: Path, made: Path, scenes: int) -> _Model:
    photos = {
        "clive": _clive(assessor, data / "clive" / "select.parquet"),
        "held_out": _held_out(assessor, made / "opinions" / "held_out.jsonl"),
    }
    return _Model(photos, _pairs(assessor, made / "data/versions/validation.jsonl", scenes))


def _beyond(one: _Model, first: _Model, resamples: int = 1000) -> dict[str, dict[str, Any]]:
    """How far a model's SRCC, and the sum with the share of pairs, is beyond the first one's.

    Photos are drawn with replacement, the same for both models; pairs are not.
    """
    pairs = one.pairs["right"] - first.pairs["right"]
    names, at = list(one.photos), np.cumsum([0, *(len(of.mos) for of in one.photos.values())])

    def apart(drawn: Indices) -> dict[str, float]:
        found = {}
        for name, low, high in zip(names, at[:-1], at[1:], strict=True):
            rows = drawn[(drawn >= low) & (drawn < high)] - low
            mine, other = one.photos[name], first.photos[name]
            both = [srcc(of.said[rows], of.mos[rows]) or 0.0 for of in (mine, other)]
            found[name] = both[0] - both[1]
        return found | {"sum": sum(found.values()) + pairs}

    ci = bootstrap(apart, range(at[-1]), resamples=resamples)
    return {
        name: {"beyond": round(value, 4), "ci": [round(end, 4) for end in ci[name] or ()]}
        for name, value in apart(np.arange(at[-1])).items()
    }


def _clive(assessor: Assessor, table: Path) -> _Photos:
    rows = pq.read_table(table).to_pylist()
    read = [_whole(assessor, row["image"]) for row in rows]
    mos = np.array([row["mos"] for row in rows])
    figures = _agreement(read, mos) | {"low_mos": _lowest(_scores(read), mos)}
    return _Photos(figures | _types(read, [row["type"] for row in rows]), _scores(read), mos)


def _types(read: list[RegionAssessment], labels: list[str]) -> dict[str, Any]:
    """What is said of types, against clive's dominant ones.

    ``blur_named`` is the share of photos whose findings hold a blur: of those with ``realistic
    blur``, and of the rest. ``dominant_type_first`` is over photos whose type has a counterpart.
    """
    blur = np.array([_probability(one, DistortionType.BLUR) for one in read])
    is_blur = np.array([label == "realistic blur" for label in labels])
    first = [
        _likeliest(one) is DOMINANT[label]
        for label, one in zip(labels, read, strict=True)
        if label in DOMINANT
    ]
    names_blur, names_compression = (
        np.array([any(found.type is kind for found in one.distortions or ()) for one in read])
        for kind in (DistortionType.BLUR, DistortionType.COMPRESSION)
    )
    return {
        "blur_auc": _auc(blur, is_blur),
        "blur_named": [round(float(names_blur[one].mean()), 4) for one in (is_blur, ~is_blur)],
        "compression_named": round(float(names_compression.mean()), 4),
        "dominant_type_first": round(float(np.mean(first)), 4),
    }


def _held_out(assessor: Assessor, records: Path) -> _Photos:
    items = list(open_set(records).items())
    read = [_whole(assessor, item.load()) for item in items]
    mos = np.array([next(iter(item.labels.values())).quality for item in items], dtype=float)
    orders = [next(iter(item.labels.values())).order for item in items]
    groups, said = np.array(["" if one is None else one.group for one in orders]), _scores(read)
    within = [srcc(said[groups == name], mos[groups == name]) for name in np.unique(groups)]
    subsets = {"subsets_srcc": [round(float(one or 0), 4) for one in within]}
    return _Photos(_agreement(read, mos) | subsets, said, mos)


def _pairs(assessor: Assessor, records: Path, scenes: int) -> dict[str, Any]:
    """Known order within scenes, as `seagull evaluate` reports it, without intervals."""
    rows: list[Row] = []
    for item in _scene_items(records, scenes):
        photo = item.load()
        report = assessor.assess(photo, item.build(photo), tasks=["quality"])
        rows += [
            Row(item.id, one.region.id, item.image, item.group, item.labels[one.region.id],
                Prediction.of(one))
            for one in report.regions
        ]  # fmt: skip
    found = order_scores(rows, resamples=0) or {}
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in found.items()
        if name != "ci"
    }


def _scene_items(records: Path, scenes: int) -> Iterator[EvaluationItem]:
    """All versions of the first scene of each of the first photos."""
    photos = set[str]()
    for item in open_set(records).items():
        if not item.image.rsplit(".", 2)[0].endswith(".0"):
            continue
        photos.add(item.group)
        if len(photos) > scenes:
            return
        yield item


def _whole(assessor: Assessor, photo: Any) -> RegionAssessment:
    return assessor.assess(photo, tasks=["quality", "distortion"]).regions[0]


def _scores(read: list[RegionAssessment]) -> NDArray[np.float64]:
    return np.array([one.quality.score for one in read if one.quality is not None])


def _agreement(read: list[RegionAssessment], mos: NDArray[np.float64]) -> dict[str, float]:
    said = _scores(read)
    std = np.array([one.quality.std for one in read if one.quality is not None])
    return {
        "srcc": round(float(srcc(said, mos) or 0), 4),
        "plcc": round(float(plcc(said, mos) or 0), 4),
        "bias": round(float((said - mos).mean()), 4),
        "std": round(float(std.mean()), 4),
        "covered_90": round(float((abs(said - mos) < COVERED * std).mean()), 4),
    }


def _lowest(said: NDArray[np.float64], mos: NDArray[np.float64]) -> dict[str, float]:
    """Of photos whose MOS is below ``LOW``: how many, their mean MOS, what is read of them."""
    low = mos < LOW
    if not low.any():
        return {"n": 0}
    means = {"mos": round(float(mos[low].mean()), 4), "read": round(float(said[low].mean()), 4)}
    return {"n": int(low.sum())} | means


def _likeliest(one: RegionAssessment) -> DistortionType:
    return max(DistortionType, key=lambda kind: _probability(one, kind))


def _probability(one: RegionAssessment, kind: DistortionType) -> float:
    return (one.distortion_probabilities or {})[kind]


def _auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve: how often a positive is above a negative."""
    ranks, count = rankdata(scores), int(positive.sum())
    total = ranks[positive].sum() - count * (count + 1) / 2
    return round(float(total / (count * (len(scores) - count))), 4)


if __name__ == "__main__":
    main()
