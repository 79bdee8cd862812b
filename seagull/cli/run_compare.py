"""The ``compare`` command: pairs of photos in, comparisons out, one model load."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import typer

from seagull.cli.compare_outputs import CompareOutputs, ComparisonWriter, write_failed
from seagull.cli.compare_resume import DonePair, in_order
from seagull.cli.errors import BAD_INPUT, LIMIT_BROKEN, complain, failure_text
from seagull.cli.models import ModelRequest, OpenedModel, open_model, refuse_baseline
from seagull.cli.progress import LateBar
from seagull.cli.remote import ServerRequest
from seagull.cli.requests import RegionRequest, fingerprint, given_options
from seagull.cli.run_assess import check_masks
from seagull.cli.services import Services
from seagull.client.errors import ServerUnavailable
from seagull.comparison.baseline import Baseline, EarlierRuns, read_baseline
from seagull.comparison.compare import found_regions
from seagull.comparison.folder import ComparedPair, FailedPair, compare_pairs, read_pair
from seagull.comparison.gates import GateResult, Gates, check_gates
from seagull.comparison.log import ComparisonLog, RunSettings
from seagull.comparison.measured import measured
from seagull.comparison.pairs import PhotoPair, pair_photos
from seagull.comparison.photos import check_resize
from seagull.comparison.results import PairResult, pair_result
from seagull.comparison.summary import summarise, summary_line
from seagull.comparison.words import unmeasured_text, whole_text
from seagull.photos import Photo
from seagull.photos.lists import left_out_text, list_photos
from seagull.regions.build import build_regions
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.reports.text import counted
from seagull.types import Region


@dataclass(frozen=True)
class CompareRequest:
    """Everything asked of one ``compare`` run."""

    before: Path
    after: Path
    regions: RegionRequest
    outputs: CompareOutputs
    gates: Gates
    model: ModelRequest
    resize: str | None = None
    server: ServerRequest | None = None


@dataclass(frozen=True)
class _Run:
    """What a run works with once everything is loaded."""

    request: CompareRequest
    specs: Sequence[RegionSpec]
    assessor: OpenedModel
    segmenter: Segmenter | None
    settings: RunSettings

    def regions(self, photo: Photo) -> Sequence[Region]:
        """The regions of a pair, made on its first photo; the whole photo, if none is found."""
        wanted = self.request.regions
        if not self.specs:
            return found_regions(photo, self.segmenter, wanted.selection)
        return build_regions(
            photo,
            self.specs,
            everything=wanted.everything,
            segmenter=self.segmenter,
            selection=wanted.selection,
        ).regions


def run_compare(request: CompareRequest, services: Services) -> None:
    """Compares all pairs and writes every output.

    Raises:
        ValueError: if the request cannot be met, or its server is not there (any more).
        typer.Exit: after all else is done: with code 2 if photos have no pair or could not be
            compared, else with code 4 if a limit was broken.
    """
    try:
        _run_all(request, services)
    except ServerUnavailable as error:
        raise ValueError(str(error)) from error


def _run_all(request: CompareRequest, services: Services) -> None:
    request.outputs.check((request.before, request.after))
    problems: list[str] = []
    try:
        gates = _compare(request, services, problems)
    except BaseException as error:
        # A CI job must not find the files of an earlier run and take them for this one's.
        reason = str(error) if isinstance(error, ServerUnavailable) else failure_text(error)
        write_failed(request.outputs, [*problems, reason])
        raise
    if problems:
        raise typer.Exit(BAD_INPUT)
    if not all(one.passed for one in gates):
        raise typer.Exit(LIMIT_BROKEN)


def _compare(request: CompareRequest, services: Services, problems: list[str]) -> list[GateResult]:
    """Compares all pairs; adds to ``problems`` a line for each photo that was not compared."""
    specs = _specs(request)
    pairs = _pairs(request, problems)
    earlier = _earlier(request.gates, pairs)
    if not request.outputs.several:
        _check_pair(pairs[0], specs, request.resize)
    root = request.before if request.outputs.several else request.before.parent
    with ExitStack() as stack:
        log = None
        if request.outputs.jsonl is not None:
            log = stack.enter_context(ComparisonLog(request.outputs.jsonl))
        run = _prepare(request, specs, services)
        baseline = None if earlier is None else earlier.under(run.settings)
        writer = stack.enter_context(
            ComparisonWriter(request.outputs, root.absolute(), request.resize)
        )
        bar = stack.enter_context(LateBar("Comparing", len(pairs), wanted=request.outputs.several))
        results = _compare_all(run, pairs, log, writer, bar, problems)
        return _finish(request, results, baseline, problems, writer)


def _specs(request: CompareRequest) -> Sequence[RegionSpec]:
    """The regions that were asked for, after a look at all other options.

    Raises:
        ValueError: if the request cannot be met.
    """
    if request.server is None:
        refuse_baseline(request.model, "whose numbers have no spread to judge a change by")
    request.regions.check(on_server=request.server is not None)
    check_resize(request.resize)
    specs = request.regions.specs()
    check_masks(specs)
    return specs


def _pairs(request: CompareRequest, problems: list[str]) -> Sequence[PhotoPair]:
    """The pairs that are meant; adds to ``problems`` a line about each photo without one.

    Raises:
        ValueError: if one argument is a photo and the other a folder, or no photo has a pair.
    """
    before, after = request.before, request.after
    listings = [list_photos([one]) for one in (before, after)]
    kinds = {(one.is_dir(), one.is_file()) for one in (before, after)}
    if len(kinds) > 1 or (False, False) in kinds:  # a pattern is neither
        raise ValueError(f"{before} and {after}: compare two photos, or two folders")
    if not before.is_dir():
        return [PhotoPair(before, after)]
    for one in listings:
        if one.left_out:
            complain(left_out_text(one.left_out))
    found = pair_photos((before, listings[0].photos), (after, listings[1].photos))
    for line in found.problems:
        complain(line)
    problems += found.problems
    if not found.pairs:
        raise ValueError(
            f"{before} and {after}: no photo of one has a pair in the other; two photos are a pair "
            "if their paths below the folders are equal, or one of them ends with the other, "
            "whatever case and picture ending"
        )
    return found.pairs


def _check_pair(pair: PhotoPair, specs: Sequence[RegionSpec], resize: str | None) -> None:
    """Finds mistakes in a single pair and its regions before a model is loaded for them."""
    photos, _ = read_pair(pair, resize)
    for spec in specs:
        if not spec.needs_segmenter:
            spec.build(photos[0])


def _prepare(request: CompareRequest, specs: Sequence[RegionSpec], services: Services) -> _Run:
    assessor, segmenter = open_model(
        request.model, request.server, request.regions, specs, services
    )
    if unmeasured := unmeasured_text(assessor.info, measured()):
        complain(unmeasured)
    options = {
        "resize": request.resize,
        "measured": asdict(measured()),
        "dtype": request.model.dtype,
        "quantization": request.model.quantization,
    }
    name = None if segmenter is None else segmenter.name
    mark = fingerprint(assessor.info, request.regions, name, options)
    given = given_options(request.regions, name, request.model.given | {"resize": request.resize})
    return _Run(request, specs, assessor, segmenter, RunSettings(assessor.info, mark, given))


def _earlier(gates: Gates, pairs: Sequence[PhotoPair]) -> EarlierRuns | None:
    if gates.baseline is None:
        return None
    return read_baseline(gates.baseline, [str(pair.before) for pair in pairs])


def _compare_all(
    run: _Run,
    pairs: Sequence[PhotoPair],
    log: ComparisonLog | None,
    writer: ComparisonWriter,
    bar: LateBar,
    problems: list[str],
) -> list[PairResult]:
    """Writes all comparisons; adds to ``problems`` a line for each pair that failed."""
    results: list[PairResult] = []
    resumed = 0
    fresh = partial(compare_pairs, run.assessor, regions=run.regions, resize=run.request.resize)
    with closing(in_order(fresh, pairs, run.settings, log)) as items:
        for count, item in enumerate(items, start=1):
            if isinstance(item, FailedPair):
                complain(item.reason)
                problems.append(item.reason)
            else:
                photos = item.photos if isinstance(item, ComparedPair) else None
                for line in writer.add(item.comparison, item.pair, photos):
                    complain(line)
                    problems.append(line)
                results.append(pair_result(item.comparison))
                resumed += isinstance(item, DonePair)
            bar.at(count)
    if run.request.outputs.several:
        _say(len(pairs), len(pairs) - len(results), resumed, run.request.outputs.jsonl)
    return results


def _finish(
    request: CompareRequest,
    results: Sequence[PairResult],
    baseline: Baseline | None,
    problems: Sequence[str],
    writer: ComparisonWriter,
) -> list[GateResult]:
    """Writes the summaries and says what became of the limits."""
    if not results:
        write_failed(request.outputs, problems)
        return []
    summary = summarise(results)
    gates = check_gates(request.gates, results, baseline)
    if request.outputs.several and request.outputs.prints:
        typer.echo(summary_line(summary))
        if note := whole_text([one.whole for one in results]):
            typer.echo(note)
    for one in gates:
        complain(f"--{one.name} {'passed' if one.passed else 'FAILED'}: {one.text}")
    writer.summarise(results, summary, gates, problems)
    return gates


def _say(pairs: int, failed: int, resumed: int, jsonl: Path | None) -> None:
    parts = [f"{pairs - failed - resumed} compared"]
    parts += [f"{resumed} done before"] if resumed else []
    parts += [f"{failed} failed"] if failed else []
    where = f" -> {jsonl}" if jsonl else ""
    complain(f"{counted(pairs, 'pair')}: {', '.join(parts)}{where}")
