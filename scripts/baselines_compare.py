"""The comparison of docs/baselines.md: every system on the same photos, with seeds and variants.

    python -m scripts.baselines_compare ../shared/data outputs/nano outputs/baselines

Needs `make baselines-data` once. Prints its plan with minutes, then trains and evaluates run by run
and keeps OUT/results.json up to date; `python -m scripts.baselines_table OUT/results.json` prints
the table at any time. Killed and started again, it skips what is finished and resumes what is not.
Settings may be chosen by every photo evaluated, so no figure is a test.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers.utils.logging import disable_progress_bar

from scripts.baselines_data import FIGURES, Places, evaluated, limit, sources
from scripts.baselines_plan import (
    BATCH,
    PHOTOS,
    SCENES,
    SEEDS,
    STEPS,
    VARIANTS,
    VIEW,
    Run,
    plan_lines,
    planned,
    run_folder,
)
from scripts.baselines_table import differences, figures, table
from seagull import load
from seagull.baselines.config import BaselineConfig
from seagull.baselines.config_faults import SYSTEMS
from seagull.baselines.place import baseline_folder, system_of
from seagull.baselines.train import train_baseline
from seagull.evaluation.classical import ClassicalPredictor, measure
from seagull.evaluation.given import read_given
from seagull.evaluation.predictions import Row
from seagull.evaluation.predictors import AreaPredictor, ModelPredictor, Predictor
from seagull.evaluation.run import RunSettings, run_predictors
from seagull.evaluation.sets import EvaluationSet, open_set
from seagull.evaluation.systems import load_system
from seagull.files.config import load_settings
from seagull.memory import keep_freed_memory
from seagull.training.loop.checkpoints import checkpoints
from seagull.types import AssessmentTask

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
TASKS = frozenset({AssessmentTask.QUALITY, AssessmentTask.IMPORTANCE})
SETTINGS: dict[str, Any] = {
    "steps": dict(STEPS), "batch": BATCH, "view": list(VIEW), "photos": PHOTOS, "scenes": SCENES,
}  # fmt: skip
"""Of every run; results of others are not mixed with them."""


def main() -> None:
    """Plans, trains and evaluates what is not there yet, and prints the table."""
    options = _options()
    places = Places(options.data, options.made, options.out)
    if missing := places.missing():
        raise SystemExit(f"not there: {', '.join(missing)}; `make baselines-data` writes them")
    runs = [
        run
        for run in planned(options.only, options.seeds)
        if places.has_regions or not run.variant.sees_regions
    ]
    if not places.has_regions:
        print("no synthetic regions in", places.versions("train").parent, "so no figures of them")
    print("\n".join(plan_lines(runs, {run.name: is_trained(run, options.out) for run in runs})))
    if options.plan:
        return
    disable_progress_bar()
    keep_freed_memory()
    results = Results(options.out / "results.json")
    _work(runs, places, results, 60 * options.minutes)
    print("\n" + "\n".join(table(results.plain)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="data folder with clive/select.parquet")
    parser.add_argument("made", type=Path, help="folder with opinions/ and data/versions/")
    parser.add_argument("out", type=Path, help="folder of the runs and results")
    names = [one.name for one in VARIANTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of the tenths")
    parser.add_argument("--minutes", type=float, default=150, help="after these no run begins")
    parser.add_argument("--plan", action="store_true", help="print the plan and end")
    return parser.parse_args()


class Results:
    """The results file, whole at any time.

    Args:
        file: made if missing.

    Raises:
        SystemExit: if it is of other settings.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.plain: dict[str, Any] = {"settings": SETTINGS, "runs": {}, "differences": []}
        if file.is_file():
            self.plain = json.loads(file.read_text(encoding="utf-8"))
        if self.plain["settings"] != SETTINGS:
            raise SystemExit(f"{file}: made with other settings; name another folder, or remove it")

    def of(self, run: Run) -> dict[str, Any]:
        """What is known of a run; its figures are by set."""
        empty = {"variant": run.variant.name, "part": run.part, "seed": run.seed, "figures": {}}
        found: dict[str, Any] = self.plain["runs"].setdefault(run.name, empty)
        return found

    def forget(self, run: Run) -> None:
        """Of a run that is trained anew, nothing is known."""
        self.plain["runs"].pop(run.name, None)

    def write(self) -> None:
        """Brings the file up to date."""
        self.plain["reconstructions"] = list(SYSTEMS)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        scratch = self.file.with_suffix(".partial")
        scratch.write_text(json.dumps(self.plain, indent=2), encoding="utf-8")
        scratch.replace(self.file)


