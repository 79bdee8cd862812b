"""Photos whose names are no UTF-8, through a whole run and out of it."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_tools.cli import app
from data_tools.state import OutputTree
from data_tools.validate import validate
from seagull.records import read_records
from tests.data_tools.tiny_set import make_photos, run_tiny

STRANGE = os.fsdecode(b"f\xe9e.png")


@pytest.mark.parametrize("source", ["everything", "given"])
def test_a_run_makes_everything_of_such_a_photo(tmp_path, source):
    make_photos(tmp_path / "photos", 2)
    (tmp_path / "photos" / "photo1.png").rename(tmp_path / "photos" / STRANGE)
    (tmp_path / "photos" / os.fsdecode(b"bad\xff.png")).write_text("no photo")
    more = ["masks.given=null"] if source == "everything" else []
    run = run_tiny(tmp_path, "out", f"masks.source={source}", *more)
    assert validate(OutputTree(tmp_path / "out"), run.config, deep=False).good
    for words in (["status", str(tmp_path / "out")], ["report", str(tmp_path / "out")]):
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output


def test_opinions_about_such_a_photo_are_written_and_read(tmp_path):
    table = tmp_path / "t.jsonl"
    table.write_text(json.dumps({"image": STRANGE, "mos": 0.5}) + "\n")
    done = CliRunner().invoke(app, ["convert", "opinions", str(table), str(tmp_path / "r.jsonl")])
    assert done.exit_code == 0, done.output
    assert [record.image for record in read_records(tmp_path / "r.jsonl")] == [STRANGE]


def test_records_go_to_stdout_alone(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("image,mos\na.png,0.5\n")
    done = CliRunner().invoke(app, ["convert", "opinions", str(table), "-"])
    (record,) = map(json.loads, done.stdout.splitlines())
    assert (Path.cwd() / record["image"]).resolve() == tmp_path / "a.png"
    assert "1 records" in done.stderr
