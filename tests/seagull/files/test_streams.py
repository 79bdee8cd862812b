"""Streams as programs find them: closed, full, of few letters, without a reader."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seagull.files.streams import (
    is_stream,
    leads_to_stdout,
    open_output,
    prepare_streams,
    write_json,
)

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = {
    "seagull": "from seagull.cli import main; main()",
    "seagull-data": "from data_tools.cli import main; main()",
}


def shell(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A line of bash that has both commands as functions."""
    functions = "".join(
        f"{name}() {{ '{sys.executable}' -c '{code}' \"$@\"; }}\n"
        for name, code in COMMANDS.items()
    )
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail\n{functions}{line}"], capture_output=True, check=False,
        timeout=60, cwd=ROOT, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    "line", ["seagull download", "seagull --help", "seagull --version", "seagull assess --help",
             "seagull-data --help", "seagull-data plan --help"],
)  # fmt: skip
def test_a_reader_that_goes_away_is_141(line):
    done = shell(f"{line} | true")
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("line", ["seagull download", "seagull-data --help"])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_hinder_nothing(line, closed):
    done = shell(f"{line} {closed}")
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize(("line", "code"), [("seagull download", 2), ("seagull-data --help", 1)])
def test_a_full_disk_is_one_line(line, code):
    done = shell(f"{line} > /dev/full")
    assert (done.returncode, done.stderr.count(b"\n")) == (code, 1), done.stderr
    assert b"No space left on device" in done.stderr


def test_the_last_words_find_no_reader_either():
    assert shell("seagull nosuch 2>&1 | true").returncode == 2


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1", "utf-8:strict"])
def test_a_terminal_of_few_letters_gets_plain_ones(encoding):
    code = "from seagull.files.streams import prepare_streams; prepare_streams(); "
    code += "print('■ 0.72 ±0.18 → Größe\\udce9 ━')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    letters = done.stdout.decode(encoding.split(":")[0]).strip()
    assert (
        letters
        == {
            "ascii:strict": "# 0.72 +-0.18 -> Gr\\xf6\\xdfe\\udce9 -",
            "latin-1": "# 0.72 ±0.18 -> Größe\\udce9 -",
            "utf-8:strict": "■ 0.72 ±0.18 → Größe\\udce9 ━",
        }[encoding]
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_means_the_same_in_every_encoding(encoding):
    bytes_ = io.BytesIO()
    out = io.TextIOWrapper(bytes_, encoding=encoding, errors="strict", write_through=True)
    write_json('{"a": "Größe ± 😀"}', out)
    assert json.loads(bytes_.getvalue().decode(encoding)) == {"a": "Größe ± 😀"}


def test_bytes_on_stdin_that_are_no_text_end_nothing(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9?\n"), "utf-8"))
    prepare_streams()
    assert sys.stdin.readline() == "caf\N{REPLACEMENT CHARACTER}?\n"


def test_what_flows_on_is_told_from_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    flows = [tmp_path / "pipe", Path("-"), Path("/dev/stdout"), Path("/dev/null")]
    assert all(map(is_stream, flows))
    assert not any(map(is_stream, [tmp_path / "file", tmp_path / "new", tmp_path]))
    assert [leads_to_stdout(path) for path in flows] == [False, True, True, False]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_an_output_without_room_is_named():
    with pytest.raises(OSError, match="/dev/full"), open_output(Path("/dev/full")) as out:
        out.write("x" * 100_000)
