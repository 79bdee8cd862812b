"""Seconds and peak memory of what runs inside a block."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch


class PeakMemory(threading.Thread):
    """The most main memory that the process held above where it began, in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process()
        self._done = threading.Event()
        self._start = self._most = self._process.memory_info().rss

    def run(self) -> None:
        """Samples until stopped."""
        while not self._done.wait(0.005):
            self._most = max(self._most, self._process.memory_info().rss)

    def stop(self) -> float:
        """Ends the sampling and returns the peak."""
        self._done.set()
        self.join()
        return (self._most - self._start) / 2**20


@contextmanager
def measured(into: dict[str, float], name: str) -> Iterator[None]:
    """Adds the seconds spent inside to ``into[name]``, and the peak memory to ``name.mib``."""
    synchronise()
    peak = PeakMemory()
    peak.start()
    start = time.perf_counter()
    yield
    synchronise()
    into[name] = into.get(name, 0.0) + time.perf_counter() - start
    into[f"{name}.mib"] = max(into.get(f"{name}.mib", 0.0), peak.stop())


def synchronise() -> None:
    """Waits for the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
