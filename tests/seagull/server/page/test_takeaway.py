"""What is taken along: every file is opened and every program run."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from seagull.reports.csv import CsvReports
from seagull.reports.json import report_from_json

ROOT = Path(__file__).parents[4]
PHOTO = ROOT / "seagull/server/page/examples/coffee.jpg"


@pytest.fixture
def with_regions(at_work):
    """Two regions are taken, a box and one by a click."""
    at_work.drag(40, 50, 240, 190)
    at_work.click(400, 300)
    at_work.rest()
    return at_work


def copied(person, kind):
    person.page.click("#tab-takeaway")
    person.page.click(f"[data-snippet={kind}]")
    person.page.locator("#said", has_text="Copied.").wait_for()
    return person.page.evaluate("navigator.clipboard.readText()")


def test_json_and_csv_are_those_of_the_command_line(with_regions, tmp_path):
    path = with_regions.file("json", tmp_path)
    assert path.name == "coffee.json"
    report = report_from_json(path.read_text("utf-8"))
    assert sorted(one.region.id for one in report.regions) == ["1", "2", "photo"]
    assert report.image.path == "coffee.jpg"
    text = io.StringIO()
    CsvReports(text).add(report)
    assert with_regions.file("csv", tmp_path).read_text("utf-8") == text.getvalue()


def test_pictures_are_png_files_with_the_photo_s_shape(with_regions, tmp_path):
    for kind in ("overlay", "heatmap"):
        path = with_regions.file(kind, tmp_path)
        assert path.name == f"coffee-{kind}.png"
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert picture.width >= 600


def test_the_html_report_stands_alone(with_regions, browser, tmp_path):
    with_regions.page.locator("tr[data-name='1'] button.name").dblclick()
    with_regions.page.keyboard.type("corner")
    with_regions.page.keyboard.press("Enter")
    path = with_regions.file("html", tmp_path)
    text = path.read_text("utf-8")
    assert "<script" not in text
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}
    assert page.locator("tbody th").all_inner_texts() == ["photo", "corner", "2"]
    assert page.locator("tbody tr").first.locator("td").nth(1).inner_text() == "\u2013"
    widths = page.eval_on_selector_all("img", "all => all.map((one) => one.naturalWidth)")
    assert len(widths) == 2
    assert min(widths) >= 600
    page.close()


def test_what_people_wrote_is_text_in_the_html_report(person):
    made = person.page.evaluate(
        """async () => {
          const { htmlReport } = await import("./page/scripts/report.js");
          const image = { path: "<img src=x onerror=alert(1)>", width: 1, height: 1, sha256: "0" };
          const model = { name: "m", revision: "1", trained: true };
          return htmlReport({ image, model, segmenter: null, regions: [] }, { overlay: "data:," });
        }"""
    )
    assert "<img src=x" not in made


def run(folder, *command):
    """What a program writes that runs beside the photo."""
    shutil.copy(PHOTO, folder / "coffee.jpg")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(folder, script):
    if shutil.which("curl") is None:
        pytest.skip("curl is not here")
    return json.loads(run(folder, "bash", "-euo", "pipefail", "-c", script))


def test_the_curl_program_makes_the_same_report(with_regions, tmp_path):
    here = shell(tmp_path, copied(with_regions, "curl"))["regions"]
    there = with_regions.report(tmp_path)["regions"]
    assert [one["id"] for one in here] == [one["id"] for one in there]
    assert [one["quality"] for one in here] == [one["quality"] for one in there]


def test_the_python_program_makes_the_same_report(with_regions, tmp_path):
    said = run(tmp_path, sys.executable, "-c", copied(with_regions, "python"))
    there = with_regions.report(tmp_path)["regions"]
    assert [line.split()[:2] for line in said.splitlines()] == [
        [one["id"], one["quality"]["level"]] for one in there
    ]


def test_a_comparison_can_be_made_by_programs(with_regions, tmp_path):
    page = with_regions.page
    with Image.open(PHOTO) as photo:
        photo.point(lambda value: value // 3).save(tmp_path / "it's dark, now.png")
    page.click("#tab-versus")
    page.set_input_files("#versus-file", tmp_path / "it's dark, now.png")
    page.locator("#versus-result").wait_for()
    headline = page.locator("#versus-headline").text_content()
    told = shell(tmp_path, copied(with_regions, "curl"))
    assert told["headline"] == headline
    assert [one["id"] for one in told["regions"]] == ["1", "2"]
    said = run(tmp_path, sys.executable, "-c", copied(with_regions, "python"))
    for line, one in zip(said.splitlines(), told["regions"], strict=True):
        assert line.startswith(f"{one['id']} {one['change']['verdict']} ")
    # Without the other version, the report is what was done last.
    page.click("#tab-versus")
    page.click("#versus-close")
    assert "the report" in page.locator("#snippet-about").text_content()


def test_a_question_in_the_chat_can_be_asked_by_programs(with_regions, tmp_path):
    page = with_regions.page
    page.click("#tab-chat")
    page.fill("#question", "Isn't it @2?")
    page.press("#question", "Enter")
    page.locator(".turn[data-state=done]").wait_for()
    answer = page.locator(".answer").text_content()
    told = shell(tmp_path, copied(with_regions, "curl"))
    assert told["choices"][0]["message"]["content"] == answer
    assert run(tmp_path, sys.executable, "-c", copied(with_regions, "python")) == answer + "\n"
