"""The ``assess`` command: photos in, reports out, one model load."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import typer

from seagull.cli.errors import BAD_INPUT, complain
from seagull.cli.models import ModelRequest, OpenedModel, open_model
from seagull.cli.outputs import OutputRequest, Outputs
from seagull.cli.pictures import common_folder
from seagull.cli.progress import LateBar
from seagull.cli.remote import ServerRequest
from seagull.cli.requests import RegionRequest, fingerprint, gather_photos
from seagull.cli.services import Services
from seagull.client.errors import ServerUnavailable
from seagull.inference.folder import AssessedPhoto, FailedPhoto, assess_photos, failed_photo
from seagull.photos import Photo, read_photo
from seagull.photos.lists import left_out_text
from seagull.regions.build import build_regions
from seagull.regions.mask_files import split_selector
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.reports.jsonl import PhotoFile
from seagull.reports.stream import Reports, open_reports
from seagull.reports.text import printable
from seagull.types import AssessmentTask, QualityReport, Region


@dataclass(frozen=True)
class AssessRequest:
    """Everything asked of one ``assess`` run."""

    photos: tuple[str, ...]
    regions: RegionRequest
    outputs: OutputRequest
    model: ModelRequest
    tasks: tuple[AssessmentTask, ...]
    text: bool
    read_out: str = "head"
    dry_run: bool = False
    server: ServerRequest | None = None


@dataclass(frozen=True)
class _Run:
    """What a run works with once everything is loaded."""

    request: AssessRequest
    specs: Sequence[RegionSpec]
    assessor: OpenedModel
    segmenter: Segmenter | None
    settings: str

    def regions(self, photo: Photo) -> Sequence[Region] | None:
        """The photo's regions; None for the whole photo."""
        wanted = self.request.regions
        if not self.specs and not wanted.everything:
            return None
        return build_regions(
            photo,
            self.specs,
            everything=wanted.everything,
            segmenter=self.segmenter,
            selection=wanted.selection,
        ).regions


@dataclass(frozen=True)
class _Done:
    """A photo with its report from an earlier run."""

    path: Path
    report: QualityReport


def run_assess(request: AssessRequest, services: Services) -> None:
    """Assesses all photos and writes every output; a dry run prints which photos these are.

    Raises:
        ValueError: if the request cannot be met, or its server is not there (any more).
        typer.Exit: with code 2, after all else is done, if photos failed.
    """
    try:
        _run_all(request, services)
    except ServerUnavailable as error:
        raise ValueError(str(error)) from error


def _run_all(request: AssessRequest, services: Services) -> None:
    request.regions.check(on_server=request.server is not None)
    specs = request.regions.specs()
    request.outputs.check(request.tasks)
    photos, wrong = _gather(request)
    request.outputs.check_apart(photos, list(request.photos))
    check_early(specs, photos)
    if request.dry_run:
        _show(photos)
        raise typer.Exit(BAD_INPUT if wrong else 0)
    with ExitStack() as stack:
        log: Reports | None = None
        if request.outputs.jsonl is not None:
            log = open_reports(request.outputs.jsonl)
            stack.enter_context(log)
        run = _prepare(request, specs, services)
        outputs = stack.enter_context(Outputs(request.outputs, common_folder(photos)))
        bar = stack.enter_context(
            LateBar("Assessing", len(photos), wanted=not request.outputs.table)
        )
        failed, resumed = _assess_all(run, photos, log, outputs, bar)
    if request.outputs.several:
        _summarise(len(photos), failed, resumed, wrong, request.outputs.jsonl)
    if failed or wrong:
        raise typer.Exit(BAD_INPUT)


def _gather(request: AssessRequest) -> tuple[list[Path], int]:
    """The photos, after a line about what is left out, and how many arguments mean none."""
    found, wrong = gather_photos(list(request.photos))
    for message in wrong:
        complain(message)
    if found.left_out:
        complain(left_out_text(found.left_out))
    if not found.photos:
        raise typer.Exit(BAD_INPUT)
    return list(found.photos), len(wrong)


