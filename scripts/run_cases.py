"""Runs inputs from the field that once went wrong, and compares what happens with what is right.

    python scripts/run_cases.py ../shared/cases [--only 04 12] [--show]

Each folder of cases has a ``run.sh``, which runs in a copy of the folder with this environment's
commands. What is right stands in ``tests/cases/FOLDER.yaml``:

    says: [...]           regular expressions that its output (stdout and stderr) has, by line
    never: [...]          ones that it has not; a traceback is always one of them
    numbers: {...: [a, b]}  expressions with one group; each number found lies in [a, b]
    files: [...]          patterns of files that are there afterwards
    no_files: [...]       patterns of files that are not
    waits: true           it still runs when its time is up, and is then ended

A case without such a file is wrong. A line a case is printed, then one of JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seagull.files.config import read_yaml

ROOT = Path(__file__).resolve().parents[1]
EXPECTED = ROOT / "tests" / "cases"
SECONDS = 120.0
FIELDS = frozenset({"says", "never", "numbers", "files", "no_files", "waits"})
TRACEBACK = r"^Traceback \(most recent call last\)"


@dataclass(frozen=True)
class Outcome:
    """What a case did: its output, the files below its folder then, its time, whether it ended."""

    output: str
    files: frozenset[str]
    seconds: float
    ended: bool


def main() -> None:
    """Prints a line a case and one of JSON; ends with 1 if a case was not right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="holds the cases")
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of their names")
    parser.add_argument("--show", action="store_true", help="print the output of right ones, too")
    parser.add_argument("--limit", type=float, default=SECONDS, help="seconds for each case")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"skipped: there is no folder {options.folder} with cases")
        return
    cases = [path.parent for path in sorted(options.folder.glob("*/run.sh"))]
    chosen = [case for case in cases if not options.only or case.name.startswith((*options.only,))]
    wrong, seconds = dict[str, list[str]](), dict[str, float]()
    for case in chosen:
        outcome = run_case(case, options.limit)
        seconds[case.name] = round(outcome.seconds, 1)
        if faults := list(faults_of(outcome, expectation(case.name))):
            wrong[case.name] = faults
        print(f"{'WRONG' if faults else 'right'} {outcome.seconds:6.1f} s  {case.name}", flush=True)
        for line in [*faults, *(outcome.output.splitlines() if options.show or faults else [])]:
            print(f"        {line}", flush=True)
    right = len(chosen) - len(wrong)
    print(json.dumps({"cases": len(chosen), "right": right, "wrong": wrong, "seconds": seconds}))
    sys.exit(1 if wrong else 0)


def run_case(case: Path, limit: float) -> Outcome:
    """Runs a case in a copy of its folder, which is thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="seagull-case-") as scratch:
        copy = Path(scratch) / case.name
        shutil.copytree(case, copy)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        start = time.monotonic()
        with (Path(scratch) / "output").open("w+b") as out:  # a pipe would wait for who holds it
            process = subprocess.Popen(
                ["bash", str(copy / "run.sh")], stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, env=_environment(), start_new_session=True,
            )  # fmt: skip
            ended = _wait(process, limit)
            seconds = time.monotonic() - start
            out.seek(0)
            output = out.read().decode(errors="backslashreplace")
        files = frozenset(path.relative_to(copy).as_posix() for path in copy.rglob("*"))
        return Outcome(output, files, seconds, ended)


def _environment() -> dict[str, str]:
    """This environment's commands, with the packages of this checkout."""
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": commands, "PYTHONPATH": str(ROOT)}


def _wait(process: subprocess.Popen[bytes], limit: float) -> bool:
    """Whether a process ended in time; it and those that it started are ended, if not."""
    try:
        process.wait(limit)
    except subprocess.TimeoutExpired:
        # Asked first: launchers end the processes that they started elsewhere.
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, how)
                process.wait(10)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
            time.sleep(2)
        return False
    return True


def expectation(name: str) -> Mapping[str, Any]:
    """What is right for a case; empty if nobody has said.

    Raises:
        ValueError: if its file has an unknown key.
    """
    file = EXPECTED / f"{name}.yaml"
    expected = read_yaml(file) if file.is_file() else {}
    if unknown := expected.keys() - FIELDS:
        raise ValueError(f"{file}: unknown {sorted(unknown)}; known are {sorted(FIELDS)}")
    return dict(expected)


def faults_of(outcome: Outcome, expected: Mapping[str, Any]) -> Iterator[str]:
    """What is not as it should be, a line each."""
    if not expected:
        yield "nobody has said what is right (tests/cases)"
    if outcome.ended and expected.get("waits"):
        yield "it should have gone on until its time was up"
    if not outcome.ended and not expected.get("waits"):
        load = f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors"
        yield f"late: ended after {outcome.seconds:.0f} s ({load})"
    for pattern in expected.get("says", ()):
        if not re.search(pattern, outcome.output, re.MULTILINE):
            yield f"missing: {pattern}"
    for pattern in (*expected.get("never", ()), TRACEBACK):
        if found := re.search(pattern, outcome.output, re.MULTILINE):
            yield f"not to be said: {found[0]}"
    yield from _number_faults(outcome.output, expected.get("numbers", {}))
    yield from _file_faults(outcome.files, expected)


def _file_faults(files: frozenset[str], expected: Mapping[str, Any]) -> Iterator[str]:
    for pattern in expected.get("files", ()):
        if not any(Path(name).match(pattern) for name in files):
            yield f"no such file: {pattern}"
    for pattern in expected.get("no_files", ()):
        yield from (f"left behind: {name}" for name in sorted(files) if Path(name).match(pattern))


def _number_faults(output: str, ranges: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    for pattern, (lowest, highest) in ranges.items():
        found = re.findall(pattern, output, re.MULTILINE)
        if not found:
            yield f"missing: {pattern}"
        for number in found:
            if not lowest <= float(number) <= highest:
                yield f"{number} is not in [{lowest}, {highest}]: {pattern}"


if __name__ == "__main__":
    main()
