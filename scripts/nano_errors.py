"""Where seagull-nano errs: the predictions of `make nano-evaluate`, in groups.

    FOLDER=outputs/nano/evaluation
    python scripts/nano_errors.py $FOLDER/regions/predictions/model.jsonl
    python scripts/nano_errors.py --pairs $FOLDER/sensitivity/predictions/model.jsonl
    python scripts/nano_errors.py --opinions $FOLDER/opinions/predictions/model.jsonl

A region's distortions are unknown where a distortion covers a part of it: its quality is known all
the same. ``--pairs`` counts the pairs of a distorted and a clean region of one picture, and those
ranked rightly, by what the distorted one has. ``--opinions`` goes by subset of the opinions, which
is the first word of a photo's name. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from tower_views import subset_of

from seagull.levels import SEVERITY

FEWEST = 20
"""Smaller groups are left out."""
TRIVIAL = SEVERITY.words[0]


def main() -> None:
    """Prints the groups."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--pairs", action="store_true", help="pairs of regions of one picture")
    parser.add_argument("--opinions", action="store_true", help="photos by subset")
    options = parser.parse_args()
    lines = options.predictions.read_text(encoding="utf-8").splitlines()[1:]
    rows = [json.loads(line) for line in lines]
    if options.opinions:
        found = _regions(rows, _subsets) | {"without bias": _without_bias(rows)}
    else:
        found = _pairs(rows) if options.pairs else _regions(rows, _groups)
    print(json.dumps(found))


def _regions(
    rows: list[dict[str, Any]], groups_of: Callable[[dict[str, Any]], Iterator[str]]
) -> dict[str, Any]:
    """Number, SRCC, bias and RMSE of the quality of each group."""
    groups = defaultdict[str, list[tuple[float, float]]](list)
    for row in rows:
        if (known := row["labels"].get("quality")) is not None:
            for name in groups_of(row):
                groups[name].append((row["quality"], known))
    found = {}
    for name, pairs in sorted(groups.items(), key=lambda item: -len(item[1])):
        if len(pairs) < FEWEST:
            continue
        said, known = np.array(pairs).T
        # Regions that are all alike have no order.
        srcc = float(spearmanr(said, known).statistic) if np.ptp(known) else float("nan")
        bias, rmse = float((said - known).mean()), float(np.sqrt(((said - known) ** 2).mean()))
        print(f"{name:24} n {said.size:5} SRCC {srcc:6.3f} bias {bias:+.3f} RMSE {rmse:.3f}")
        found[name] = {"n": said.size, "srcc": None if np.isnan(srcc) else round(srcc, 4)}
    return found


def _without_bias(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Agreement if each subset's mean error were taken off: what knowing subsets is worth."""
    said = np.array([row["quality"] for row in rows])
    known = np.array([row["labels"]["quality"] for row in rows])
    subsets = np.array([subset_of(row["image"]) for row in rows])
    for name in set(subsets):
        said[subsets == name] -= (said - known)[subsets == name].mean()
    srcc, plcc = float(spearmanr(said, known).statistic), float(np.corrcoef(said, known)[0, 1])
    print(f"{'without these biases':24} n {said.size:5} SRCC {srcc:6.3f} PLCC {plcc:.3f}")
    return {"srcc": round(srcc, 4), "plcc": round(plcc, 4)}


def _pairs(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Pairs of each group, and those whose distorted region has the lower score (equal: half)."""
    pictures = defaultdict[str, list[dict[str, Any]]](list)
    for row in rows:
        if row["labels"].get("distortions") is not None:
            pictures[row["image"]].append(row)
    found = defaultdict[str, list[float]](list)
    for regions in pictures.values():
        clean = [row["quality"] for row in regions if not row["labels"]["distortions"]]
        for row in regions:
            kinds = row["labels"]["distortions"]
            right = [0.5 * ((row["quality"] < c) + (row["quality"] <= c)) for c in clean]
            groups = {"all", *(part for kind in kinds for part in kind)} if kinds else set()
            if kinds and any(severity != TRIVIAL for _, severity in kinds):
                groups.add(f"above {TRIVIAL}")
            for name in groups:
                found[name] += right
    for name, right in sorted(found.items(), key=lambda item: -len(item[1])):
        print(f"{name:24} pairs {len(right):5} ranked rightly {np.mean(right):.3f}")
    return {name: [len(right), round(float(np.mean(right)), 4)] for name, right in found.items()}


def _subsets(row: dict[str, Any]) -> Iterator[str]:
    yield "all"
    yield subset_of(row["image"])


def _groups(row: dict[str, Any]) -> Iterator[str]:
    yield "all"
    kinds = row["labels"].get("distortions")
    if kinds is None:
        yield "partly distorted"
        return
    yield "wholly distorted or clean"
    yield kinds[0][0] if len(kinds) == 1 else "several" if kinds else "clean"


if __name__ == "__main__":
    main()
