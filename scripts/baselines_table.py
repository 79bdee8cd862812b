"""Figures, differences and the table of the comparison in docs/baselines.md.

    python -m scripts.baselines_table outputs/baselines/results.json

prints the table of what is there so far. Differences are paired: over seeds, which share their
photos and their order, with Student's interval; where there is one run each, over the evaluated
photos, with a bootstrap interval.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from scripts.baselines_data import FIGURES, REGIONS
from scripts.baselines_plan import DIFFERENCES, FULL, SMALL, VARIANTS, run_name
from seagull.evaluation.intervals import bootstrap
from seagull.evaluation.metrics import plcc, srcc
from seagull.evaluation.order import order_scores
from seagull.evaluation.predictions import Row

Figures = dict[str, float | None]
Rows = Callable[[str, str], Sequence[Row]]
"""Gives the rows of a run on a set."""
RESAMPLES = 500
LEVEL = 0.95
HEADINGS = {
    ("held_out", "srcc"): "BIQ2021 SRCC", ("held_out", "plcc"): "PLCC",
    ("clive", "srcc"): "CLIVE SRCC", ("clive", "plcc"): "PLCC",
    ("regions", "pairs"): "regions in order", ("regions", "importance"): "importance SRCC",
}  # fmt: skip


def main() -> None:
    """Prints the table of a results file."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m scripts.baselines_table outputs/baselines/results.json")
    file = Path(sys.argv[1])
    if not file.is_file():
        raise SystemExit(f"{file}: there is no such file; `make baselines` writes it")
    print("\n".join(table(json.loads(file.read_text(encoding="utf-8")))))


def figures(name: str, rows: Sequence[Row]) -> Figures:
    """The figures of a set: SRCC and PLCC of MOS, or of regions the share of pairs in order and the
    SRCC of importance."""
    if name == REGIONS:
        order = order_scores(rows, resamples=0) or {}
        return {"pairs": order.get("right"), "importance": _agreement(rows, "importance", srcc)}
    return {"srcc": _agreement(rows, "quality", srcc), "plcc": _agreement(rows, "quality", plcc)}


def _agreement(rows: Sequence[Row], task: str, by: Any) -> float | None:
    pairs = _pairs(rows, task)
    return None if len(pairs) < 3 else by(*pairs.T)


def _pairs(rows: Sequence[Row], task: str) -> NDArray[np.float64]:
    """Predictions and labels, (n, 2), of the rows that have both."""
    both = [(getattr(row.prediction, task), getattr(row.labels, task)) for row in rows]
    known = [pair for pair in both if None not in pair]
    return np.array(known, dtype=float).reshape(-1, 2)


def differences(runs: Mapping[str, Mapping[str, Any]], rows: Rows) -> list[dict[str, Any]]:
    """What each first variant of ``DIFFERENCES`` has beyond the second, by part and set.

    Args:
        runs: of a results file.
        rows: of single runs, for intervals over photos.
    """
    found = []
    for (first, second), part, name in product(DIFFERENCES, (SMALL, FULL), FIGURES):
        own, other = (_by_seed(runs, variant, part, name) for variant in (first, second))
        apart = [own[seed] - other[seed] for seed in sorted(set(own) & set(other))]
        if not apart:
            continue
        plain = {"first": first, "second": second, "part": part, "set": name, "n": len(apart)}
        plain |= {"figure": FIGURES[name][0], "mean": round(float(np.mean(apart)), 4)}
        if part == SMALL:
            found.append({**plain, "over": "seeds", "interval": over_seeds(apart)})
        else:
            both = (rows(run_name(variant, part, 0), name) for variant in (first, second))
            found.append({**plain, "over": "photos", "interval": over_photos(name, *both)})
    return found


def _by_seed(
    runs: Mapping[str, Mapping[str, Any]], variant: str, part: str, name: str
) -> dict[int, float]:
    """The first figure of a set, of each run of a variant that has it, by its seed."""
    figure = FIGURES[name][0]
    return {
        run["seed"]: value
        for run in runs.values()
        if (run["variant"], run["part"]) == (variant, part)
        and (value := run["figures"].get(name, {}).get(figure)) is not None
    }


def over_seeds(apart: Sequence[float]) -> list[float] | None:
    """Student's interval of the mean of paired differences; None of fewer than two.

    It is about other tenths of the photos and other seeds, not about other evaluation photos.
    """
    if len(apart) < 2:
        return None
    middle, spread = float(np.mean(apart)), float(np.std(apart, ddof=1))
    reach = float(student.ppf(0.5 + LEVEL / 2, len(apart) - 1)) * spread / len(apart) ** 0.5
    return [round(middle - reach, 4), round(middle + reach, 4)]


