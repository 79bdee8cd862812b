"""What is taken along: every file is opened and every program run."""

from __future__ import annotations

import importlib.util
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


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not here")
def test_the_curl_program_makes_the_same_report(with_regions, tmp_path):
    shutil.copy(PHOTO, tmp_path / "coffee.jpg")
    script = copied(with_regions, "curl")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    there = with_regions.report(tmp_path)
    here = json.loads(done.stdout)
    assert [one["id"] for one in here["regions"]] == [one["id"] for one in there["regions"]]
    assert [one["quality"] for one in here["regions"]] == [
        one["quality"] for one in there["regions"]
    ]


@pytest.mark.skipif(
    importlib.util.find_spec("seagull.client") is None, reason="there is no client package yet"
)
def test_the_python_program_makes_the_same_report(with_regions, tmp_path):
    shutil.copy(PHOTO, tmp_path / "coffee.jpg")
    script = copied(with_regions, "python")
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path, capture_output=True, check=True, timeout=120, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    there = with_regions.report(tmp_path)
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == [one["id"] for one in there["regions"]]


def test_a_question_in_the_chat_can_be_asked_by_curl(with_regions, tmp_path):
    shutil.copy(PHOTO, tmp_path / "coffee.jpg")
    with_regions.page.click("#tab-chat")
    with_regions.page.fill("#question", "Isn't it @2?")
    with_regions.page.press("#question", "Enter")
    with_regions.page.locator(".turn[data-state=done]").wait_for()
    script = copied(with_regions, "curl")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    said = json.loads(done.stdout)["choices"][0]["message"]["content"]
    assert said == with_regions.page.locator(".answer").text_content()
