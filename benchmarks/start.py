"""How long commands take to start, beside what they would take if they imported a model's parts.

    python -m benchmarks.start PHOTO [--times 3]

Times whole processes, in turns: ``seagull models`` as it is and after the imports that it once
made; ``seagull assess PHOTO`` by a server that runs already and with a model of its own. The last
line is one JSON object with medians in seconds; ``ratio`` is the slower over the quicker.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.serve import running

COMMAND = "from seagull.cli import main; main()"
AS_BEFORE = f"import seagull.inference.load; {COMMAND}"


def seconds(code: str, *words: str) -> float:
    """Of a process that runs a command to its end."""
    start = time.perf_counter()
    command = [sys.executable, "-c", code, *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def compare(
    name: str, times: int, quick: tuple[str, ...], slow: tuple[str, ...]
) -> dict[str, float]:
    """Medians of two commands that take turns, and their ratio."""
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        took[0].append(seconds(*quick))
        took[1].append(seconds(*slow))
    one, other = map(statistics.median, took)
    print(f"{name}: {one:.2f} s, {other:.2f} s, ratio {other / one:.1f}", flush=True)
    return {"quick_s": round(one, 3), "slow_s": round(other, 3), "ratio": round(other / one, 2)}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--model", default="nano")
    options = parser.parse_args()
    assess = ("assess", str(options.photo), "--box", "10,10,90,90", "--json")
    found = {
        "models": compare(
            "seagull models, as it is and with a model's imports", options.times,
            (COMMAND, "models"), (AS_BEFORE, "models"),
        )
    }  # fmt: skip
    with running(options.model, 32) as url:
        found["assess"] = compare(
            "seagull assess, with --server and with its own model", options.times,
            (COMMAND, *assess, "--server", url), (COMMAND, *assess, "--model", options.model),
        )  # fmt: skip
    print(json.dumps(found))


if __name__ == "__main__":
    main()
