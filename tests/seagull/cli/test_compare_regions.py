"""``seagull compare``: which regions are compared, and what is said where it is the whole photo."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.seagull.cli.conftest import darken

NOTE = "local damage may not show"


@pytest.fixture
def flat(tmp_path):
    """A photo in which no segmenter finds a region, and the same one darker."""
    paths = []
    for name, level in (("flat.png", 200), ("dark.png", 90)):
        paths.append(tmp_path / name)
        Image.fromarray(np.full((40, 60, 3), level, np.uint8)).save(paths[-1])
    return paths


def sources(done) -> set[str]:
    made = json.loads(done.out)
    pairs = made if isinstance(made, list) else [made]
    return {one["source"] for pair in pairs for one in pair["regions"]}


def test_without_a_region_option_the_regions_that_are_found_are_compared(cli, photo, tmp_path):
    after = darken(photo, tmp_path / "after.png", (0, 0, 12, 40))
    done = cli("compare", photo, after, "--json")
    assert sources(done) == {"everything"}
    found = json.loads(done.out)["regions"]
    assert {one["change"]["verdict"].split()[-1] for one in found} >= {"worse", "same"}
    assert sources(cli("compare", photo, after, "--json", "--whole")) == {"whole"}


def test_folders_without_a_region_option_are_compared_by_the_regions_that_are_found(cli, folders):
    assert sources(cli("compare", *folders, "--json", "--max-regions", 3)) == {"everything"}


@pytest.mark.parametrize("words", [(), ("--everything",)])
def test_a_photo_in_which_no_region_is_found_is_compared_as_a_whole(cli, flat, words):
    done = cli("compare", *flat, *words, "--json")
    assert done.code == 0
    assert sources(done) == {"whole"}


def test_it_is_said_where_only_the_whole_photo_was_compared(cli, photo, flat, tmp_path):
    page, two = tmp_path / "page.html", (photo, photo)
    for words, said in (
        ((*two, "--whole"), True), (flat, True), ((*two, "--box", "0,0,9,9"), False), (two, False),
    ):  # fmt: skip
        done = cli("compare", *words, "--html", page)
        assert (NOTE in done.out.splitlines()[1], NOTE in page.read_text()) == (said, said)


def test_a_summary_says_of_how_many_photos_only_the_whole_was_compared(cli, folders, tmp_path):
    flat = Image.fromarray(np.full((40, 60, 3), 128, np.uint8))
    for folder in folders:
        flat.save(folder / "flat.png")
    files = {ending: tmp_path / f"summary.{ending}" for ending in ("md", "html")}
    words = ("compare", *folders, "--jsonl", tmp_path / "o.jsonl", "--markdown", files["md"],
             "--html", files["html"])  # fmt: skip
    done = cli(*words)
    for text in (done.out, *(file.read_text() for file in files.values())):
        assert "Of 1 of 4 photos" in text
        assert NOTE in text
    done = cli(*words, "--box", "0,0,9,9")
    for text in (done.out, *(file.read_text() for file in files.values())):
        assert NOTE not in text
