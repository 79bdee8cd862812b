"""``seagull compare``: photos and folders, outputs, resume, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from seagull.comparison.json import check_comparison
from tests.seagull.cli.conftest import darken, save_photo


def test_two_photos_give_the_headline_first_and_a_line_a_region(cli, photo, tmp_path):
    after = darken(photo, tmp_path / "after.png", (0, 0, 20, 40))
    done = cli("compare", photo, after, "--box", "dark=0,0,20,40", "--box", "20,0,60,40")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0].startswith(("worse:", "much worse:"))
    assert lines[0].endswith("1 same")
    assert "photo.png -> " in done.out
    assert "no pixel differs" in done.out


def test_json_is_one_valid_comparison(cli, photo, tmp_path):
    after = darken(photo, tmp_path / "after.png")
    done = cli("compare", photo, after, "--whole", "--json")
    plain = json.loads(done.out)
    check_comparison(plain)
    assert plain["regions"][0]["source"] == "whole"
    assert plain["measured"]["applies"] is False
    assert "they are a guess" in done.err


def test_a_photo_with_itself_is_the_same(cli, photo):
    done = cli("compare", photo, photo, "--json", "--everything", "--segmenter", "classical")
    plain = json.loads(done.out)
    assert {one["change"]["verdict"] for one in plain["regions"]} == {"same"}
    assert plain["change"] == {**plain["change"], "quality": 0.0, "verdict": "same"}


@pytest.mark.parametrize(
    ("words", "named"),
    [((), "--resize before"), (("--resize", "aftr"), "unknown resize"),
     (("--resize", "after", "--box", "100,0,110,9"), "region 1")],
)  # fmt: skip
def test_photos_of_different_sizes_are_refused_before_a_model_is_loaded(
    cli, photo, tmp_path, words, named
):
    with Image.open(photo) as picture:
        picture.resize((120, 80)).save(tmp_path / "large.png")
    done = cli("compare", photo, tmp_path / "large.png", *words)
    assert (done.code, cli.services.loads) == (2, 0)
    assert named in done.err


def test_a_stated_resize_is_said(cli, photo, tmp_path):
    with Image.open(photo) as picture:
        picture.resize((120, 80)).save(tmp_path / "large.png")
    done = cli("compare", photo, tmp_path / "large.png", "--resize", "after", "--whole", "--json")
    plain = json.loads(done.out)
    assert plain["resized"] == {"photo": "after", "width": 120, "height": 80}
    assert plain["headline"].endswith("; after resized from 120x80")
    assert (plain["after"]["width"], plain["after"]["height"]) == (60, 40)


def test_anything_but_two_photos_or_two_folders_is_refused(cli, photo, photos):
    for other in (photos, photos / "*.png"):
        done = cli("compare", photo, other)
        assert done.code == 2
        assert "two photos, or two folders" in done.err


def test_folders_are_paired_and_summed_up_after_one_model_load(cli, folders):
    done = cli("compare", *folders, "--whole", "--json")
    made = json.loads(done.out)
    assert [Path(one["before"]["path"]).name for one in made] == ["p0.png", "p1.png", "p2.png"]
    assert [one["change"]["verdict"].endswith("worse") for one in made] == [True, False, False]
    assert (done.code, cli.services.loads) == (0, 1)


def test_a_second_run_goes_on_with_the_file(cli, folders, tmp_path):
    out = tmp_path / "out.jsonl"
    cli("compare", *folders, "--whole", "--jsonl", out)
    first = out.read_text()
    out.write_text(first[: first.index("\n") + 40])  # killed in the second line
    cli.services.assessor.assessed.clear()
    done = cli("compare", *folders, "--whole", "--jsonl", out)
    assert [Path(path).name for path in cli.services.assessor.assessed] == ["p1.png"] * 2 + [
        "p2.png"
    ] * 2
    assert out.read_text() == first
    assert "3 pairs: 2 compared, 1 done before" in done.err
    assert "3 photos, 3 regions" in done.out


def test_a_changed_photo_or_setting_is_compared_anew(cli, folders, tmp_path):
    out = tmp_path / "out.jsonl"
    cli("compare", *folders, "--whole", "--jsonl", out)
    cli.services.assessor.assessed.clear()
    darken(folders[0] / "p1.png", folders[1] / "p1.png")
    cli("compare", *folders, "--whole", "--jsonl", out)
    assert [Path(path).parent.name for path in cli.services.assessor.assessed] == [
        "before", "after",
    ]  # fmt: skip
    cli.services.assessor.assessed.clear()
    cli("compare", *folders, "--jsonl", out, "--box", "0,0,9,9")
    assert len(cli.services.assessor.assessed) == 6


def test_a_file_of_something_else_is_not_touched(cli, folders, tmp_path):
    out = tmp_path / "out.jsonl"
    cli("assess", folders[0], "--jsonl", out)
    before = out.read_bytes()
    done = cli("compare", *folders, "--whole", "--jsonl", out)
    assert done.code == 2
    assert "not a seagull.comparison/1" in done.err
    assert out.read_bytes() == before


def test_photos_without_a_pair_and_broken_ones_are_named_and_the_others_compared(
    cli, folders, tmp_path
):
    (folders[1] / "p1.png").write_bytes((folders[1] / "p1.png").read_bytes()[:60])
    save_photo(folders[0] / "alone.png", 9)
    done = cli("compare", *folders, "--markdown", tmp_path / "s.md")
    assert done.code == 2
    assert "alone.png: no photo of this name" in done.err
    assert sum("p1.png" in line for line in done.err.splitlines()) == 1
    assert "2 photos" in done.out
    assert "Not compared (2)" in (tmp_path / "s.md").read_text()


def test_what_could_not_be_compared_ends_with_2_even_where_a_limit_is_broken(cli, folders):
    words = ("compare", *folders, "--whole", "--fail-mean-below", "0.5")
    assert cli(*words).code == 4
    (folders[1] / "p1.png").unlink()
    done = cli(*words)
    assert "--fail-mean-below FAILED" in done.err
    assert done.code == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--fail-mean-below", "-0.9"), 0), (("--fail-mean-below", "-0.001"), 4),
     (("--fail-worse-share", "0.34"), 0), (("--fail-worse-share", "0.3"), 4),
     (("--fail-mean-below", "3"), 2)],
)  # fmt: skip
def test_limits_end_with_their_exit_code(cli, folders, tmp_path, words, code):
    done = cli("compare", *folders, "--whole", *words, "--junit", tmp_path / "out.xml")
    assert done.code == code
    assert ("FAILED" in done.err) is (code == 4)
    assert (tmp_path / "out.xml").exists() is (code != 2)


def test_no_worse_than_the_baseline_passes_and_a_later_fall_fails(cli, folders, tmp_path):
    then = tmp_path / "then.jsonl"
    cli("compare", *folders, "--whole", "--jsonl", then)
    assert cli("compare", *folders, "--whole", "--baseline", then).code == 0
    for number in range(3):
        darken(folders[0] / f"p{number}.png", folders[1] / f"p{number}.png", (0, 0, 60, 39))
    darken(folders[1] / "p0.png", folders[1] / "p0.png")
    done = cli("compare", *folders, "--whole", "--baseline", then)
    assert done.code == 4
    assert "--baseline FAILED" in done.err


def test_a_baseline_that_is_none_is_refused_before_anything_is_compared(cli, folders, tmp_path):
    then = tmp_path / "then.jsonl"
    then.write_text("{}\n")
    done = cli("compare", *folders, "--whole", "--baseline", then)
    assert done.code == 2
    assert "then.jsonl, line 1" in done.err
    assert cli.services.assessor.assessed == []


def test_pictures_graphs_and_pages_are_written(cli, folders, tmp_path):
    done = cli(
        "compare", *folders, "--overlay", tmp_path / "drawn", "--graph", tmp_path / "graphs",
        "--html", tmp_path / "report.html",
    )  # fmt: skip
    assert done.code == 0
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        f"p{number}.png.compare.png" for number in range(3)
    ]
    graph = json.loads((tmp_path / "graphs" / "p0.png.graph.json").read_text())
    assert graph["art"][0]["predicate"].endswith("better")
    page = (tmp_path / "report.html").read_text()
    assert page.index("after/p0.png") < page.index("after/p1.png")
    assert not list(tmp_path.rglob("*.part*"))


def test_outputs_that_would_be_read_or_collide_are_refused(cli, folders, photo, tmp_path):
    before, after = folders
    for words, named in (
        (("--overlay", after / "drawn"), "inside"),
        (("--json", "--markdown", "-"), "both write to stdout"),
        (("--html", tmp_path / "none" / "x.html"), "there is no folder"),
    ):
        done = cli("compare", before, after, *words)
        assert (done.code, cli.services.loads) == (2, 0)
        assert named in done.err
    done = cli("compare", photo, photo, "--overlay", photo)
    assert (done.code, "this is a photo" in done.err) == (2, True)


def test_markdown_on_stdout_is_alone_there(cli, folders):
    done = cli("compare", *folders, "--markdown", "-")
    assert done.out.startswith("## Before and after")
