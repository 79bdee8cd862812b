"""The model's one thread: what waits together goes through one pass.

Three kinds of work, all of which give way to one another between passes: calls (a photo is
encoded), regions to assess, and answers in words, made token by token. Work that nobody waits for
any more stops between passes.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from seagull.inference.assessor import Asked, Assessor
from seagull.photos import Photo
from seagull.server.outbox import Outbox
from seagull.types import AssessmentTask, Region, RegionAssessment

logger = logging.getLogger(__name__)

_TICK_SECONDS = 2.0


@dataclass(eq=False)
class Call:
    """A function that needs the model, such as encoding a photo."""

    function: Callable[[], Any]
    outbox: Outbox[Any]


@dataclass(eq=False)
class Assess:
    """Regions of a photo to assess; each assessment is put into the outbox."""

    photo: Photo
    regions: Sequence[Region]
    tasks: Sequence[AssessmentTask]
    text: bool
    read_out: str
    outbox: Outbox[RegionAssessment]
    done: int = 0

    def next(self, most: int) -> Asked:
        """What is asked about the next regions, at most so many."""
        chosen = self.regions[self.done : self.done + most]
        return Asked(self.photo, chosen, tuple(self.tasks), self.text, self.read_out)


@dataclass(eq=False)
class Talk:
    """An answer in words; ``speak`` makes the iterator whose every step is a pass."""

    speak: Callable[[], Iterator[Any]]
    outbox: Outbox[Any]
    steps: Iterator[Any] | None = field(default=None, init=False)


Work = Call | Assess | Talk


class ModelWorker:
    """Runs a model in a thread of its own.

    Args:
        assessor: used by this thread alone once it runs.
        pass_regions: most regions in one pass.
        talks: most answers in words at the same time; later ones wait.
        after: called in the thread after each round and every few seconds, to clear up.
    """

    def __init__(
        self,
        assessor: Assessor,
        *,
        pass_regions: int,
        talks: int,
        after: Callable[[], None] | None = None,
    ) -> None:
        self._assessor = assessor
        self._pass_regions = pass_regions
        self._talks = talks
        self._after = after
        self._changed = threading.Condition()
        self._work: list[Work] = []
        self._closing = False
        self.passes = 0
        """Passes over regions so far."""
        self._thread = threading.Thread(target=self._run, name="seagull-model", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def submit(self, work: Work) -> None:
        """Puts work behind what waits; called by any thread."""
        with self._changed:
            self._work.append(work)
            self._changed.notify()

    def close(self) -> None:
        """Ends the thread once everything that waits is done."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """Items of work that are not done."""
        return len(self._work)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while (round_ := self._next_round()) is not None:
            for work in round_:
                if isinstance(work, Call):
                    self._guarded(work, self._call)
            waiting = [work for work in round_ if isinstance(work, Assess)]
            self._assess([work for work in waiting if not self._in_words(work)])
            # A region at a time, so that others wait for no more than one region's words.
            for work in waiting:
                if self._in_words(work):
                    self._guarded(work, partial(self._assess_alone, 1))
            for work in round_:
                if isinstance(work, Talk):
                    self._guarded(work, self._step)
            self._clear_up()

    def _clear_up(self) -> None:
        try:
            if self._after is not None:
                self._after()
        except Exception as error:  # the thread that everybody waits for goes on
            log_fault(error)

    def _next_round(self) -> list[Work] | None:
        """What has its turn now; empty after a while without work, None at the end."""
        with self._changed:
            if not self._work and not self._closing:
                self._changed.wait(_TICK_SECONDS)
            for work in [work for work in self._work if work.outbox.cancelled]:
                self._work.remove(work)
            if self._closing and not self._work:
                return None
            talks = [work for work in self._work if isinstance(work, Talk)]
            later = set(map(id, talks[self._talks :]))
            return [work for work in self._work if id(work) not in later]

    def _finish(self, work: Work) -> None:
        with self._changed:
            self._work.remove(work)

    def _guarded(self, work: Any, run: Callable[[Any], None]) -> None:
        """Runs an item of work; its error is raised in the request that waits for it."""
        if work.outbox.cancelled:
            return
        try:
            run(work)
        except Exception as error:
            self._finish(work)
            work.outbox.fail(error)

    def _call(self, work: Call) -> None:
        work.outbox.put(work.function())
        self._finish(work)

    def _step(self, work: Talk) -> None:
        if work.steps is None:
            work.steps = work.speak()
        try:
            work.outbox.put(next(work.steps))
        except StopIteration:
            self._finish(work)
            work.outbox.close()

    def _in_words(self, work: Assess) -> bool:
        """Whether the language model is run for each region, which takes far longer."""
        return work.text or work.read_out != "head" or not self._assessor.has_head

    def _assess(self, waiting: list[Assess]) -> None:
        """One pass over regions, of all requests that wait: each has its share."""
        shares = fair_shares(
            [len(work.regions) - work.done for work in waiting], self._pass_regions
        )
        chosen = [(w, share) for w, share in zip(waiting, shares, strict=True) if share]
        if not chosen:
            return
        self.passes += 1
        try:
            reports = self._assessor.assess_together([w.next(share) for w, share in chosen])
        except Exception:
            # One request's fault is not another's: each is asked by itself.
            for work, share in chosen:
                self._guarded(work, partial(self._assess_alone, share))
            return
        for (work, _), report in zip(chosen, reports, strict=True):
            self._deliver(work, report.regions)

    def _assess_alone(self, share: int, work: Assess) -> None:
        self.passes += 1
        (report,) = self._assessor.assess_together([work.next(share)])
        self._deliver(work, report.regions)

    def _deliver(self, work: Assess, assessed: Sequence[RegionAssessment]) -> None:
        for assessment in assessed:
            work.outbox.put(assessment)
        work.done += len(assessed)
        if work.done == len(work.regions):
            self._finish(work)
            work.outbox.close()


def fair_shares(wanted: Sequence[int], total: int) -> list[int]:
    """How many each gets of a total, in turns of one, until nothing is wanted or left."""
    shares = [0] * len(wanted)
    while total > 0 and (unserved := [i for i, want in enumerate(wanted) if shares[i] < want]):
        each = max(1, total // len(unserved))
        for i in unserved:
            given = min(each, wanted[i] - shares[i], total)
            shares[i] += given
            total -= given
    return shares


def log_fault(error: BaseException, request: str = "") -> None:
    """Writes where a fault of ours happened; its message may hold what a client has sent.

    Args:
        error: the fault.
        request: the id of the request that met it.
    """
    places = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s unexpected %s\n%s", request, type(error).__name__, places)
