"""The small commands, and what the command line as a whole promises."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from safetensors import SafetensorError

from seagull import __version__
from seagull.cli import build_app, progress

REPOSITORY = Path(__file__).parents[3]
HEAVY = ("torch", "transformers", "cv2", "numpy", "PIL", "skimage", "timm", "scipy")


def test_models_says_what_is_here(cli):
    out = cli("models").out
    assert "seagull-7b" in out
    assert "not here" in out


def test_env_lists_versions_and_the_cache(cli):
    cli.services.cache.mkdir()
    (cli.services.cache / "weights.bin").write_bytes(bytes(2_000_000))
    out = cli("env").out
    assert __version__ in out
    assert "weights.bin (2 MB)" in out
    assert "cpu" in out


def test_download_prints_where_the_file_is(cli):
    done = cli("download", "sam-vit-b")
    assert done.out.strip() == str(cli.services.cache / "sam-vit-b")
    assert "sam-vit-b" in cli("download").out


def test_an_unknown_download_names_the_nearest(cli):
    done = cli("download", "sam-vit-x")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "sam-vit-b" in done.err


def test_convert_checks_its_paths_before_it_starts(cli, tmp_path):
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").touch()
    new = tmp_path / "new"
    for words in ([tmp_path / "no", new], [full, full], [full, new, "--vision", tmp_path / "no"]):
        done = cli("convert", *words)
        assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert cli.services.converted == []
    assert cli("convert", full, new).code == 0
    assert cli.services.converted == [(full, new, None)]


def test_version(cli):
    assert cli("--version").out.strip() == f"seagull {__version__}"


@pytest.mark.parametrize("command", ["assess", "chat", "download", "convert", "models", "env"])
def test_every_command_has_help(cli, command):
    assert "Usage" in cli(command, "--help").out


@pytest.mark.parametrize(
    "words", [["nosuch"], ["--nosuch"], ["assess"], ["chat"], ["assess", "-z"]]
)
def test_wrong_usage_is_one_line_and_exit_2(cli, words):
    done = cli(*words)
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from seagull.cli import build_app\n"
        "try: build_app()(['--help'])\n"
        "except SystemExit: pass\n"
        f"print('heavy:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "heavy: []"


def test_debug_anywhere_on_the_line_adds_the_traceback(cli, photo):
    cli.services.assessor.fail_on = "photo"
    done = cli("assess", photo, "--debug")
    assert done.code == 1
    assert "Traceback" in done.err
    assert done.err.splitlines()[-1] == "seagull: unexpected RuntimeError: broken inside"


# A shell's background jobs ignore Ctrl-C, and their children would.
STUBBORN = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import seagull.cli.app as app
from seagull.cli.services import Services
class Slow(Services):
    def downloads(self):
        {body}
app.build_app(Slow())(["download"])
"""


def _start(body: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", STUBBORN.format(body=body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_is_exit_130_without_a_traceback():
    running = _start("print('started', flush=True); time.sleep(30)")
    assert running.stdout is not None
    running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_goes_away_is_no_error_message():
    running = _start("return {str(i): 'x' * 1000 for i in range(5000)}")
    assert running.stdout is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr is not None
    err = running.stderr.read()
    assert (running.wait(timeout=20), err) == (141, "")


def test_the_bar_leaves_stdout_alone(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", -1.0)
    with progress.LateBar("Assessing", 2) as bar:
        bar.at(1)
        sys.stdout.write("{}\n")
        bar.at(2)
    out, err = capsys.readouterr()
    assert out == "{}\n"
    assert "Assessing" in err


def test_every_option_in_the_docs_exists():
    options = set(re.findall(r"--[a-z][a-z-]+", (REPOSITORY / "docs" / "usage.md").read_text()))
    root = typer.main.get_command(build_app())
    commands = [root, *root.commands.values()]
    known = {name for command in commands for option in command.params for name in option.opts}
    assert options - {"--help"} <= known
    assert len(options) > 20


def test_a_missing_shard_is_named(cli, tmp_path):
    reference = tmp_path / "released"
    reference.mkdir()
    for number in (1, 4):
        (reference / f"pytorch_model-{number:05d}-of-00004.bin").touch()
    done = cli("convert", reference, tmp_path / "out")
    assert (done.code, cli.services.converted) == (2, [])
    assert "2 of its weight files are missing (pytorch_model-00002-of-00004.bin ...)" in done.err
    for number in (2, 3):
        (reference / f"pytorch_model-{number:05d}-of-00004.bin").touch()
    assert cli("convert", reference, tmp_path / "out").code == 0


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "run/log.jsonl"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        SafetensorError("I/O error: No space left on device (os error 28)"),
        RuntimeError(
            "[enforce fail at inline_container.cc:664] . PytorchStreamWriter failed\nmore"
        ),
    ],
)
def test_a_full_disk_is_one_line_whoever_writes(cli, monkeypatch, error):
    # Raised, not provoked: safetensors replaces the file it writes to, even a device.
    def full() -> None:
        raise error

    monkeypatch.setattr(cli.services, "models", full)
    done = cli("models")
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert "make room" in done.err
