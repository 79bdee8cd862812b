"""The comparison of docs/baselines.md: every system on the same photos, with seeds and variants.

    python scripts/baselines_compare.py ../shared/data outputs/nano outputs/baselines

Needs the opinions and versions that `make nano` writes. A tenth of the training photos with five
seeds, and all of them with one (`--only` names variants). Started again, it skips finished runs and
predictions that are there, and resumes others. Settings may be chosen by every photo evaluated, so
no figure is a test. Prints tables and writes OUT/results.json.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from transformers.utils.logging import disable_progress_bar

from seagull import load
from seagull.baselines.config import BaselineConfig
from seagull.baselines.place import baseline_folder, system_of
from seagull.baselines.train import train_baseline
from seagull.evaluation.classical import ClassicalPredictor, measure
from seagull.evaluation.items import EvaluationItem
from seagull.evaluation.metrics import plcc, srcc
from seagull.evaluation.order import order_scores
from seagull.evaluation.predictions import Row
from seagull.evaluation.predictors import AreaPredictor, ModelPredictor, Predictor
from seagull.evaluation.run import RunSettings, run_predictors
from seagull.evaluation.sets import EvaluationSet, open_set
from seagull.evaluation.systems import load_system
from seagull.files.config import load_settings
from seagull.records import read_records, write_records
from seagull.types import AssessmentTask

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
SMALL, FULL = "tenth", "all"


@dataclass(frozen=True)
class Variant:
    """One way of training one system.

    Args:
        name: in the tables.
        config: its settings, below ``configs``.
        changes: settings that differ.
        against: the variant of the same seed that it is compared with.
        small: whether it is trained on the tenths.
    """

    name: str
    config: str
    changes: tuple[str, ...] = ()
    against: str = ""
    small: bool = True


VARIANTS = (
    Variant("qfm-matched", "baselines/qfm-iqm.yaml", (), "qfm-none"),
    Variant("qfm-random", "baselines/qfm-iqm.yaml", ("qfm_iqm.match.kind=random",), "qfm-matched"),
    Variant("qfm-none", "baselines/qfm-iqm.yaml", ("qfm_iqm.match.kind=none",), "nano"),
    Variant("dgiqa-prior", "baselines/dgiqa.yaml", (), "dgiqa-constant"),
    Variant("dgiqa-constant", "baselines/dgiqa.yaml", ("depth.source=constant",), "nano"),
    Variant("dgiqa-no-tcb", "baselines/dgiqa.yaml", ("dgiqa.bridge=projection",), "dgiqa-prior"),
    Variant("qfm-mask", "baselines/qfm-iqm-mask.yaml", small=False),
    Variant("dgiqa-mask", "baselines/dgiqa-mask.yaml", small=False),
    Variant("nano", "nano/mos-alone.yaml"),
    Variant("classical", "", (), "nano"),
)


@dataclass(frozen=True)
class Run:
    """A variant with its photos and seed."""

    variant: Variant
    part: str
    seed: int
    records: Path
    folder: Path

    @property
    def name(self) -> str:
        """Of its folder and predictions."""
        return f"{self.variant.name}-{self.part}-{self.seed}"


def main() -> None:
    """Trains what is not trained yet, evaluates, prints."""
    options = _options()
    disable_progress_bar()
    runs = list(_runs(options))
    for run in runs:
        since = time.monotonic()
        if _train(run, options):
            print(f"{run.name}: {time.monotonic() - since:.0f} s", flush=True)
    results: dict[str, Any] = {}
    for name, data in _sets(options).items():
        rows = _predict(runs, data, options.out / "predictions" / name, options)
        results[name] = {run: _figures(name, own) for run, own in rows.items()}
        _print_table(name, results[name], runs)
    (options.out / "results.json").write_text(json.dumps(results, indent=2), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="data folder with clive/select.parquet")
    parser.add_argument("made", type=Path, help="folder with opinions/ and data/versions/")
    parser.add_argument("out", type=Path, help="folder of the runs and results")
    names = [one.name for one in VARIANTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, default=5, help="of the tenths")
    parser.add_argument("--small-steps", type=int, default=180, help="of 16 photos, on a tenth")
    parser.add_argument("--full-steps", type=int, default=450, help="on all; 0 leaves these out")
    parser.add_argument("--limit", type=int, help="photos of each set that are evaluated")
    parser.add_argument("--scenes", type=int, default=30, help="one of each photo")
    return parser.parse_args()


def _runs(options: argparse.Namespace) -> Iterator[Run]:
    for variant in VARIANTS:
        if variant.name not in options.only:
            continue
        parts = [(SMALL, seed) for seed in range(options.seeds)] if variant.small else []
        for part, seed in [*parts, *([(FULL, 0)] if options.full_steps else [])]:
            records = _subset(options, part, seed)
            name = f"{variant.name}-{part}-{seed}"
            yield Run(variant, part, seed, records, options.out / "runs" / name)


def _subset(options: argparse.Namespace, part: str, seed: int) -> Path:
    """The training records of a part; every system gets the same photos."""
    whole = options.made / "opinions" / "train.jsonl"
    if part == FULL:
        return Path(whole)
    target = Path(options.out / "data" / f"{part}-{seed}.jsonl")
    if target.is_file():
        return target
    records = list(read_records(whole))
    chosen = np.random.default_rng(seed).permutation(len(records))[: len(records) // 10]
    target.parent.mkdir(parents=True, exist_ok=True)
    back = os.path.relpath(whole.parent.resolve(), target.parent.resolve())
    own = (records[place] for place in sorted(chosen))
    scratch = target.with_suffix(".partial")
    write_records(scratch, (replace(one, image=f"{back}/{one.image}") for one in own))
    scratch.replace(target)
    return target


def _train(run: Run, options: argparse.Namespace) -> bool:
    """Trains a run; whether there was anything to do."""
    steps = options.small_steps if run.part == SMALL else options.full_steps
    if run.variant.name == "classical" or baseline_folder(run.folder) is not None:
        return False
    if run.variant.name == "nano":
        return _train_nano(run, steps)
    changes = [*run.variant.changes, f"output={run.folder}", f"seed={run.seed}"]
    changes += [f"max_steps={steps}"]
    sources: list[dict[str, Any]] = [{"path": str(run.records)}]
    if not run.variant.small:  # importance is that of regions
        versions = options.made / "data" / "versions" / "train.jsonl"
        sources.append({"path": str(versions), "weight": 0.3})
    changes += [f"data.train={json.dumps(sources)}"]
    train_baseline(load_settings(BaselineConfig, CONFIGS / run.variant.config, changes))
    return True


def _train_nano(run: Run, steps: int) -> bool:
    if (run.folder / "adapter").is_dir():
        return False
    source = f"[{{path: {json.dumps(str(run.records))}, crop: 288, weight: 17}}]"
    # As many photos as the others see, 32 a step.
    words = [f"data.train={source}", f"output={run.folder}", f"seed={run.seed}"]
    words += [f"max_steps={max(1, steps // 2)}", "tensorboard=false"]
    config = str(CONFIGS / run.variant.config)
    subprocess.run([sys.executable, "-m", "seagull", "train", config, *words], check=True)
    return True


def _sets(options: argparse.Namespace) -> dict[str, EvaluationSet]:
    versions = open_set(options.made / "data/versions/validation.jsonl")
    return {
        "held_out": open_set(options.made / "opinions" / "held_out.jsonl"),
        "clive": open_set(options.data / "clive" / "select.parquet"),
        "regions": _scenes(versions, options.scenes),
    }


def _scenes(versions: EvaluationSet, photos: int) -> EvaluationSet:
    """All versions of the first scene of each of the first photos."""

    def stream() -> Iterator[EvaluationItem]:
        seen = set[str]()
        for item in versions.stream():
            if item.image.rsplit(".", 2)[0].endswith(".0"):
                seen.add(item.group)
                if len(seen) > photos:
                    return
                yield item

    return replace(versions, stream=stream, part=f"first scene of {photos} photos")


def _predict(
    runs: Sequence[Run], data: EvaluationSet, folder: Path, options: argparse.Namespace
) -> dict[str, list[Row]]:
    """Rows by run; each run's predictions are kept in a file of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[Row]] = {}
    tasks = frozenset({AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE})
    # One by one: forty networks together would take memory and gain nothing but decoding.
    for run in [*runs, None]:
        name = "area" if run is None else run.name
        predictor = AreaPredictor() if run is None else _predictor(run)
        (folder / name).mkdir(exist_ok=True)
        settings = RunSettings(tasks, options.limit, folder / name)
        (rows[name],) = run_predictors(data, [predictor], settings).rows.values()
    return rows


