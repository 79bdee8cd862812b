"""Requests a second of a server that puts waiting requests together, beside one at a time.

    python -m benchmarks.serve PHOTO PHOTO... [--clients 1 4 16] [--seconds 2] [--rounds 4]

Two servers on the same model, each a process of its own: one assesses the regions of all waiting
requests in one pass, the other makes a pass for each request. Both keep every photo. Clients send
one request after the other, each about one new box: all about the first photo, or in turns about
all of them. The servers take turns, so that both meet the same machine. The last line is one JSON
object; ``ratio`` is the rate of passes together over that of passes for each, and ``range`` its
least and its greatest over the rounds: what else the machine does shows there.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from seagull.client.http import Http
from seagull.client.uploads import SentImage

TOGETHER, EACH = "together", "each"
PASS_REGIONS = {TOGETHER: 32, EACH: 1}
START_SECONDS = 300


@dataclass
class Row:
    """What was measured for one number of clients; ``rates`` are those of the rounds."""

    photos: str
    clients: int
    server: str
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    rates: list[float]


def serve(model: str, pass_regions: int, port: Connection) -> None:
    """Runs a server in this process and says on which port."""
    from seagull.inference.load import load
    from seagull.regions.classical import ClassicalSegmenter
    from seagull.server.run import bind, make_server
    from seagull.server.settings import Limits, ServerSettings

    settings = ServerSettings(port=0, limits=Limits(pass_regions=pass_regions))
    server = make_server(load(model), ClassicalSegmenter, settings)
    address = bind(settings)
    port.send(address.getsockname()[1])
    server.run([address])


@contextmanager
def running(model: str, pass_regions: int) -> Iterator[str]:
    """The address of a server that runs meanwhile."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(model, pass_regions, there), daemon=True)
    process.start()
    try:
        if not here.poll(START_SECONDS):
            raise RuntimeError(f"the server did not start in {START_SECONDS} s")
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        process.terminate()
        process.join()


class Clients:
    """Clients of one server, which send one request after the other.

    Args:
        url: of the server.
        photos: files that are asked about.
    """

    def __init__(self, url: str, photos: Sequence[Path]) -> None:
        self._http = Http(url)
        self._images = [
            SentImage.from_json(self._http.send_file("/v1/images", path.read_bytes()))
            for path in photos
        ]

    def run(self, clients: int, seconds: float, *, several: bool, seed: int) -> list[float]:
        """Seconds that each request took, of all that were answered in the time."""
        images = self._images if several else self._images[:1]
        took: list[list[float]] = [[] for _ in range(clients)]
        end = time.perf_counter() + seconds
        threads = [
            threading.Thread(target=self._ask, args=(images, number, seed, end, took[number]))
            for number in range(clients)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [one for each in took for one in each]

    def _ask(
        self, images: Sequence[SentImage], number: int, seed: int, end: float, took: list[float]
    ) -> None:
        chance = random.Random(f"{seed} {number}")
        place = number
        while (start := time.perf_counter()) < end:
            image = images[place % len(images)]
            self._http.post("/v1/assess", question(image, chance))
            took.append(time.perf_counter() - start)
            place += 1


def question(image: SentImage, chance: random.Random) -> dict[str, Any]:
    """A request about a box that was not asked about before."""
    width, height = image.width // 3, image.height // 3
    left, top = chance.uniform(0, 2 * width), chance.uniform(0, 2 * height)
    box = [round(number, 2) for number in (left, top, left + width, top + height)]
    return {"image": image.id, "regions": [{"box": box, "box_format": "xyxy"}]}


def measure(
    servers: dict[str, Clients], counts: Sequence[int], seconds: float, rounds: int
) -> list[Row]:
    """A row for each way of asking, number of clients and server, which take turns."""
    rows = []
    for several in (False, True):
        for count in counts:
            took: dict[str, list[list[float]]] = {name: [] for name in servers}
            for turn in range(rounds):
                for name in sorted(servers, reverse=turn % 2 == 1):
                    seed = 100 * turn + count
                    took[name].append(servers[name].run(count, seconds, several=several, seed=seed))
            what = "several" if several else "one"
            rows += [_row(what, count, name, each, seconds) for name, each in took.items()]
    return rows


def _row(
    photos: str, count: int, server: str, rounds: Sequence[Sequence[float]], seconds: float
) -> Row:
    """What was measured in some rounds of so many seconds, which is printed, too."""
    took = np.array([one for each in rounds for one in each]) * 1000
    rates = [round(len(each) / seconds, 2) for each in rounds]
    p50, p99 = (round(float(number), 1) for number in np.percentile(took, (50, 99)))
    row = Row(photos, count, server, round(float(np.mean(rates)), 2), p50, p99, rates)
    print(
        f"{photos:>7} photo(s) {count:>3} clients, passes {server:<9} "
        f"{row.requests_per_s:7.2f} requests/s, p50 {p50:7.0f} ms, p99 {p99:7.0f} ms",
        flush=True,
    )
    return row


def ratios(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Rates with passes together over those with passes for each, by photos and clients."""
    found = {}
    by_kind = {(row.photos, row.clients, row.server): row for row in rows}
    for (photos, count, server), row in by_kind.items():
        if server != TOGETHER:
            continue
        other = by_kind[photos, count, EACH]
        each = [a / b for a, b in zip(row.rates, other.rates, strict=True)]
        found[f"{photos}, {count}"] = {
            "ratio": round(row.requests_per_s / other.requests_per_s, 2),
            "range": [round(min(each), 2), round(max(each), 2)],
        }
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+", type=Path, help="the first is asked about alone, too")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=4, help="turns of each server")
    options = parser.parse_args()
    with ExitStack() as stack:
        servers = {
            name: Clients(stack.enter_context(running(options.model, most)), options.photos)
            for name, most in PASS_REGIONS.items()
        }
        for clients in servers.values():  # warm
            clients.run(2, 1.0, several=True, seed=-1)
        rows = measure(servers, options.clients, options.seconds, options.rounds)
    print(json.dumps({"rows": [asdict(row) for row in rows], "ratio": ratios(rows)}))


if __name__ == "__main__":
    main()