def _show(photos: Sequence[Path]) -> None:
    """Prints what would be assessed, one a line."""
    for path in photos:
        typer.echo(printable(str(path)))
    complain(f"{len(photos)} photos would be assessed")


def check_early(specs: Sequence[RegionSpec], photos: Sequence[Path]) -> None:
    """Finds mistakes in the regions before a model is loaded for them.

    A single photo is read and its regions made; of many, what holds for all is looked at.

    Raises:
        ValueError: if a mask's file is missing, or a region cannot be made on the only photo.
    """
    check_masks(specs)
    if len(photos) == 1:
        photo = read_photo(photos[0])
        for spec in specs:
            if not spec.needs_segmenter:
                spec.build(photo)


def check_masks(specs: Sequence[RegionSpec]) -> None:
    """Passes if every mask that is named is there.

    Raises:
        ValueError: naming the region whose mask's file is missing.
    """
    for spec in specs:
        if spec.mask is not None and not Path(split_selector(spec.mask)[0]).is_file():
            raise ValueError(f"region {spec.id}: the mask {spec.mask} is not there")


def _prepare(request: AssessRequest, specs: Sequence[RegionSpec], services: Services) -> _Run:
    assessor, segmenter = open_model(
        request.model, request.server, request.regions, specs, services
    )
    options = {
        "tasks": list(request.tasks),
        "text": request.text,
        "read_out": request.read_out,
        "dtype": request.model.dtype,
        "quantization": request.model.quantization,
    }
    name = None if segmenter is None else segmenter.name
    settings = fingerprint(assessor.info, request.regions, name, options)
    return _Run(request, specs, assessor, segmenter, settings)


def _assess_all(
    run: _Run,
    photos: list[Path],
    log: Reports | None,
    outputs: Outputs,
    bar: LateBar,
) -> tuple[int, int]:
    """Writes the results of all photos; how many failed and how many were there already."""
    failed = resumed = 0
    with closing(_in_order(run, photos, log)) as results:
        for count, result in enumerate(results, start=1):
            if isinstance(result, FailedPhoto):
                wrong = [result.reason]
            else:
                photo = result.photo if isinstance(result, AssessedPhoto) else None
                wrong = outputs.add(result.report, photo, result.path)
            for line in wrong:
                complain(line)
            failed += bool(wrong)
            resumed += isinstance(result, _Done) and not wrong
            bar.at(count)
    return failed, resumed


def _in_order(
    run: _Run, photos: list[Path], log: Reports | None
) -> Generator[AssessedPhoto | FailedPhoto | _Done, None, None]:
    """One result a photo, in the order given; new reports are in the log before they come out."""
    states = {path: PhotoFile.of(path) for path in photos if path.exists()}
    done = {
        path for path, state in states.items() if log is not None and (state, run.settings) in log
    }
    fresh = assess_photos(
        run.assessor,
        [path for path in photos if path not in done],
        regions=run.regions,
        tasks=run.request.tasks,
        text=run.request.text,
        read_out=run.request.read_out,
    )
    with closing(fresh):
        for path in photos:
            if log is not None and path in done:
                yield _earlier(log, path, states[path], run.settings)
                continue
            result = next(fresh)
            if isinstance(result, AssessedPhoto) and log is not None and path in states:
                log.add(result.report, states[path], run.settings)
            yield result


def _earlier(log: Reports, path: Path, state: PhotoFile, settings: str) -> _Done | FailedPhoto:
    """A photo with its report from the log; its failure, if the line there is no report."""
    try:
        report = log.find(state, settings)
    except ValueError as error:
        return failed_photo(path, error)
    assert report is not None  # the log was asked whether it has one
    return _Done(path, report)


def _summarise(photos: int, failed: int, resumed: int, wrong: int, jsonl: Path | None) -> None:
    parts = [f"{photos - failed - resumed} assessed"]
    parts += [f"{resumed} done before"] if resumed else []
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{wrong} arguments without a photo"] if wrong else []
    where = f" -> {jsonl}" if jsonl else ""
    complain(f"{photos} photos: {', '.join(parts)}{where}")