def _work(runs: Sequence[Run], places: Places, results: Results, seconds: float) -> None:
    """Every run trained and evaluated, as far as there is time."""
    sets = evaluated(places)
    began, spent, expected = time.monotonic(), 0.0, 0.0
    for number, run in enumerate(runs):
        if time.monotonic() - began > seconds:
            print(f"stopped after {seconds / 60:.0f} minutes: {len(runs) - number} runs are left")
            return
        trained = _train(run, places, results)
        evaluate = _evaluate(run, sets, places, results)
        if not trained + evaluate:
            continue
        results.plain["differences"] = differences(
            results.plain["runs"], lambda name, data: _kept_rows(places.out, data, name)
        )
        results.write()
        spent += trained + evaluate
        expected += (run.train_seconds if trained else 0) + run.variant.evaluate_s
        left = sum(one.train_seconds + one.variant.evaluate_s for one in runs[number + 1 :])
        print(
            f"{number + 1}/{len(runs)} {run.name}: trained in {trained:.0f} s, evaluated in "
            f"{evaluate:.0f} s; about {left * spent / expected / 60:.0f} minutes are left",
            flush=True,
        )


def is_trained(run: Run, out: Path) -> bool:
    """Whether there is nothing (more) to train."""
    folder = run_folder(out, run.name)
    if run.variant.name == "nano":
        return (folder / "adapter").is_dir()
    return not run.variant.config or baseline_folder(folder) is not None


def _train(run: Run, places: Places, results: Results) -> float:
    """Trains a run, or what is left of it; the seconds it took."""
    if is_trained(run, places.out):
        return 0.0
    since, folder = time.monotonic(), run_folder(places.out, run.name)
    results.forget(run)
    for name in FIGURES:  # of an earlier training
        shutil.rmtree(_predictions(places.out, name, run.name), ignore_errors=True)
    if run.variant.name == "nano":
        _train_nano(run, folder, places)
    else:
        train_baseline(settings_of(run, places))
    for checkpoint in checkpoints(folder):  # fifty runs' would fill a disk
        shutil.rmtree(checkpoint)
    results.of(run)["train_s"] = round(time.monotonic() - since, 1)
    return time.monotonic() - since


def settings_of(run: Run, places: Places) -> BaselineConfig:
    """The settings of a baseline's run."""
    changes = [
        *run.variant.changes,
        f"output={run_folder(places.out, run.name)}",
        f"seed={run.seed}",
        f"max_steps={STEPS[run.part]}",
        f"batch_size={BATCH}",
        "save_every=40",
        "keep=1",
        f"data.train={json.dumps(sources(places, run))}",
    ]
    if run.teacher:
        changes.append(f"qfm_iqm.distil.teacher={run_folder(places.out, run.teacher)}")
    return load_settings(BaselineConfig, CONFIGS / run.variant.config, changes)


def _train_nano(run: Run, folder: Path, places: Places) -> None:
    """Of nano's network: as many photos as the others see, 32 a step."""
    (own,) = sources(places, run)
    words = [f"data.train={json.dumps([{**own, 'crop': 288, 'weight': 17}])}"]
    words += [f"output={folder}", f"seed={run.seed}", "save_every=20", "keep=1"]
    words += [f"max_steps={STEPS[run.part] * BATCH // 32}", "tensorboard=false"]
    config = str(CONFIGS / run.variant.config)
    subprocess.run([sys.executable, "-m", "seagull", "train", config, *words], check=True)


def _evaluate(run: Run, sets: dict[str, EvaluationSet], places: Places, results: Results) -> float:
    """Evaluates a run on the sets that it has no figures of; the seconds it took."""
    since, known = time.monotonic(), results.of(run)["figures"]
    if not (wanted := [name for name in sets if name not in known]):
        return 0.0
    predictor = _predictor(run, places)
    for name in wanted:
        folder = _predictions(places.out, name, run.name)
        folder.mkdir(parents=True, exist_ok=True)
        found = run_predictors(sets[name], [predictor], RunSettings(TASKS, limit(name), folder))
        if found.failed:
            raise SystemExit(f"{run.name}, {found.failed[0].item}: {found.failed[0].reason}")
        (rows,) = found.rows.values()
        known[name] = {
            figure: None if value is None else round(value, 4)
            for figure, value in figures(name, rows).items()
        }
    return time.monotonic() - since


def _predictions(out: Path, name: str, run: str) -> Path:
    return out / "predictions" / name / run


def _kept_rows(out: Path, name: str, run: str) -> Sequence[Row]:
    """The rows of a run on a set, from its predictions file."""
    # Files are called by the folder of the model as it was spelled; the last one was finished.
    files = _predictions(out, name, run).glob("*.jsonl")
    return read_given(max(files, key=lambda file: file.stat().st_mtime)).rows


def _predictor(run: Run, places: Places) -> Predictor:
    folder = run_folder(places.out, run.name)
    if run.variant.name == "area":
        return AreaPredictor()
    if run.variant.name == "classical":
        (own,) = sources(places, run)
        return ClassicalPredictor.fitted(measure(open_set(own["path"])), seed=run.seed)
    if run.variant.name == "nano":
        return ModelPredictor(load(folder))
    return load_system(f"{system_of(folder / 'model')}:{folder}")


if __name__ == "__main__":
    main()
