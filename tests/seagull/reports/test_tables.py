"""CSV and the terminal's table."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np
from rich.console import Console

from seagull.reports.csv import HEADER, CsvReports
from seagull.reports.table import report_table
from seagull.reports.text import printable
from seagull.types import RegionAssessment

ONES = np.ones((4, 6), bool)


def rows_of(*reports):
    out = io.StringIO()
    writer = CsvReports(out)
    for report in reports:
        writer.add(report)
    return list(csv.DictReader(io.StringIO(out.getvalue())))


def shown(report, width=100):
    console = Console(file=io.StringIO(), width=width)
    console.print(report_table(report))
    return console.file.getvalue()


def test_one_row_a_region_under_a_header_that_is_written_once(make_report):
    rows = rows_of(make_report([ONES, ONES], [0, 4]), make_report([ONES]))
    assert [row["quality_level"] for row in rows] == ["bad", "excellent", "fair"]
    assert rows[1]["quality_score"] == "1.000000"
    assert rows[0]["distortions"] == "noise:serious"
    assert rows[0]["p_blur"] == "0.250000"
    assert tuple(rows[0]) == HEADER


def test_not_asked_is_empty_and_clean_is_a_word(make_report):
    report = make_report([ONES])
    region = report.regions[0].region
    (unasked,) = rows_of(replace(report, regions=(RegionAssessment(region),)))
    assert unasked["quality_score"] == unasked["distortions"] == unasked["p_noise"] == ""
    (clean,) = rows_of(replace(report, regions=(RegionAssessment(region, distortions=()),)))
    assert clean["distortions"] == "clean"


def test_a_spread_that_the_model_does_not_know_is_not_shown_as_if_it_did(make_report):
    report = make_report([ONES], [0])
    assert "bad 0.00 ±0.00" in shown(report)
    fixed = replace(report, model=replace(report.model, fixed_std=0.1))
    assert "spread not known, fixed at 0.1" in shown(fixed)
    assert "±" not in shown(fixed)
    (row,) = rows_of(fixed)
    assert (row["quality_score"], row["quality_std"], row["importance_std"]) == ("0.000000", "", "")


def test_the_table_holds_every_region_and_fits_the_width(make_report):
    text = shown(make_report([ONES, ONES], [0, 4], trained=False), width=80)
    assert "bad 0.00" in text
    assert "excellent 1.00" in text
    assert "serious noise 90%" in " ".join(text.split())
    assert "untrained" in text
    assert max(map(len, text.splitlines())) <= 80


def test_names_cannot_drive_the_terminal_or_the_markup(make_report):
    report = make_report([ONES])
    image = replace(report.image, path="[red]x\x1b]0;title\x07.jpg")
    text = shown(replace(report, image=image))
    assert "\x1b" not in text
    assert "[red]x" in text


def test_printable_keeps_what_people_write():
    assert printable("Möwe 海鷗.jpg") == "Möwe 海鷗.jpg"
    assert printable("a\nb") == r"a\nb"
