"""Where ``assess`` and ``compare`` write: the right picture, no file twice, no photo lost."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.seagull.cli.conftest import darken, save_photo

BOX = ("--box", "0,0,9,9")


def pictures_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def check_each_draws_its_own(drawn: Callable[[Path], bytes], photos: list[Path]) -> None:
    """Fails unless two photos come to pictures of their own, the first one to the same again."""
    first, second = drawn(photos[0]), drawn(photos[1])
    assert first != second
    assert drawn(photos[0]) == first


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out"])
@pytest.mark.parametrize("option", ["--overlay", "--heatmap"])
def test_a_photo_that_was_done_before_replaces_the_picture_of_another(cli, tmp_path, option, name):
    photos = [save_photo(tmp_path / str(seed) / "photo.png", seed) for seed in range(2)]
    out = tmp_path / name
    picture = out / f"photo.png.{option[2:]}.png" if name == "out" else out

    def drawn(photo: Path) -> bytes:
        done = cli("assess", photo, *BOX, "--jsonl", tmp_path / "log.jsonl", option, out)
        assert done.code == 0
        return picture.read_bytes()

    check_each_draws_its_own(drawn, photos)
    assert len(cli.services.assessor.assessed) == 2


def test_pictures_in_a_folder_follow_the_options_of_a_resumed_run(cli, photos, tmp_path):
    drawn = tmp_path / "drawn"

    def run(*words: str) -> bytes:
        cli("assess", photos, *words, "--jsonl", tmp_path / "log.jsonl", "--overlay", drawn)
        return (drawn / "p1.png.overlay.png").read_bytes()

    first = run(*BOX)
    assert run("--box", "5,5,40,30") != first
    assert run(*BOX) == first


def test_a_picture_that_is_of_the_report_is_kept_by_a_resumed_run(cli, photos, tmp_path):
    words = ("assess", photos, *BOX, "--jsonl", tmp_path / "log", "--overlay", tmp_path / "drawn")
    cli(*words)
    files = sorted((tmp_path / "drawn").iterdir())
    before = [file.stat().st_ino for file in files[1:]]
    Image.new("RGB", (9, 9)).save(files[0])  # of something else
    assert cli(*words).code == 0
    assert [file.stat().st_ino for file in files[1:]] == before
    with Image.open(files[0]) as picture:
        assert picture.size != (9, 9)


def test_a_heat_map_replaces_the_overlay_of_the_same_report(cli, photo, tmp_path):
    log, out = tmp_path / "log", tmp_path / "out.png"
    cli("assess", photo, *BOX, "--jsonl", log, "--overlay", out)
    overlay = out.read_bytes()
    cli("assess", photo, *BOX, "--jsonl", log, "--heatmap", out)
    assert out.read_bytes() != overlay


@pytest.mark.parametrize("name", ["out.png", "out.webp", "out"])
def test_a_pair_that_was_compared_before_replaces_the_picture_of_another(
    cli, photo, tmp_path, name
):
    after = [darken(photo, tmp_path / "dark.png"), save_photo(tmp_path / "same.png", 0)]
    out = tmp_path / name
    picture = out / "photo.png.compare.png" if name == "out" else out

    def drawn(second: Path) -> bytes:
        done = cli("compare", photo, second, *BOX, "--jsonl", tmp_path / "l", "--overlay", out)
        assert done.code == 0
        return picture.read_bytes()

    check_each_draws_its_own(drawn, after)
    assert len(cli.services.assessor.assessed) == 4


def test_pictures_of_photos_beside_the_current_folder_stay_in_theirs(cli, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    save_photo(tmp_path / "there" / "a.png", 0)
    save_photo(tmp_path / "here" / "b.png", 1)
    monkeypatch.chdir(tmp_path / "here")
    assert cli("assess", "../there/a.png", "b.png", "--overlay", "out").code == 0
    assert pictures_below(tmp_path / "here") == [
        "b.png", "out/here/b.png.overlay.png", "out/there/a.png.overlay.png",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [("assess", "--csv", "x", "--jsonl", "x"), ("assess", "--csv", "x", "--jsonl", "link"),
     ("assess", "--overlay", "x.png", "--heatmap", "./x.png"),
     ("assess", "--csv", "x", "--overlay", "x"),
     ("compare", "--html", "x", "--markdown", "x"), ("compare", "--jsonl", "x", "--junit", "x"),
     ("compare", "--overlay", "x.png", "--html", "x.png")],
)  # fmt: skip
def test_two_outputs_in_one_file_are_refused(cli, photo, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("x")
    photos = (photo, photo) if words[0] == "compare" else (photo,)
    done = cli(words[0], *photos, *words[1:])
    assert (done.code, cli.services.loads, len(done.err.splitlines())) == (2, 0, 1)
    assert f"{words[1]} and {words[3]} both name" in done.err
    assert not (tmp_path / "x").exists()


def test_outputs_may_share_a_folder_or_lead_nowhere(cli, photos, photo, tmp_path):
    drawn = tmp_path / "drawn"
    for one in (photos, photo):
        done = cli("assess", one, "--overlay", drawn, "--heatmap", drawn,
                   "--csv", "/dev/null", "--jsonl", "/dev/null")  # fmt: skip
        assert done.code == 0, done.err
    assert len(list(drawn.iterdir())) == 8
    done = cli("compare", photos, photos, *BOX, "--overlay", drawn, "--graph", drawn)
    assert done.code == 0


@pytest.mark.parametrize(
    ("pattern", "folder"), [("photos/*", "photos"), ("**/*.png", "drawn"), ("*/*.png", "drawn")]
)
def test_pictures_do_not_go_where_a_pattern_finds_them(
    cli, photos, tmp_path, monkeypatch, pattern, folder
):
    monkeypatch.chdir(tmp_path)
    for option in ("--overlay", "--heatmap"):
        done = cli("assess", pattern, option, folder)
        assert (done.code, cli.services.loads) == (2, 0)
        assert f"since {pattern} matches it" in done.err


def test_pictures_may_go_where_a_pattern_does_not_find_them(cli, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for pattern, folder in (("photos/p?.png", "photos"), ("photos/*", "drawn")):
        assert cli("assess", pattern, "--overlay", folder).code == 0
    assert len(list((tmp_path / "drawn").iterdir())) == 6


def test_a_picture_never_overwrites_a_photo_of_the_run(cli, photos):
    first = photos / "p0.png"
    second = save_photo(photos / "p0.png.overlay.png", 5)
    before = second.read_bytes()
    done = cli("assess", first, second, "--overlay", photos / ".." / "photos")
    assert (done.code, second.read_bytes()) == (2, before)
    assert "overwrite the photo" in done.err


def test_a_picture_that_cannot_be_written_costs_one_photo(cli, photos, tmp_path):
    long = save_photo(photos / f"{'p1' * 124}.png", 7)
    log, drawn = tmp_path / "log.jsonl", tmp_path / "drawn"
    words = ("assess", photos, *BOX, "--jsonl", log, "--overlay", drawn)
    for said in ("4 photos: 3 assessed, 1 failed", "3 done before, 1 failed"):
        done = cli(*words, "--json")
        assert done.code == 2
        assert f"{long}: its overlay is not written" in done.err
        assert "File name too long" in done.err
        assert said in done.err
        assert len(json.loads(done.out)) == len(log.read_text().splitlines()) == 4
    assert pictures_below(drawn) == [f"p{number}.png.overlay.png" for number in range(3)]


def test_a_picture_of_a_pair_that_cannot_be_written_costs_one_pair(cli, folders, tmp_path):
    for folder in folders:
        save_photo(folder / f"{'p1' * 124}.png", 7)
    done = cli("compare", *folders, *BOX, "--overlay", tmp_path / "drawn",
               "--markdown", tmp_path / "out.md")  # fmt: skip
    assert done.code == 2
    assert "its overlay is not written" in done.err
    assert len(pictures_below(tmp_path / "drawn")) == 3
    assert "its overlay is not written" in (tmp_path / "out.md").read_text()


def test_the_longest_name_of_a_picture_is_written(cli, tmp_path):
    photo = save_photo(tmp_path / f"{'p' * 239}.png", 0)
    name = f"{photo.name}.overlay.png"
    assert len(name) == 255
    assert cli("assess", photo, "--overlay", tmp_path / "drawn").code == 0
    assert pictures_below(tmp_path / "drawn") == [name]


def test_a_full_disk_ends_the_run(cli, photos, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    done = cli("assess", photos, "--overlay", tmp_path / "drawn")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "p0.png.overlay.png: No space left on device; make room" in done.err


def test_an_edited_line_of_a_report_is_named_and_the_other_photos_are_done(cli, photos, tmp_path):
    log = tmp_path / "log.jsonl"
    cli("assess", photos, "--jsonl", log)
    lines = log.read_text().splitlines()
    plain = json.loads(lines[1])
    plain["regions"][0]["quality"]["score"] = "high"
    log.write_text("\n".join([lines[0], json.dumps(plain), lines[2]]) + "\n")
    done = cli("assess", photos, "--jsonl", log, "--json")
    assert done.code == 2
    assert f"p1.png: {log}, line 2: not a seagull.quality_report/1" in done.err
    assert "remove the line" in done.err
    assert [Path(one["image"]["path"]).name for one in json.loads(done.out)] == ["p0.png", "p2.png"]


def test_an_edited_line_of_a_comparison_is_named_and_the_other_pairs_are_done(
    cli, folders, tmp_path
):
    log = tmp_path / "log.jsonl"
    cli("compare", *folders, "--whole", "--jsonl", log)
    lines = log.read_text().splitlines()
    plain = json.loads(lines[2])
    plain["change"]["quality"] = "less"
    log.write_text("\n".join([*lines[:2], json.dumps(plain)]) + "\n")
    done = cli("compare", *folders, "--whole", "--jsonl", log)
    assert done.code == 2
    assert f"p2.png: {log}, line 3: not a seagull.comparison/1" in done.err
    assert "2 done before, 1 failed" in done.err


@pytest.mark.parametrize("command", ["assess", "compare"])
def test_more_regions_than_a_server_finds_are_refused_before_it_is_asked(cli, photo, command):
    photos = (photo, photo) if command == "compare" else (photo,)
    done = cli(command, *photos, "--everything", "--max-regions", 200,
               "--server", "http://127.0.0.1:9")  # fmt: skip
    assert done.code == 2
    assert "--max-regions 200: a server finds at most 128 regions" in done.err
