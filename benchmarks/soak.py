"""A server under many requests: nothing fails that should not, and memory does not grow.

    python -m benchmarks.soak [--hostile 10000] [--concurrent 200] [--requests 10000]

Starts ``seagull serve`` with small caches, so that they are full early. First come usual requests
(new photos, regions, clicks, chat, clients that go away), a fifth of them to warm up; the server's
resident memory is looked at behind these and at the end. Then come hostile requests, of which each
has statuses that are right, with good ones in between; and last many usual ones at the same time.
The last line is one JSON object; the exit code is 1 if an answer was wrong or missing, or memory
grew by more than 5 %.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil
import urllib3
from urllib3.exceptions import HTTPError

from benchmarks.soak_requests import IMAGES, KINDS, Sent, Usual, good, hostile

WARM_SHARE = 0.2
MAY_GROW = 0.05
_START_SECONDS = 300


@dataclass
class Tally:
    """Statuses of answers, and what was wrong with some."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def answers(self) -> int:
        """How many requests were made."""
        return sum(self.statuses.values())


class Sender:
    """Sends requests and looks at the answers; for use by several threads.

    Args:
        url: of the server.
        tally: what is counted.
    """

    def __init__(self, url: str, tally: Tally) -> None:
        self._url = url
        self._pool = urllib3.PoolManager(maxsize=256, retries=False, timeout=urllib3.Timeout(120))
        self._tally = tally
        self._lock = threading.Lock()

    def send(self, sent: Sent) -> bytes:
        """The answer's body; one that is missing, or whose status is not right, is written down."""
        try:
            answer = self._pool.request(
                sent.method, self._url + sent.path, body=sent.body or None,
                headers=sent.headers, preload_content=False,
            )  # fmt: skip
            if sent.leaves:
                answer.close()
                return self._note("left")
            content, status = answer.read(), answer.status
        except HTTPError as error:
            self._wrong(sent, f"broken off ({type(error).__name__})")
            return self._note("broken off")
        self._note(str(status))
        is_ours = status < 400 or b'"error"' in content
        if status not in sent.statuses or not is_ours:
            self._wrong(sent, f"{status}, right are {sent.statuses}: {content[:200]!r}")
        return content

    def _note(self, status: str) -> bytes:
        with self._lock:
            self._tally.statuses[status] += 1
        return b""

    def _wrong(self, sent: Sent, what: str) -> None:
        with self._lock:
            self._tally.wrong.append(f"{sent.method} {sent.path}: {what}")


def usual(sender: Sender, requests: Usual, count: int) -> None:
    """So many usual requests, one after the other; photos that the server forgot are forgotten."""
    for _ in range(count):
        sent = requests.next()
        content = sender.send(sent)
        learn(requests, sent, content)


def learn(requests: Usual, sent: Sent, content: bytes) -> None:
    """Takes note of a photo that was sent, and of one that is lost."""
    if b"image_not_found" in content:
        requests.ids.clear()
    elif sent.path == IMAGES and b'"error"' not in content:
        requests.ids.append(json.loads(content)["id"])


def refused(sender: Sender, count: int, threads: int = 8) -> None:
    """So many hostile requests, a few at the same time; a good one follows each round of kinds."""

    def send(number: int) -> None:
        sender.send(hostile(number))
        if number % KINDS == KINDS - 1:
            sender.send(good(number))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(send, range(count)))


def crowd(sender: Sender, model: str, clients: int, each: int = 3) -> None:
    """Usual requests of so many clients at the same time; some are told to come back later."""

    def client(number: int) -> None:
        requests = Usual(model, seed=number + 1)
        for _ in range(each):
            sent = requests.next()
            content = sender.send(sent)
            learn(requests, sent, content)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))


@contextmanager
def server(model: str) -> Iterator[tuple[str, psutil.Process]]:
    """The address and the process of ``seagull serve`` with small caches."""
    code = "from seagull.cli import main; main()"
    words = ["serve", "--port", "0", "--model", model, "--cache-mb", "32", "--queue", "64"]
    command = [sys.executable, "-c", code, *words, "--segmenter", "classical"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found: list[str] = []
    said: deque[str] = deque(maxlen=5)
    ready = threading.Event()
    stream = process.stderr

    def follow() -> None:  # a pipe that nobody reads would stop the server
        for line in stream:
            said.append(line.strip())
            if not found and (match := re.search(r"listening on (http://\S+)", line)):
                found.append(match[1])
                ready.set()
        ready.set()

    threading.Thread(target=follow, daemon=True).start()
    try:
        if not ready.wait(_START_SECONDS) or not found:
            raise RuntimeError(f"the server did not start; it said: {' | '.join(said)}")
        _wait(found[0])
        yield found[0], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _wait(url: str) -> None:
    """Returns once the server takes requests; its socket is there a little earlier."""
    pool = urllib3.PoolManager(retries=urllib3.Retry(20, backoff_factor=0.1))
    pool.request("GET", f"{url}/readyz")


def main() -> None:
    """Soaks and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hostile", type=int, default=10_000)
    parser.add_argument("--concurrent", type=int, default=200)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--model", default="nano")
    options = parser.parse_args()
    tally, start = Tally(), time.monotonic()
    with server(options.model) as (url, process):
        sender = Sender(url, tally)
        answer = sender.send(Sent("GET", "/v1/models", statuses=(200,)))
        model = json.loads(answer)["data"][0]["id"]
        requests = Usual(model)
        warm = int(options.requests * WARM_SHARE)
        usual(sender, requests, warm)
        before = process.memory_info().rss
        usual(sender, requests, options.requests - warm)
        after = process.memory_info().rss
        print(f"usual requests done, {before / 2**20:.0f} -> {after / 2**20:.0f} MiB", flush=True)
        refused(sender, options.hostile)
        crowd(sender, model, options.concurrent)
        sender.send(Sent("GET", "/readyz", statuses=(200,)))
        end = process.memory_info().rss
    growth = after / before - 1
    for line in tally.wrong[:20]:
        print(line)
    print(json.dumps({
        "hostile": options.hostile, "concurrent": options.concurrent,
        "requests": options.requests, "seconds": round(time.monotonic() - start, 1),
        "answers": tally.answers, "statuses": dict(sorted(tally.statuses.items())),
        "wrong": len(tally.wrong), "warm_mib": round(before / 2**20, 1),
        "end_mib": round(after / 2**20, 1), "growth": round(growth, 4),
        "after_crowd_mib": round(end / 2**20, 1),
    }))  # fmt: skip
    sys.exit(1 if tally.wrong or growth > MAY_GROW else 0)


if __name__ == "__main__":
    main()
