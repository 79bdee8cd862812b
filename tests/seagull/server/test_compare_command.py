"""``seagull compare --server``: the output of a local run, without what a model needs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from seagull.cli import build_app
from seagull.server.settings import ServerSettings
from tests.seagull.cli.test_imports import COMMAND, HEAVY, REPORT
from tests.seagull.server.conftest import running
from tests.seagull.server.test_with_client import LocalServices, rounded


@pytest.fixture
def cli(make_assessor):
    """Runs the command and gives code, stdout and stderr."""
    app = build_app(LocalServices(make_assessor()))

    def run(*words: object) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, [str(word) for word in words])
        return done.exit_code, done.stdout, done.stderr

    return run


@pytest.fixture
def folders(picture: bytes, tmp_path: Path) -> tuple[Path, Path]:
    """Two photos before; after: the first one darker, the second one smaller."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    for name in ("a.png", "b.png"):
        (before / name).write_bytes(picture)
    with Image.open(io.BytesIO(picture)) as opened:
        opened.point(lambda value: value // 2).save(after / "a.png")
        opened.resize((100, 75)).save(after / "b.png")
    return before, after


def test_two_photos_give_the_json_and_pictures_of_a_local_run(server, cli, folders, tmp_path):
    words = [
        "compare", *(folder / "a.png" for folder in folders), "--json", "--box", "10,10,90,70",
        "--point", "60,40", "--everything", "--max-regions", 3,
    ]  # fmt: skip
    made = {}
    for name, more in (("here", ()), ("there", ("--server", server.url))):
        picture = tmp_path / f"{name}.png"
        code, out, err = cli(*words, "--overlay", picture, *more)
        with Image.open(picture) as drawn:
            made[name] = code, rounded(json.loads(out)), err, drawn.tobytes()
    assert made["here"] == made["there"]
    assert len(made["there"][1]["regions"]) > 2


def test_folders_are_compared_and_gone_on_with_a_photo_that_is_resized_too(
    server, cli, folders, tmp_path
):
    texts = []
    for name, more in (("here", ()), ("there", ("--server", server.url))):
        out, page = tmp_path / f"{name}.jsonl", tmp_path / f"{name}.md"
        words = ["compare", *folders, "--resize", "before", "--jsonl", out, "--markdown", page]
        code, _, err = cli(*words, *more)
        assert (code, "2 pairs: 2 compared" in err) == (0, True)
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        texts.append((page.read_text(), rounded([one["regions"] for one in lines])))
        assert [one["resized"] is None for one in lines] == [True, False]
        before = out.read_bytes()
        assert "2 done before" in cli(*words, *more)[2]
        assert out.read_bytes() == before
    assert texts[0] == texts[1]


def test_a_server_that_is_gone_ends_the_run_at_once(make_assessor, cli, folders):
    with running(make_assessor(), ServerSettings(port=0)) as server:
        url = server.url
    code, out, err = cli("compare", *folders, "--server", url)
    assert (code, out) == (2, "")
    assert "cannot be reached; is a server running there" in err
    assert len(err.splitlines()) == 1


def test_options_that_are_the_servers_choice_are_refused(cli, folders):
    code, _, err = cli("compare", *folders, "--dtype", "fp32", "--server", "http://127.0.0.1:1")
    assert code == 2
    assert "--dtype is the server's own choice" in err


def test_nothing_that_a_model_needs_is_imported(server, folders, tmp_path):
    words = [
        "compare", *folders, "--resize", "after", "--everything", "--json", "--html",
        tmp_path / "report.html", "--overlay", tmp_path / "drawn", "--junit", tmp_path / "out.xml",
        "--fail-mean-below", "-1", "--server", server.url,
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", COMMAND + REPORT, *map(str, words)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(json.loads(done.stdout)) == 2
    assert (tmp_path / "report.html").exists()
    assert not HEAVY & set(json.loads(done.stderr.splitlines()[-1]))
