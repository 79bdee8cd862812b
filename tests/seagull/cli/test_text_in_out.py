"""Names, questions and outputs that are not plain UTF-8 files."""

from __future__ import annotations

import csv
import json
import os
import threading
from pathlib import Path

import pytest

from seagull.cli.run_info import run_env
from seagull.cli.services import Services
from seagull.files.home import HomeError
from tests.seagull.cli.conftest import save_photo

STRANGE = os.fsdecode(b"f\xe9e.png")
"""A Latin-1 file name."""


@pytest.fixture
def strange(photos: Path) -> Path:
    (photos / "p1.png").rename(photos / STRANGE)
    return photos


def test_a_name_that_is_no_utf_8_stands_in_every_output(cli, strange, tmp_path):
    out = tmp_path / "out.csv", tmp_path / "out.jsonl"
    done = cli("assess", strange, "--csv", out[0], "--jsonl", out[1], "--json")
    assert (done.code, len(json.loads(done.out))) == (0, 3)
    paths = [plain["image"]["path"] for plain in json.loads(done.out)]
    assert str(strange / STRANGE) in paths
    assert [json.loads(line)["image"]["path"] for line in out[1].open()] == paths
    with out[0].open(encoding="utf-8") as rows:
        assert [row["path"] for row in csv.DictReader(rows)] == [
            path.replace("\udce9", "\\udce9") for path in paths
        ]


def test_a_run_goes_on_after_a_photo_of_such_a_name(cli, strange, tmp_path):
    for _ in range(2):
        done = cli("assess", strange, "--jsonl", tmp_path / "out.jsonl")
    assert "3 done before" in done.err
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 3


def test_the_table_and_messages_show_it_escaped(cli, strange):
    (strange / "broken\udcff.png").write_text("none")
    done = cli("assess", strange)
    assert (done.code, "f\\udce9e.png" in done.out) == (2, True)
    assert "broken\\udcff.png" in done.err


def test_pictures_are_drawn_under_it(cli, strange, tmp_path):
    assert cli("assess", strange, "--overlay", tmp_path / "drawn").code == 0
    assert (tmp_path / "drawn" / f"{STRANGE}.overlay.png").exists()


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_lines_go_to_stdout_and_nothing_else_does(cli, photo, name):
    done = cli("assess", photo, "--jsonl", name)
    assert [json.loads(line)["image"]["path"] for line in done.out.splitlines()] == [str(photo)]
    rows = list(csv.DictReader(cli("assess", photo, "--csv", name).out.splitlines()))
    assert [row["path"] for row in rows] == [str(photo)]
    assert not Path("-").exists()


def test_only_one_output_goes_to_stdout(cli, photo):
    for words in (["--json", "--jsonl", "-"], ["--csv", "-", "--jsonl", "/dev/stdout"]):
        done = cli("assess", photo, *words)
        assert (done.code, len(done.err.splitlines()), cli.services.loads) == (2, 1, 0)
        assert "both write to stdout" in done.err


@pytest.mark.parametrize("option", ["--jsonl", "--csv"])
def test_a_pipe_is_written_and_not_read(cli, photos, tmp_path, option):
    pipe, lines = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: lines.extend(pipe.open()), daemon=True)
    reader.start()
    done = cli("assess", photos, option, pipe)
    reader.join(20)
    assert (done.code, len(lines)) == (0, 3 if option == "--jsonl" else 4)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
@pytest.mark.parametrize("option", ["--jsonl", "--csv"])
def test_a_full_disk_is_one_line_that_names_the_file(cli, photo, option):
    done = cli("assess", photo, option, "/dev/full")
    assert (done.code, len(done.err.splitlines())) == (2, 1), done.err
    assert "/dev/full: No space left on device" in done.err


def test_a_chat_without_a_question_says_so(cli, photo):
    for stdin in ("", "\n \n"):
        done = cli("chat", photo, stdin=stdin)
        assert (done.code, len(done.err.splitlines())) == (2, 1)
        assert "--ask" in done.err


def test_a_mark_in_front_of_piped_questions_is_none_of_the_first(cli, photo):
    assert cli("chat", photo, stdin="\ufeff/regions\n").code == 0


def test_run_lengths_are_read_after_a_mark(cli, photo, tmp_path):
    file = tmp_path / "rle.json"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        file.write_text('{"size":[40,60],"counts":[0,2400]}', encoding=encoding)
        assert cli("assess", photo, "--rle", file).code == 0
    file.write_bytes(b'"\xe9"')
    assert "save it as UTF-8" in cli("assess", photo, "--rle", file).err


@pytest.mark.parametrize("words", [["env"], ["models"], ["assess", "a.png"], ["train", "c.yaml"]])
def test_without_a_home_folder_there_is_one_line_about_it(monkeypatch, tmp_path, words, capsys):
    from typer.testing import CliRunner

    from seagull.cli import build_app

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "expanduser", _nobody)
    monkeypatch.chdir(tmp_path)
    save_photo(tmp_path / "a.png", 0)
    (tmp_path / "c.yaml").write_text("data: {train: [{path: r.jsonl}]}\noutput: OUT\n")
    done = CliRunner().invoke(build_app(), words)
    text = " ".join((done.stdout + done.stderr).split())
    assert "set HOME or XDG_CACHE_HOME" in text, text
    if words != ["env"]:
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)


def test_env_shows_all_else_without_a_home_folder(capsys):
    class Homeless(Services):
        def cache_folder(self) -> Path:
            raise HomeError("no home")

    run_env(Homeless())
    out = capsys.readouterr().out
    assert "torch" in out
    assert "no home" in out


def _nobody(path: Path) -> Path:
    if str(path).startswith("~"):
        raise RuntimeError("Could not determine home directory.")
    return path
