"""The evaluation loop: all predictors see a photo at a time; the next is decoded meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from seagull.evaluation.items import EvaluationItem
from seagull.evaluation.photo_states import PhotoState, PhotoStates
from seagull.evaluation.predictions import PredictionLog, Row, checked, tasks_known
from seagull.evaluation.predictors import Predictor, digest
from seagull.evaluation.sets import EvaluationSet, SplitError
from seagull.photos import Photo
from seagull.types import AssessmentTask, Region

Progress = Callable[[int], None]


@dataclass(frozen=True)
class RunSettings:
    """What is asked of a run.

    Args:
        tasks: what predictors are asked, where the answer is known.
        limit: most photos, from the file's beginning; None for all.
        folder: where predictions are kept, one file a predictor; None keeps them in memory only.
        fitted_to: digests of the pixels of photos that baselines were fitted to; meeting one of
            them ends the run.
    """

    tasks: frozenset[AssessmentTask] = frozenset(AssessmentTask)
    limit: int | None = None
    folder: Path | None = None
    fitted_to: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FailedItem:
    """An item that could not be evaluated, and why."""

    item: str
    reason: str


@dataclass
class RunResult:
    """What a run has found.

    Attributes:
        rows: by predictor's name, in the data's order.
        failed: items that could not be evaluated.
        photos: items seen.
        resumed: predictions that were there before.
    """

    rows: dict[str, list[Row]] = field(default_factory=dict)
    failed: list[FailedItem] = field(default_factory=list)
    photos: int = 0
    resumed: int = 0


@dataclass(frozen=True, eq=False)
class _Work:
    """An item with its photo, if anything is left to ask about it."""

    item: EvaluationItem
    todo: Mapping[str, tuple[str, ...]]
    photo: Photo | None = None
    regions: Sequence[Region] = ()
    problem: str | None = None
    state: PhotoState | None = None


def run_predictors(
    data: EvaluationSet,
    predictors: Sequence[Predictor],
    settings: RunSettings,
    progress: Progress = lambda count: None,
) -> RunResult:
    """Asks every predictor about every labelled region and collects the answers.

    All predictors see the same photos in the same order. What a predictions file already holds is
    not asked again. A photo or region that cannot be used is in ``failed`` and counts for none.

    Raises:
        SplitError: if a photo is one that a baseline was fitted to.
        ValueError: if a predictions file was made with other settings or of a photo whose file has
            changed since, or labels cannot be used.
    """
    result = RunResult(rows={predictor.name: [] for predictor in predictors})
    with ExitStack() as stack:
        logs = {
            predictor.name: stack.enter_context(_log(data, predictor, settings))
            for predictor in predictors
        }
        ahead = _ahead(data.items(settings.limit), logs, settings, PhotoStates(data.files))
        work = stack.enter_context(closing(ahead))
        metrics: set[str] = set()
        for count, photo_work in enumerate(work, start=1):
            _check_metric(data, photo_work.item, metrics)
            _ask(photo_work, predictors, logs, settings, result)
            result.photos = count
            progress(count)
    return result


def file_name(predictor: str) -> str:
    """The name of a predictor's file, without ending."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in predictor)


def _log(data: EvaluationSet, predictor: Predictor, settings: RunSettings) -> PredictionLog:
    mark = digest(predictor.fingerprint, data.fingerprint(), sorted(settings.tasks))
    if settings.folder is None:
        return PredictionLog(None, mark)
    return PredictionLog(settings.folder / f"{file_name(predictor.name)}.jsonl", mark)


def _ask(
    work: _Work,
    predictors: Sequence[Predictor],
    logs: Mapping[str, PredictionLog],
    settings: RunSettings,
    result: RunResult,
) -> None:
    problem = work.problem
    for predictor in predictors:
        if work.photo is not None and problem is None and work.todo[predictor.name]:
            problem = _predict(work, work.photo, predictor, logs[predictor.name], settings)
    if problem is not None:
        result.failed.append(FailedItem(work.item.id, problem))
        return
    for predictor in predictors:
        keys = [(work.item.id, region) for region in work.item.labels]
        result.rows[predictor.name] += [logs[predictor.name][key] for key in keys]
        result.resumed += len(keys) - len(work.todo[predictor.name])


