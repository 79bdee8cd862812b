"""The command ``seagull serve`` in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-P", "-c", "from seagull.cli import main; main()", "serve"]
PORT = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")


@contextmanager
def started(
    model: Path, *options: str, port: int = 0
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process, and the port it listens on.

    Args:
        model: folder of the model.
        options: further ones of the command.
        port: 0 takes a free one.
    """
    root = Path(__file__).resolve().parents[3]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    words = ["--model", str(model), "--port", str(port), "--segmenter", "classical", *options]
    process = subprocess.Popen(
        [*COMMAND, *words], stderr=subprocess.PIPE, text=True, env=environment, cwd=model
    )
    try:
        assert process.stderr is not None
        lines: list[str] = []
        for line in process.stderr:
            lines.append(line)
            if match := PORT.search(line):
                break
        else:
            pytest.fail("".join(lines))
        # Somebody has to read on, or the server waits for its log to be read.
        threading.Thread(target=lambda: list(process.stderr), daemon=True).start()
        yield process, int(match[1])
    finally:
        process.kill()
        process.wait(20)
