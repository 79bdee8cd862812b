"""Runs inputs from the field that once went wrong, and compares what is said with what is right.

    python scripts/run_cases.py ../shared/cases

Each folder has a `run.sh`, which runs in a copy of the folder with this environment's commands.
What it has to say, and must not say, stands in tests/cases/FOLDER.yaml: regular expressions `says`
and `never`, over stdout and stderr together. A case without expectations is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

EXPECTED = Path(__file__).parents[1] / "tests" / "cases"
SECONDS = 120
TRACEBACK = r"^Traceback \(most recent call last\)"
"""No case may show one."""


def main() -> None:
    """Prints a line a case and ends with 1 if any failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="holds the cases")
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of their names")
    parser.add_argument("--show", action="store_true", help="print all that they say")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"skipped: there is no folder {options.folder} with cases")
        return
    cases = [path.parent for path in sorted(options.folder.glob("*/run.sh"))]
    chosen = [case for case in cases if not options.only or case.name.startswith((*options.only,))]
    failed = 0
    for case in chosen:
        said = run_case(case)
        faults = faults_of(said, _expectation(case.name))
        failed += bool(faults)
        print(f"{'FAILED' if faults else 'ok    '} {case.name}", flush=True)
        for line in [*faults, *(said.splitlines() if options.show or faults else [])]:
            print(f"       {line}")
    print(f"{len(chosen) - failed} of {len(chosen)} cases are right")
    sys.exit(1 if failed else 0)


def run_case(case: Path) -> str:
    """All that a case says, run in a copy of its folder; what it leaves there is thrown away."""
    with tempfile.TemporaryDirectory(prefix="seagull-case-") as scratch:
        copy = Path(scratch) / case.name
        shutil.copytree(case, copy)
        for path in [copy, *copy.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        bin_folder = Path(sys.executable).parent
        environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}
        process = subprocess.Popen(
            ["bash", str(copy / "run.sh")],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            said, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            said, _ = process.communicate()
            said += f"\n(ended after {SECONDS} s)\n".encode()
    return said.decode(errors="backslashreplace")


def _expectation(name: str) -> dict[str, Any]:
    file = EXPECTED / f"{name}.yaml"
    found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found if isinstance(found, dict) else {}


def faults_of(said: str, expected: dict[str, Sequence[str]]) -> list[str]:
    """What is missing from what a case says, and what should not be there."""
    if not expected.get("says"):
        return ["there is no expectation of it"]
    missing = [p for p in expected["says"] if not re.search(p, said, re.MULTILINE)]
    never = [*expected.get("never", ()), TRACEBACK, r"^\(ended after"]
    wrong = [p for p in never if re.search(p, said, re.MULTILINE)]
    return [f"missing: {p}" for p in missing] + [f"not to be said: {p}" for p in wrong]


if __name__ == "__main__":
    main()