def _predictor(run: Run) -> Predictor:
    if run.variant.name == "classical":
        return ClassicalPredictor.fitted(measure(open_set(run.records)), seed=run.seed)
    if run.variant.name == "nano":
        return ModelPredictor(load(run.folder))
    return load_system(f"{system_of(run.folder / 'model')}:{run.folder}")


def _figures(name: str, rows: Sequence[Row]) -> dict[str, float | None]:
    """SRCC and PLCC of MOS; of regions the share of pairs in order, and SRCC of importance."""
    if name == "regions":
        order = order_scores(list(rows), resamples=0) or {}
        return {
            "pairs": order.get("right"),
            "importance": _correlation(rows, "importance"),
        }
    return {"srcc": _correlation(rows, "quality"), "plcc": _correlation(rows, "quality", plcc)}


def _correlation(rows: Sequence[Row], task: str, by: Any = srcc) -> float | None:
    pairs = [
        (getattr(row.prediction, task), getattr(row.labels, task))
        for row in rows
        if getattr(row.prediction, task) is not None and getattr(row.labels, task) is not None
    ]
    found = by(*np.array(pairs, dtype=float).T) if len(pairs) > 2 else None
    return None if found is None else round(float(found), 4)


def _print_table(
    name: str, figures: Mapping[str, Mapping[str, float | None]], runs: Sequence[Run]
) -> None:
    """Mean and spread over seeds, and the paired difference from another variant."""
    keys = list(next(iter(figures.values())))
    print(f"\n{name}: QFM-IQM and DGIQA are reconstructions\n")
    print("| variant | photos | " + " | ".join(keys) + f" | {keys[0]} beyond |")
    print("| --- " * (len(keys) + 3) + "|")
    for variant, part in dict.fromkeys((run.variant, run.part) for run in runs):
        own = {r.seed: figures[r.name] for r in runs if (r.variant, r.part) == (variant, part)}
        cells = [spread([one[key] for one in own.values()]) for key in keys]
        other = {
            r.seed: figures[r.name][keys[0]]
            for r in runs
            if (r.variant.name, r.part) == (variant.against, part)
        }
        beyond = paired({seed: one[keys[0]] for seed, one in own.items()}, other)
        print(f"| {variant.name} | {part} | {' | '.join(cells)} | {beyond} {variant.against} |")
    area = [spread([figures["area"][key]]) for key in keys]
    print(f"| area | | {' | '.join(area)} | |", flush=True)


def spread(values: Sequence[float | None]) -> str:
    """Mean and standard deviation of the values that there are."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    apart = f" ± {np.std(known, ddof=1):.3f}" if len(known) > 1 else ""
    return f"{np.mean(known):.3f}{apart}"


def paired(own: Mapping[int, float | None], other: Mapping[int, float | None]) -> str:
    """Mean and standard deviation of the differences of equal seeds."""
    pairs = [(own[seed], other.get(seed)) for seed in own]
    apart = [a - b for a, b in pairs if a is not None and b is not None]
    text = spread(apart)
    return text if text.startswith("-") else f"+{text}"


if __name__ == "__main__":
    main()
