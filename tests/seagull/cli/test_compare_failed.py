"""``seagull compare`` where nothing can be compared: the files of a CI job say so."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.seagull.cli.conftest import darken, save_photo


@pytest.fixture
def files(tmp_path):
    """The files that last week's run left, and the options that name them."""
    paths = [tmp_path / f"old.{ending}" for ending in ("md", "xml", "html")]
    for path in paths:
        path.write_text("all is well")
    return paths


def words(files):
    return [word for name, path in zip(("--markdown", "--junit", "--html"), files, strict=True)
            for word in (name, path)]  # fmt: skip


def check_files(files, *named: str) -> None:
    texts = [path.read_text() for path in files]
    for text in texts:
        assert "all is well" not in text
        assert all(one in text for one in named)
    assert "o photo was compared" in texts[0]
    assert "o photo was compared" in texts[2]
    suite = ElementTree.fromstring(texts[1])
    assert suite.get("tests") == suite.get("errors") == str(len(named))


def test_photos_that_are_all_broken_are_errors_in_every_file(cli, folders, files):
    for path in folders[1].iterdir():
        path.write_bytes(path.read_bytes()[:60])
    done = cli("compare", *folders, "--whole", *words(files))
    assert done.code == 2
    check_files(files, "p0.png", "p1.png", "p2.png")


def test_folders_without_a_common_photo_are_errors_in_every_file(cli, tmp_path, files):
    for place in ("before/a.png", "after/b.png"):
        save_photo(tmp_path / place, 1)
    folders = (tmp_path / "before", tmp_path / "after")
    done = cli("compare", *folders, "--whole", *words(files))
    assert (done.code, cli.services.loads) == (2, 0)
    assert "one of them ends with the other" in done.err
    assert "case and picture ending" in done.err
    check_files(files, "a.png", "b.png", "no photo of one")


def test_a_folder_that_is_not_there_or_a_model_that_fails_is_the_error_in_every_file(
    cli, folders, files
):
    done = cli("compare", folders[0], folders[1] / "none", *words(files))
    assert done.code == 2
    check_files(files, "there is no such file")
    files[1].write_text("all is well")
    done = cli("compare", *folders, "--model", "nanno", *words(files))
    assert done.code == 2
    check_files(files, "nanno")


def test_two_photos_of_which_one_cannot_be_assessed_are_an_error_in_every_file(cli, photo, files):
    cli.services.assessor.fail_on = photo.name
    cli.services.assessor.error = ValueError("photo.png: too large")
    done = cli("compare", photo, photo, "--whole", *words(files))
    assert done.code == 2
    check_files(files, "too large")


@pytest.mark.parametrize(
    ("error", "code", "named"),
    [(RuntimeError("broken inside"), 1, "unexpected RuntimeError: broken inside"),
     (KeyboardInterrupt(), 130, "interrupted")],
)  # fmt: skip
def test_a_fault_or_an_interruption_is_the_error_in_every_file(
    cli, photo, files, error, code, named
):
    cli.services.assessor.fail_on = photo.name
    cli.services.assessor.error = error
    done = cli("compare", photo, photo, "--whole", *words(files))
    assert done.code == code
    check_files(files, named)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [(("--mask", "no-such.png"), "no-such.png is not there"), (("--box", "1,2"), "box"),
     (("--resize", "bfore"), "unknown resize"), (("--refine", "--whole"), "--refine refines")],
)  # fmt: skip
def test_an_option_that_cannot_be_met_is_the_error_in_every_file(cli, photo, files, wrong, named):
    done = cli("compare", photo, photo, *wrong, *words(files))
    assert (done.code, cli.services.loads) == (2, 0)
    check_files(files, named)


def test_one_photo_and_one_region_are_counted_in_the_singular(cli, tmp_path):
    source = save_photo(tmp_path / "before" / "a.png", 1)
    darken(source, tmp_path / "after" / "a.png")
    done = cli("compare", source.parent, tmp_path / "after", "--whole", "--jsonl", tmp_path / "o")
    assert done.out.startswith("1 photo, 1 region: mean change")
    assert "1 pair: 1 compared" in done.err


def test_an_unknown_resize_is_answered_with_both_words(cli, photo):
    done = cli("compare", photo, photo, "--resize", "bfore")
    assert "unknown resize 'bfore': give before or after" in done.err