def over_photos(name: str, own: Sequence[Row], other: Sequence[Row]) -> list[float] | None:
    """Bootstrap interval of the difference of two single runs on the same photos.

    It is about other evaluation photos, not about other seeds.
    """
    if name == REGIONS:
        counts = _order_counts(own), _order_counts(other)
        groups: list[str] = sorted(set(counts[0]) & set(counts[1]))
        tables = [np.array([one[group] for group in groups]) for one in counts]

        def statistics(chosen: NDArray[np.intp]) -> dict[str, float | None]:
            shares = [table[chosen].sum(axis=0) for table in tables]
            first, second = (share[0] / share[1] for share in shares)
            return {"apart": float(first - second)}
    else:
        groups = [row.group for row in own]
        first_pairs, second_pairs = _pairs(own, "quality"), _pairs(other, "quality")
        if not len(first_pairs) == len(second_pairs) == len(groups):
            return None

        def statistics(chosen: NDArray[np.intp]) -> dict[str, float | None]:
            first, second = (srcc(*pairs[chosen].T) for pairs in (first_pairs, second_pairs))
            return {"apart": None if first is None or second is None else first - second}

    found = bootstrap(statistics, groups, resamples=RESAMPLES, level=LEVEL).get("apart")
    return None if found is None else [round(end, 4) for end in found]


def _order_counts(rows: Sequence[Row]) -> dict[str, tuple[float, int]]:
    """Of each photo with any: pairs in order, and pairs."""
    photos: dict[str, list[Row]] = {}
    for row in rows:
        photos.setdefault(row.group, []).append(row)
    found = {group: order_scores(own, resamples=0) for group, own in photos.items()}
    return {
        group: (one["right"] * one["pairs"], one["pairs"]) for group, one in found.items() if one
    }


def table(results: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the table: each variant's figures, then the differences, in Markdown."""
    runs, settings = results["runs"], results["settings"]
    yield (
        f"QFM-IQM and DGIQA are reconstructions. {SMALL}: {settings['steps'][SMALL]} steps of "
        f"{settings['batch']} photos on a tenth of the training photos, mean and standard "
        f"deviation over seeds; {FULL}: {settings['steps'][FULL]} steps on all, one seed."
    )
    yield ""
    yield f"| system | trained on | {' | '.join(HEADINGS.values())} |"
    yield "| --- " * (len(HEADINGS) + 2) + "|"
    for variant in VARIANTS:
        for part in (SMALL, FULL):
            own = [r for r in runs.values() if (r["variant"], r["part"]) == (variant.name, part)]
            if own:
                cells = [
                    spread([run["figures"].get(name, {}).get(figure) for run in own])
                    for name, figure in HEADINGS
                ]
                count = f" x {len(own)}" if part == SMALL else ""
                yield f"| {variant.name} | {part}{count} | {' | '.join(cells)} |"
    yield ""
    yield f"| difference, 95 % interval | trained on | {' | '.join(_set_headings())} |"
    yield "| --- " * (len(FIGURES) + 2) + "|"
    yield from _difference_lines(results["differences"])


def _set_headings() -> list[str]:
    return [HEADINGS[name, figure] for name, (figure, _) in FIGURES.items()]


def _difference_lines(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for first, second in DIFFERENCES:
        for part in (SMALL, FULL):
            own = {
                one["set"]: difference_text(one["mean"], one["interval"])
                for one in found
                if (one["first"], one["second"], one["part"]) == (first, second, part)
            }
            if own:
                cells = [own.get(name, "-") for name in FIGURES]
                yield f"| {first} - {second} | {part} | {' | '.join(cells)} |"


def difference_text(mean: float, interval: Sequence[float] | None) -> str:
    """A mean difference with its interval, and in words whether one is seen."""
    if interval is None:
        return f"{mean:+.3f} (no interval)"
    low, high = interval
    text = f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"{text} no difference seen" if low <= 0 <= high else text


def spread(values: Sequence[float | None]) -> str:
    """Mean and standard deviation of the values that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    apart = f" ± {np.std(known, ddof=1):.3f}" if len(known) > 1 else ""
    return f"{np.mean(known):.3f}{apart}"


if __name__ == "__main__":
    main()
