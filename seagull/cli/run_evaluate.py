"""The ``evaluate`` command: a set in, numbers, plots and a page out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from seagull.cli.errors import BAD_INPUT, complain
from seagull.cli.evaluate_request import EvaluateRequest
from seagull.cli.models import UNTRAINED, load_assessor, refuse_baseline
from seagull.cli.progress import LateBar
from seagull.cli.services import Services
from seagull.evaluation.agreement import agreement, agreement_line
from seagull.evaluation.baselines import make_baselines
from seagull.evaluation.given import join, read_given
from seagull.evaluation.outputs import Evaluation, write_outputs
from seagull.evaluation.predictions import Row
from seagull.evaluation.predictors import Assesses, ModelPredictor, Predictor
from seagull.evaluation.run import FailedItem, RunResult, RunSettings, run_predictors
from seagull.evaluation.sets import (
    EvaluationSet,
    check_apart,
    check_metrics,
    is_record_set,
    open_set,
    sample,
    split,
)
from seagull.evaluation.summary import TASKS, SummarySettings, summarise
from seagull.evaluation.table import results_table
from seagull.evaluation.tables import MosScale
from seagull.files.streams import write_json
from seagull.types import AssessmentTask

GIVEN = "predictions"
_ASKED = {
    "quality": AssessmentTask.QUALITY,
    "importance": AssessmentTask.IMPORTANCE,
    "distortion": AssessmentTask.DISTORTION,
    "calibration": AssessmentTask.QUALITY,
    "sensitivity": AssessmentTask.QUALITY,
    "order": AssessmentTask.QUALITY,
}
_SHOWN_FAILURES = 5


@dataclass(frozen=True, eq=False)
class _Sets:
    data: EvaluationSet | None
    fit: EvaluationSet | None


def run_evaluate(request: EvaluateRequest, services: Services) -> None:
    """Evaluates and writes the results.

    Raises:
        ValueError: if the request cannot be met.
        typer.Exit: with code 2, after all else is done, if photos failed.
    """
    request.check()
    sets = _open_sets(request)
    if request.out is not None:
        (request.out / "predictions").mkdir(parents=True, exist_ok=True)
    if request.loads_model:
        refuse_baseline(request.model, "not a model with spreads and distortions")
    assessor = load_assessor(request.model, services) if request.loads_model else None
    rows, run, off_scale = _collect(request, sets, assessor)
    evaluation = _evaluate(request, sets, assessor, rows, run, off_scale)
    _write(request, evaluation, sets.data, assessor)
    _say_failed(run.failed)
    if run.failed:
        raise typer.Exit(BAD_INPUT)


def _open_sets(request: EvaluateRequest) -> _Sets:
    if request.data is None:
        return _Sets(None, None)
    data = open_set(request.data, request.table, split=request.split)
    for note in data.notes:
        complain(note)
    fit = None if request.fit is None else _open_other(request, request.fit, request.table.scale)
    if request.holdout is not None:
        fit, data = split(data, request.holdout, request.seed)
    elif fit is not None:
        check_apart(data, fit, "what baselines are fitted to,")
    for path in request.trained_on:
        check_apart(data, _open_other(request, path), "what the model was trained on,")
    if request.metric is not None:
        data = data.only_metric(request.metric)
        fit = None if fit is None else fit.only_metric(request.metric)
    if fit is not None:
        check_metrics(data, fit)
    if request.sample is not None:
        data = sample(data, request.sample, request.seed)
    return _Sets(data, fit)


def _open_other(
    request: EvaluateRequest, path: Path, scale: MosScale | None = None
) -> EvaluationSet:
    """A set beside the evaluated one: of records, or a table of the same form.

    Args:
        request: how tables are read.
        path: of the set.
        scale: of a table's opinions; None where nothing but the photos' names counts.
    """
    table = replace(request.table, scale=scale)
    return open_set(path, None if is_record_set(path) else table, split=request.split)


def _collect(
    request: EvaluateRequest, sets: _Sets, assessor: Assesses | None
) -> tuple[dict[str, list[Row]], RunResult, frozenset[str]]:
    """Rows by predictor, the run behind them, and predictors with a scale of their own."""
    rows: dict[str, list[Row]] = {}
    off_scale: set[str] = set()
    given_failed: list[FailedItem] = []
    if request.predictions is not None:
        rows[GIVEN], given_failed = _given(request, sets.data)
        scores = [row.prediction.quality for row in rows[GIVEN]]
        if any(score is not None and not 0 <= score <= 1 for score in scores):
            complain("some predicted scores leave [0, 1]: raw RMSE and calibration are left out")
            off_scale.add(GIVEN)
    run = RunResult()
    predictors, digests = _predictors(request, sets, assessor)
    if sets.data is not None and predictors:
        asked = frozenset(_ASKED[task] for task in request.tasks or TASKS)
        folder = None if request.out is None else request.out / "predictions"
        settings = RunSettings(asked, request.limit, folder, digests)
        with LateBar("Evaluating", request.limit) as bar:
            run = run_predictors(sets.data, predictors, settings, bar.at)
        if run.resumed:
            complain(f"{run.resumed} predictions were there from an earlier run")
    known = {one.item for one in given_failed}
    run.failed = given_failed + [one for one in run.failed if one.item not in known]
    off_scale |= {one.name for one in predictors if not one.same_scale}
    return rows | run.rows, run, frozenset(off_scale)


def _predictors(
    request: EvaluateRequest, sets: _Sets, assessor: Assesses | None
) -> tuple[list[Predictor], frozenset[str]]:
    variant = f"{request.model.dtype},{request.model.quantization}"
    predictors: list[Predictor] = []
    if assessor is not None:
        predictors.append(ModelPredictor(assessor, variant=variant))
        if assessor.has_head:
            own = ModelPredictor(assessor, variant, "language_model", "model:language_model")
            predictors.append(own)
    with LateBar("Fitting", None) as bar:
        baselines, digests = make_baselines(
            request.baselines,
            assessor=assessor,
            variant=variant,
            fit=sets.fit,
            fit_limit=request.fit_limit,
            seed=request.seed,
            device=request.model.device,
            progress=bar.at,
        )
    return predictors + baselines, digests


def _given(
    request: EvaluateRequest, data: EvaluationSet | None
) -> tuple[list[Row], list[FailedItem]]:
    assert request.predictions is not None
    given = read_given(request.predictions)
    failed = list(given.failed)
    if given.replaced:
        complain(f"{given.replaced} regions have several reports; the last of each counts")
    rows = list(given.rows[: request.limit])
    if data is not None:
        joined = join(given.rows, data, request.limit)
        rows, failed = list(joined.rows), [*failed, *joined.failed]
        if joined.missing:
            complain(
                f"{joined.missing} labelled regions have no prediction; the numbers are of the "
                "others"
            )
    return rows, [FailedItem(name, reason) for name, reason in failed]


def _evaluate(
    request: EvaluateRequest,
    sets: _Sets,
    assessor: Assesses | None,
    rows: dict[str, list[Row]],
    run: RunResult,
    off_scale: frozenset[str],
) -> Evaluation:
    settings = SummarySettings(request.tasks or TASKS, request.resamples, request.seed)
    results = {
        name: summarise(mine, settings, same_scale=name not in off_scale)
        for name, mine in rows.items()
    }
    absent = [task for task in request.tasks if not any(task in one for one in results.values())]
    if absent:
        raise ValueError(
            f"nothing to compare for {', '.join(absent)}: the data has no such labels, or no "
            "predictor an answer; leave it out of --tasks"
        )
    if not any(results.values()):
        reason = f" (the first failure: {run.failed[0].reason})" if run.failed else ""
        raise ValueError(f"no prediction meets a label; there is nothing to report{reason}")
    info = None if assessor is None else assessor.info
    about: dict[str, Any] = {
        "data": None if sets.data is None else sets.data.about(),
        "fit": None if sets.fit is None else sets.fit.about(),
        "model": info and {"name": info.name, "revision": info.revision, "trained": info.trained},
        "settings": {"seed": request.seed, "resamples": request.resamples, "limit": request.limit},
        "agreement": agreement(rows),
        "photos": max(len({row.group for row in mine}) for mine in rows.values()),
        "failed": [{"id": one.item, "reason": one.reason} for one in run.failed],
    }
    return Evaluation(rows, results, about)


def _write(
    request: EvaluateRequest,
    evaluation: Evaluation,
    data: EvaluationSet | None,
    assessor: Assesses | None,
) -> None:
    if request.out is not None:
        warnings = []
        if assessor is not None and not assessor.info.trained:
            warnings.append(f"{UNTRAINED.format(name=assessor.info.name)}.")
        if evaluation.about["failed"]:
            warnings.append(f"{len(evaluation.about['failed'])} photos failed and do not count.")
        page = write_outputs(evaluation, request.out, data, warnings)
        complain(f"written: {page}")
    if request.json:
        write_json(evaluation.to_json() + "\n")
        return
    # A pipe has no width; rich's guess of 80 columns would fold the numbers.
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(results_table(evaluation.results))
    line = agreement_line(next(iter(evaluation.rows)), evaluation.about["agreement"])
    if line is not None:
        console.print(f"\n{line}")


def _say_failed(failed: Sequence[FailedItem]) -> None:
    for one in failed[:_SHOWN_FAILURES]:
        complain(f"{one.item}: {one.reason}")
    if len(failed) > _SHOWN_FAILURES:
        complain(f"and {len(failed) - _SHOWN_FAILURES} more failures; --json lists them")
