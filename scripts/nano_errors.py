"""Where seagull-nano errs on synthetic regions: the predictions of `make nano-evaluate`, in groups.

    python scripts/nano_errors.py outputs/nano/evaluation/regions/predictions/model.jsonl

A region's distortions are unknown where a distortion covers a part of it: its quality is known all
the same. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

FEWEST = 20
"""Smaller groups are left out."""


def main() -> None:
    """Prints number, SRCC, bias and RMSE of the quality of each group."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("predictions", type=Path)
    options = parser.parse_args()
    groups = defaultdict[str, list[tuple[float, float]]](list)
    for line in options.predictions.read_text(encoding="utf-8").splitlines()[1:]:
        row = json.loads(line)
        if (known := row["labels"].get("quality")) is not None:
            for name in _groups(row["labels"]):
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
    print(json.dumps(found))


def _groups(labels: dict[str, Any]) -> Iterator[str]:
    yield "all"
    kinds = labels.get("distortions")
    if kinds is None:
        yield "partly distorted"
        return
    yield "wholly distorted or clean"
    yield kinds[0][0] if len(kinds) == 1 else "several" if kinds else "clean"


if __name__ == "__main__":
    main()
