"""Pairs in their order: those of an earlier run from its file, the others anew."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

from seagull.comparison.folder import ComparedPair, FailedPair
from seagull.comparison.log import ComparisonLog, PairState, RunSettings
from seagull.comparison.pairs import PhotoPair
from seagull.comparison.types import Comparison
from seagull.reports.jsonl import PhotoFile

Fresh = Generator[ComparedPair | FailedPair, None, None]


@dataclass(frozen=True, eq=False)
class DonePair:
    """A pair with its comparison from an earlier run."""

    pair: PhotoPair
    comparison: Comparison


def in_order(
    compare: Callable[[Sequence[PhotoPair]], Fresh],
    pairs: Sequence[PhotoPair],
    settings: RunSettings,
    log: ComparisonLog | None,
) -> Generator[ComparedPair | FailedPair | DonePair, None, None]:
    """One result a pair, in order; new comparisons are in the log before they come out.

    Args:
        compare: gives one result for each of the pairs that are not done.
        pairs: all of them.
        settings: of this run.
        log: of this run and earlier ones.
    """
    mark = settings.fingerprint
    states = {pair: state for pair in pairs if (state := _state(pair, mark)) is not None}
    done = {pair for pair, state in states.items() if log is not None and state in log}
    fresh = compare([pair for pair in pairs if pair not in done])
    with closing(fresh):
        for pair in pairs:
            if log is not None and pair in done:
                yield _earlier(log, pair, states[pair])
                continue
            item = next(fresh)
            if log is not None and isinstance(item, ComparedPair) and pair in states:
                log.add(item.comparison, states[pair], settings.options or {})
            yield item


def _earlier(log: ComparisonLog, pair: PhotoPair, state: PairState) -> DonePair | FailedPair:
    """A pair with its comparison from the log; its failure, if the line there is none."""
    try:
        comparison = log.find(state)
    except ValueError as error:
        return FailedPair(pair, f"{pair.after}: {error}")
    assert comparison is not None  # the log was asked whether it has one
    return DonePair(pair, comparison)


def _state(pair: PhotoPair, settings: str) -> PairState | None:
    """What the pair's files are like; None where one has gone, which its reading will name."""
    try:
        return PairState(PhotoFile.of(pair.before), PhotoFile.of(pair.after), settings)
    except OSError:
        return None
