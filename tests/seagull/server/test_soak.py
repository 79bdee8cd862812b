"""Five hundred requests of all kinds: every answer is right, and memory does not grow."""

from __future__ import annotations

import psutil
import pytest

from benchmarks.soak import MAY_GROW, Sender, Tally, crowd, refused, usual
from benchmarks.soak_requests import KINDS, Usual
from seagull.server.settings import ServerSettings
from tests.seagull.server.conftest import running


@pytest.mark.slow
def test_five_hundred_requests_leave_memory_as_it_was(make_assessor):
    tally, process = Tally(), psutil.Process()
    # Small enough that the photos of the first requests fill it.
    with running(make_assessor(), ServerSettings(port=0, cache_bytes=1 << 20)) as server:
        sender = Sender(server.url, tally)
        requests = Usual("tiny", size=(96, 128))
        usual(sender, requests, 200)
        before = process.memory_info().rss
        usual(sender, requests, 300)
        assert process.memory_info().rss / before - 1 < MAY_GROW
        refused(sender, 2 * KINDS)
        crowd(sender, "tiny", 12, each=2)
        assert server.ask("/readyz").status == 200
    assert not tally.wrong, tally.wrong[:5]
    assert tally.answers == 500 + 2 * (KINDS + 1) + 24
    assert tally.statuses["left"] > 5
    assert tally.statuses["200"] > 200
