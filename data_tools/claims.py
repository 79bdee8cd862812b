"""Claims on a shared disk: who works on which shard, without a server and without locks.

A claim is a file made with O_EXCL; its owner touches it while it works. When a claim has not moved
for `stale_s` seconds of the *watcher's* clock (machines' clocks are not compared), the next
generation of it may be made, again with O_EXCL, so only one watcher wins. A claim only saves double
work: two workers on one shard would write the same bytes under the same names.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from pathlib import Path


class Claims:
    """This process's claims in a folder.

    Args:
        folder: the same for all workers.
        stale_s: how long a claim must stand still before it may be taken over.
    """

    def __init__(self, folder: Path, stale_s: float) -> None:
        self.folder = folder
        self.stale_s = stale_s
        self._seen: dict[Path, tuple[int, float]] = {}
        self._held: dict[str, Path] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        folder.mkdir(parents=True, exist_ok=True)
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    def take(self, name: str) -> bool:
        """Claims a name; false while a living worker holds it."""
        generation = self._generation(name)
        if generation >= 0 and not self._stale(self._path(name, generation)):
            return False
        path = self._path(name, generation + 1)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        with os.fdopen(handle, "w") as out:
            json.dump({"host": socket.gethostname(), "pid": os.getpid()}, out)
        with self._lock:
            self._held[name] = path
        return True

    def owns(self, name: str) -> bool:
        """Whether the claim is still this process's (nobody took it over)."""
        with self._lock:
            path = self._held.get(name)
        return path is not None and path == self._path(name, self._generation(name))

    def release(self, name: str) -> None:
        """Gives a name back; all generations up to ours vanish, ours last."""
        with self._lock:
            held = self._held.pop(name, None)
        if held is None:
            return
        own = int(held.suffix[1:])
        for generation in range(own + 1):
            self._path(name, generation).unlink(missing_ok=True)

    def close(self) -> None:
        """Gives everything back."""
        self._closed.set()
        self._thread.join()
        for name in list(self._held):
            self.release(name)

    def _path(self, name: str, generation: int) -> Path:
        return self.folder / f"{name}.{generation}"

    def _generation(self, name: str) -> int:
        found = [int(path.suffix[1:]) for path in self.folder.glob(f"{name}.*")]
        return max(found, default=-1)

    def _stale(self, path: Path) -> bool:
        try:
            moved = path.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        now = time.monotonic()
        last, since = self._seen.get(path, (-1, now))
        if last != moved:
            self._seen[path] = (moved, now)
            return False
        return now - since >= self.stale_s

    def _beat(self) -> None:
        while not self._closed.wait(min(self.stale_s / 4, 10.0)):
            with self._lock:
                held = list(self._held.values())
            for path in held:
                if path.exists():
                    os.utime(path)