def _predict(
    work: _Work, photo: Photo, predictor: Predictor, log: PredictionLog, settings: RunSettings
) -> str | None:
    """Logs the predictor's rows about the photo; why it could not, if so."""
    item, region_ids = work.item, work.todo[predictor.name]
    known_tasks = frozenset[AssessmentTask]().union(
        *(tasks_known(item.labels[id]) for id in region_ids)
    )
    tasks = [
        task for task in AssessmentTask if task in known_tasks & settings.tasks & predictor.tasks
    ]
    regions = [region for region in work.regions if region.id in region_ids]
    try:
        answers = predictor.predict(photo, regions, tasks)
    except (ValueError, OSError) as error:
        return f"{predictor.name}: {' '.join(str(error).split())}"
    log.add(
        [
            Row(
                item.id,
                region.id,
                item.image,
                item.group,
                item.labels[region.id],
                answer,
                area=region.area_fraction,
                photo=work.state,
            )
            for region, answer in zip(regions, answers, strict=True)
        ]
    )
    return None


def _ahead(
    items: Iterable[EvaluationItem],
    logs: Mapping[str, PredictionLog],
    settings: RunSettings,
    states: PhotoStates,
) -> Generator[_Work, None, None]:
    """The items in order, each decoded while the one before is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="photo-reader") as reader:
        waiting: Future[_Work] | None = None
        for item in items:
            following = reader.submit(_prepare, item, logs, settings, states)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()


def _prepare(
    item: EvaluationItem,
    logs: Mapping[str, PredictionLog],
    settings: RunSettings,
    states: PhotoStates,
) -> _Work:
    if item.problem is not None:
        return _Work(item, {}, problem=item.problem)
    state = states.of(item)
    _check_unchanged(item, state, logs)
    todo = {
        name: tuple(id for id in item.labels if (item.id, id) not in log)
        for name, log in logs.items()
    }
    try:
        for labels in item.labels.values():
            checked(labels)
    except ValueError as error:
        return _Work(item, todo, problem=str(error))
    if not any(todo.values()):
        return _Work(item, todo)
    try:
        photo = item.load()
        regions = item.build(photo)
    except (ValueError, OSError) as error:
        return _Work(item, todo, problem=" ".join(str(error).split()))
    if photo.sha256 in settings.fitted_to:
        raise SplitError(
            f"{item.id}: a photo with the same pixels was fitted to; evaluate on photos of their "
            "own"
        )
    return _Work(item, todo, photo, regions, state=state)


def _check_unchanged(
    item: EvaluationItem, state: PhotoState | None, logs: Mapping[str, PredictionLog]
) -> None:
    """Passes if the predictions that are there were made of the photo's file as it is now.

    Raises:
        ValueError: if not.
    """
    for name, log in logs.items():
        rows = [log[item.id, id] for id in item.labels if (item.id, id) in log]
        if any(row.photo != state for row in rows):
            raise ValueError(
                f"{item.image}: the photo's file is not the one that {file_name(name)}.jsonl has "
                "predictions of (size or time of change differ); give another --out, or remove "
                "that file to start anew"
            )


def _check_metric(data: EvaluationSet, item: EvaluationItem, metrics: set[str]) -> None:
    for labels in item.labels.values():
        if labels.metric is not None and (labels.quality, labels.importance) != (None, None):
            metrics.add(labels.metric)
    if len(metrics) > 1:
        raise ValueError(
            f"{data.path}: scores of different metrics ({', '.join(sorted(metrics))}) cannot be "
            "compared; evaluate them one at a time with --metric NAME"
        )
