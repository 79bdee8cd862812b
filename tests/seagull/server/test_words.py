"""Answers in words take long; others wait for one region of them alone."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace

from seagull.server.outbox import Outbox
from seagull.server.worker import Assess, ModelWorker
from seagull.types import AssessmentTask


class Collected(Outbox):
    """What came, and when its reader goes away: after so many."""

    def __init__(self, most=99):
        self._cancelled = threading.Event()
        self.items, self.most, self.closed = [], most, threading.Event()

    def put(self, item):
        self.items.append(item)
        if len(self.items) == self.most:
            self._cancelled.set()
            self.closed.set()

    def close(self):
        self.closed.set()


class Recording:
    """Assesses nothing, and writes down how many regions each pass had."""

    def __init__(self, *, has_head=True):
        self.passes, self.has_head = [], has_head

    def assess_together(self, requests):
        self.passes.append([len(request.regions) for request in requests])
        return [SimpleNamespace(regions=request.regions) for request in requests]


def test_words_about_many_regions_hold_others_up_for_one_region_alone(photo, regions):
    assessor = Recording()
    worker = ModelWorker(assessor, pass_regions=16, talks=1)
    words, left, plain = Collected(), Collected(most=2), Collected()
    four = [replace(regions[0], id=str(number)) for number in range(4)]
    for text, outbox in ((True, words), (True, left), (False, plain)):
        worker.submit(Assess(photo, four, [AssessmentTask.QUALITY], text, "head", outbox))
    worker.start()
    assert all(outbox.closed.wait(20) for outbox in (words, left, plain))
    worker.close()
    # What needs no words goes first; a reader that goes away after two ends its request.
    assert assessor.passes == [[4], [1], [1], [1], [1], [1], [1]]
    assert (words.items, left.items, plain.items) == (four, four[:2], four)


def test_without_a_head_numbers_are_words_too(photo, regions):
    assessor, outbox = Recording(has_head=False), Collected()
    worker = ModelWorker(assessor, pass_regions=16, talks=1)
    two = [replace(regions[0], id=str(number)) for number in range(2)]
    worker.submit(Assess(photo, two, [AssessmentTask.QUALITY], False, "head", outbox))
    worker.start()
    assert outbox.closed.wait(20)
    worker.close()
    assert assessor.passes == [[1], [1]]
