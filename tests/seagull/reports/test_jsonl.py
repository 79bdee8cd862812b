"""The growing file of reports: found again, mended, never spoilt."""

from __future__ import annotations

import codecs
import json
import logging
import threading

import numpy as np
import pytest

from seagull.files.appending import LineFile
from seagull.reports.json import report_to_json
from seagull.reports.jsonl import PhotoFile, ReportLog
from seagull.reports.schema import check_report

FILES = [PhotoFile(f"{number}.jpg", 100 + number, 5) for number in range(3)]


@pytest.fixture
def report(make_report):
    return make_report([np.ones((4, 6), bool)])


@pytest.fixture
def written(tmp_path, report):
    path = tmp_path / "out.jsonl"
    with ReportLog(path) as log:
        for file in FILES:
            image = type(report.image)(file.path, 6, 4, "0" * 64)
            log.add(type(report)(image, report.model, None, report.regions), file, "s")
    return path


def test_lines_are_reports_and_are_found_again(written):
    for line in written.read_text().splitlines():
        check_report(json.loads(line))
    with ReportLog(written) as log:
        found = log.find(FILES[1], "s")
        assert found is not None
        assert found.image.path == "1.jpg"
        assert log.find(FILES[1], "other settings") is None
        assert log.find(PhotoFile("1.jpg", 101, 6), "s") is None


def test_a_file_that_an_editor_marked_is_gone_on_with(written, report):
    written.write_bytes(codecs.BOM_UTF8 + written.read_bytes())
    with ReportLog(written) as log:
        assert (found := log.find(FILES[0], "s")) is not None
        assert found.image.path == "0.jpg"
        log.add(report, FILES[2], "t")
    with ReportLog(written) as log:
        assert len(log) == 4


def test_wherever_a_run_was_cut_the_rest_is_kept_and_goes_on(written, report, caplog):
    whole = written.read_bytes()
    lines = whole.splitlines(keepends=True)
    start = len(lines[0]) + len(lines[1])
    for cut in {1, 5, 30, 60, len(lines[2]) // 2, len(lines[2]) - 2}:
        written.write_bytes(whole[: start + cut])
        with caplog.at_level(logging.WARNING), ReportLog(written) as log:
            assert len(log) == 2
            log.add(report, FILES[2], "s")
        assert "half line" in caplog.text
        assert written.read_bytes().startswith(lines[0] + lines[1])
        with ReportLog(written) as log:
            assert len(log) == 3


def test_a_last_line_without_its_newline_is_whole(written, report):
    written.write_bytes(written.read_bytes()[:-1])
    with ReportLog(written) as log:
        assert len(log) == 3
        log.add(report, FILES[0], "t")
    assert len(written.read_text().splitlines()) == 4


def test_lines_of_two_writers_are_all_kept(written, report):
    with ReportLog(written) as one, ReportLog(written) as other:
        for number in range(5):
            one.add(report, PhotoFile(f"one{number}", 1, 1), "s")
            other.add(report, PhotoFile(f"other{number}", 1, 1), "s")
        assert one.find(PhotoFile("one3", 1, 1), "s").image == report.image
        assert other.find(PhotoFile("other0", 1, 1), "s").image == report.image
    lines = written.read_text().splitlines()
    assert len(lines) == 13
    for line in lines:
        check_report(json.loads(line))


def test_half_a_line_that_another_writer_left_does_not_spoil_the_next(written, report):
    with ReportLog(written) as log:
        with written.open("ab") as other:
            other.write(written.read_bytes()[:70])
        log.add(report, PhotoFile("next", 1, 1), "s")
        assert log.find(PhotoFile("next", 1, 1), "s").image == report.image
    with ReportLog(written) as log:
        assert len(log) == 4


def test_a_writer_waits_for_the_one_that_holds_the_file(tmp_path):
    with LineFile(tmp_path / "f", bool) as one, LineFile(tmp_path / "f", bool) as other:
        thread = threading.Thread(target=other.append, args=(b"second\n",))
        with one.locked():
            thread.start()
            thread.join(0.2)
            assert thread.is_alive()
            assert (tmp_path / "f").read_bytes() == b""
        thread.join()
    assert (tmp_path / "f").read_bytes() == b"second\n"


@pytest.mark.parametrize(
    "text", ["dear diary", '{"a": 1}\n', "[1, 2]", "\x89PNG\r\n\x1a\n", '{"schema": "other/1"'],
)  # fmt: skip
def test_a_file_of_something_else_stays_as_it_is(tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text, encoding="latin-1")
    before = path.read_bytes()
    with pytest.raises(ValueError, match="line 1"):
        ReportLog(path)
    assert path.read_bytes() == before


def test_a_spoilt_line_in_the_middle_is_named_and_nothing_is_cut(written):
    lines = written.read_bytes().splitlines(keepends=True)
    written.write_bytes(lines[0] + lines[1][:50] + b"\n" + lines[2])
    before = written.read_bytes()
    with pytest.raises(ValueError, match="line 2"):
        ReportLog(written)
    assert written.read_bytes() == before


def test_reports_of_other_writers_are_left_in_peace(tmp_path, report):
    path = tmp_path / "out.jsonl"
    path.write_text(report_to_json(report) + "\n")
    with ReportLog(path) as log:
        assert len(log) == 0
        log.add(report, FILES[0], "s")
    assert len(path.read_text().splitlines()) == 2
