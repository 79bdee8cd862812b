"""The ``compare`` command: pairs of photos in, comparisons out, one model load."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from seagull.cli.compare_outputs import CompareOutputs, ComparisonWriter
from seagull.cli.errors import BAD_INPUT, LIMIT_BROKEN, complain
from seagull.cli.models import ModelRequest, OpenedModel, open_model, refuse_baseline
from seagull.cli.progress import LateBar
from seagull.cli.remote import ServerRequest
from seagull.cli.requests import RegionRequest, fingerprint
from seagull.cli.run_assess import check_masks
from seagull.cli.services import Services
from seagull.client.errors import ServerUnavailable
from seagull.comparison.compare import WHOLE
from seagull.comparison.folder import ComparedPair, FailedPair, compare_pairs, read_pair
from seagull.comparison.gates import Baseline, GateResult, Gates, check_gates, open_baseline
from seagull.comparison.log import ComparisonLog, PairState
from seagull.comparison.measured import measured
from seagull.comparison.pairs import Pairing, PhotoPair, pair_photos
from seagull.comparison.photos import check_resize
from seagull.comparison.results import PairResult, pair_result
from seagull.comparison.summary import summarise, summary_line
from seagull.comparison.types import Comparison
from seagull.comparison.words import unmeasured_text
from seagull.photos import Photo
from seagull.photos.lists import left_out_text, list_photos
from seagull.regions.build import build_regions
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.reports.jsonl import PhotoFile
from seagull.types import ModelInfo, Region


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
    settings: str

    def regions(self, photo: Photo) -> Sequence[Region]:
        """The regions of a pair, made on its first photo; without any, the whole photo."""
        wanted = self.request.regions
        specs = self.specs or ([] if wanted.everything else WHOLE)
        return build_regions(
            photo,
            specs,
            everything=wanted.everything,
            segmenter=self.segmenter,
            selection=wanted.selection,
        ).regions


@dataclass(frozen=True, eq=False)
class _Done:
    """A pair with its comparison from an earlier run."""

    pair: PhotoPair
    comparison: Comparison


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
    if request.server is None:
        refuse_baseline(request.model, "whose numbers have no spread to judge a change by")
    request.regions.check()
    check_resize(request.resize)
    specs = request.regions.specs()
    check_masks(specs)
    request.outputs.check((request.before, request.after))
    pairing = _pairs(request)
    if not request.outputs.several:
        _check_pair(pairing.pairs[0], specs, request.resize)
    root = request.before if request.outputs.several else request.before.parent
    with ExitStack() as stack:
        log = None
        if request.outputs.jsonl is not None:
            log = stack.enter_context(ComparisonLog(request.outputs.jsonl))
        run = _prepare(request, specs, services)
        baseline = _baseline(request.gates, pairing.pairs, run.assessor.info)
        writer = stack.enter_context(
            ComparisonWriter(request.outputs, root.absolute(), request.resize)
        )
        bar = stack.enter_context(
            LateBar("Comparing", len(pairing.pairs), wanted=request.outputs.several)
        )
        results, failures = _compare_all(run, pairing.pairs, log, writer, bar)
        problems = [*pairing.problems, *failures]
        gates = _finish(request, results, baseline, problems, writer)
    if problems:
        raise typer.Exit(BAD_INPUT)
    if not all(one.passed for one in gates):
        raise typer.Exit(LIMIT_BROKEN)


def _pairs(request: CompareRequest) -> Pairing:
    """The pairs that are meant; a line about each photo without one.

    Raises:
        ValueError: if one argument is a photo and the other a folder, or no photo has a pair.
    """
    before, after = request.before, request.after
    listings = [list_photos([one]) for one in (before, after)]
    kinds = {(one.is_dir(), one.is_file()) for one in (before, after)}
    if len(kinds) > 1 or (False, False) in kinds:  # a pattern is neither
        raise ValueError(f"{before} and {after}: compare two photos, or two folders")
    if not before.is_dir():
        return Pairing((PhotoPair(before, after),), ())
    for one in listings:
        if one.left_out:
            complain(left_out_text(one.left_out))
    found = pair_photos((before, listings[0].photos), (after, listings[1].photos))
    for line in found.problems:
        complain(line)
    if not found.pairs:
        raise ValueError(
            f"{before} and {after}: no photo of one has its name in the other; pairs have the same "
            "path below their folders"
        )
    return found


def _check_pair(pair: PhotoPair, specs: Sequence[RegionSpec], resize: str | None) -> None:
    """Finds mistakes in a single pair and its regions before a model is loaded for them."""
    photos, _ = read_pair(pair, resize)
    for spec in specs:
        if not spec.needs_segmenter:
            spec.build(photos[0])


def _prepare(request: CompareRequest, specs: Sequence[RegionSpec], services: Services) -> _Run:
    assessor, segmenter = open_model(request.model, request.server, request.regions, services)
    if unmeasured := unmeasured_text(assessor.info, measured()):
        complain(unmeasured)
    options = {
        "resize": request.resize,
        "measured": asdict(measured()),
        "dtype": request.model.dtype,
        "quantization": request.model.quantization,
    }
    name = None if segmenter is None else segmenter.name
    settings = fingerprint(assessor.info, request.regions, name, options)
    return _Run(request, specs, assessor, segmenter, settings)


def _baseline(gates: Gates, pairs: Sequence[PhotoPair], model: ModelInfo) -> Baseline | None:
    if gates.baseline is None:
        return None
    return open_baseline(gates.baseline, [str(pair.before) for pair in pairs], model)


def _compare_all(
    run: _Run,
    pairs: Sequence[PhotoPair],
    log: ComparisonLog | None,
    writer: ComparisonWriter,
    bar: LateBar,
) -> tuple[list[PairResult], list[str]]:
    """Writes all comparisons; what is kept of them, and a line for each pair that failed."""
    results: list[PairResult] = []
    failures: list[str] = []
    resumed = 0
    with closing(_in_order(run, pairs, log)) as items:
        for count, item in enumerate(items, start=1):
            if isinstance(item, FailedPair):
                complain(item.reason)
                failures.append(item.reason)
            else:
                photos = item.photos if isinstance(item, ComparedPair) else None
                writer.add(item.comparison, item.pair, photos)
                results.append(pair_result(item.comparison))
                resumed += isinstance(item, _Done)
            bar.at(count)
    if run.request.outputs.several:
        _say(len(pairs), len(failures), resumed, run.request.outputs.jsonl)
    return results, failures


def _in_order(
    run: _Run, pairs: Sequence[PhotoPair], log: ComparisonLog | None
) -> Generator[ComparedPair | FailedPair | _Done, None, None]:
    """One result a pair, in order; new comparisons are in the log before they come out."""
    states = {pair: state for pair in pairs if (state := _state(pair, run.settings)) is not None}
    done = {pair for pair, state in states.items() if log is not None and state in log}
    rest = [pair for pair in pairs if pair not in done]
    fresh = compare_pairs(run.assessor, rest, run.regions, resize=run.request.resize)
    with closing(fresh):
        for pair in pairs:
            if log is not None and pair in done:
                comparison = log.find(states[pair])
                if comparison is not None:
                    yield _Done(pair, comparison)
                continue
            item = next(fresh)
            if log is not None and isinstance(item, ComparedPair) and pair in states:
                log.add(item.comparison, states[pair])
            yield item


def _state(pair: PhotoPair, settings: str) -> PairState | None:
    """What the pair's files are like; None where one has gone, which its reading will name."""
    try:
        return PairState(PhotoFile.of(pair.before), PhotoFile.of(pair.after), settings)
    except OSError:
        return None


def _finish(
    request: CompareRequest,
    results: Sequence[PairResult],
    baseline: Baseline | None,
    problems: Sequence[str],
    writer: ComparisonWriter,
) -> list[GateResult]:
    """Writes the summaries and says what became of the limits."""
    if not results:
        return []
    summary = summarise(results)
    gates = check_gates(request.gates, results, baseline)
    if request.outputs.several and request.outputs.prints:
        typer.echo(summary_line(summary))
    for one in gates:
        complain(f"--{one.name} {'passed' if one.passed else 'FAILED'}: {one.text}")
    writer.summarise(results, summary, gates, problems)
    return gates


def _say(pairs: int, failed: int, resumed: int, jsonl: Path | None) -> None:
    parts = [f"{pairs - failed - resumed} compared"]
    parts += [f"{resumed} done before"] if resumed else []
    parts += [f"{failed} failed"] if failed else []
    where = f" -> {jsonl}" if jsonl else ""
    complain(f"{pairs} pairs: {', '.join(parts)}{where}")
