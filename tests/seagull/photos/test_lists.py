"""What lies below a folder is a photo or is left out, counted and named."""

import os
from pathlib import Path

import pytest

from data_tools.config import DataConfig
from data_tools.plan import PlanError, make_plan
from data_tools.settings import given_files
from data_tools.state import OutputTree
from seagull.files.config import load_settings
from seagull.photos import PhotoError
from seagull.photos import lists as photo_lists
from seagull.photos.lists import (
    PHOTO_ENDINGS,
    find_photos,
    first_match,
    left_out_text,
    list_photos,
    listed,
    matching,
    names_a_pattern,
)
from seagull.records.shards import PHOTO_ENDINGS as IN_SHARDS
from seagull.records.sources import source_files
from tests.data_tools.tiny_set import make_photos


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two photos, and one of everything that is none."""
    root, other = tmp_path / "in", tmp_path / "other"
    for name in (
        "a.jpg",
        "sub/b.PNG",
        "notes.txt",
        "more.txt",
        "README",
        ".hidden.jpg",
        ".git/c.jpg",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    other.mkdir()
    (other / "d.jpg").touch()
    (root / "link").symlink_to(other)
    (root / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    os.mkfifo(root / "pipe.jpg")
    return root


def kinds(items: tuple[photo_lists.LeftOut, ...], root: Path) -> dict[str, str]:
    return {str(item.path.relative_to(root)): item.kind for item in items}


def test_everything_is_a_photo_or_left_out(folder):
    found = listed(folder)
    assert [str(path.relative_to(folder)) for path in found.photos] == ["a.jpg", "sub/b.PNG"]
    assert kinds(found.left_out, folder) == {
        ".git": "hidden",
        ".hidden.jpg": "hidden",
        "README": "file without an ending",
        "gone.jpg": "link to nothing",
        "link": "linked folder",
        "more.txt": "TXT",
        "notes.txt": "TXT",
        "pipe.jpg": "device or pipe",
    }


def test_a_folder_that_cannot_be_read_is_named(folder, monkeypatch):
    scan = os.scandir

    def closed(path):
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    found = kinds(listed(folder).left_out, folder)
    assert found["sub"] == "folder that cannot be read"


def test_one_line_counts_kinds_and_names_the_first_of_each(folder):
    text = left_out_text([item for item in listed(folder).left_out if item.kind != "hidden"])
    assert text == (
        f"6 left out: 2 TXT ({folder}/more.txt ...), 1 device or pipe ({folder}/pipe.jpg), "
        f"1 file without an ending ({folder}/README), 1 link to nothing ({folder}/gone.jpg), "
        f"1 linked folder ({folder}/link)"
    )
    assert left_out_text([]) == ""


@pytest.mark.parametrize(
    ("name", "kind", "package"), [("a.HEIC", "HEIC", "heic"), ("a.nef", "NEF", "raw")]
)
def test_a_type_whose_package_is_missing_is_left_out_with_a_hint(
    tmp_path, monkeypatch, name, kind, package
):
    (tmp_path / name).touch()
    monkeypatch.setattr(photo_lists, "_installed", lambda module: True)
    photo_lists._decodable.cache_clear()
    assert len(listed(tmp_path).photos) == 1
    monkeypatch.setattr(photo_lists, "_installed", lambda module: False)
    photo_lists._decodable.cache_clear()
    found = listed(tmp_path)
    photo_lists._decodable.cache_clear()
    assert (found.photos, found.left_out[0].kind) == ((), kind)
    assert f"pip install 'seagull-iqa[{package}]'" in left_out_text(found.left_out)


def test_a_folder_without_photos_says_what_is_there(tmp_path):
    (tmp_path / "table.csv").touch()
    with pytest.raises(PhotoError, match=r"no photo in this folder .*; 1 left out: 1 CSV"):
        list_photos([tmp_path])
    with pytest.raises(PhotoError, match="no photo matches this pattern; 1 left out: 1 CSV"):
        list_photos([f"{tmp_path}/*"])


def test_what_is_named_as_a_file_is_not_left_out(folder):
    found = list_photos([folder, folder / "notes.txt", f"{folder}/s*/*"])
    assert folder / "notes.txt" in found.photos
    assert "notes.txt" not in kinds(found.left_out, folder)
    assert len(found.photos) == len(set(found.photos)) == 3


def test_stars_enter_no_linked_folder_and_name_it(tmp_path):
    for name in ("a.jpg", "z.jpg", "sub/b.jpg", "sub/.hidden/c.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(".")
    for pattern in ("**/*.jpg", "**", "**/**/*.jpg"):
        found = list_photos([f"{tmp_path}/{pattern}"])
        names = [str(path.relative_to(tmp_path)) for path in found.photos]
        assert names == ["a.jpg", "sub/b.jpg", "z.jpg"]
        assert kinds(found.left_out, tmp_path)["loop"] == "linked folder"
    assert find_photos([f"{tmp_path}/loop/*.jpg"]) == [tmp_path / "loop" / name
                                                       for name in ("a.jpg", "z.jpg")]  # fmt: skip


def test_stars_in_a_relative_pattern_match_as_in_an_absolute_one(folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = [Path("a.jpg"), Path("sub/b.PNG")]
    assert find_photos(["**"]) == names
    assert find_photos(["**/*.PNG"]) == names[1:]


def test_a_photo_by_several_of_its_names_is_one_photo(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").touch()
    (tmp_path / "in" / "b.jpg").symlink_to("a.jpg")
    (tmp_path / "link").symlink_to("in")
    monkeypatch.chdir(tmp_path)
    found = find_photos(["in/a.jpg", tmp_path / "in" / "a.jpg", "in/../in/a.jpg", "link/*"])
    assert found == [Path("in/a.jpg"), Path("link/b.jpg")]


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [("in/*", "in/new.png", True), ("in/*", "in/sub/new.png", False),
     ("in/**", "in/sub/deep/new.png", True), ("**/*.png", "new.png", True),
     ("**/*.png", "sub/deep/new.png", True), ("**/*.jpg", "new.png", False),
     ("in/*", "in/../new.png", False), ("other/../in/*", "in/new.png", True),
     ("**", ".drawn/new.png", False), ("*/*.png", "in/new.png", True),
     ("in/**/sub/*", "in/new.png", False)],
)  # fmt: skip
def test_whether_a_pattern_would_match_a_file_that_is_not_there(
    tmp_path, monkeypatch, pattern, path, fits
):
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    found = first_match(pattern, [Path("../none.png"), Path(path)])
    assert found == (Path(path) if fits else None)
    made = tmp_path / path
    made.parent.mkdir(parents=True, exist_ok=True)
    made.touch()
    assert (made.resolve() in [one.resolve() for one in matching(pattern)]) is fits


def test_python_users_are_told_once(folder, caplog):
    assert len(find_photos([folder])) == 2
    assert [record.message[:10] for record in caplog.records] == ["8 left out"]


def test_there_is_one_list_of_endings():
    assert IN_SHARDS is PHOTO_ENDINGS
    assert {".jpg", ".jfif", ".gif", ".tga", ".avif", ".dng", ".heic"} <= PHOTO_ENDINGS


def test_a_plan_says_what_it_leaves_out_and_skips_its_own_output(tmp_path):
    root = make_photos(tmp_path / "in", 1)
    (root / "notes.txt").touch()
    (root / "gone.jpg").symlink_to("nowhere")
    made = make_photos(root / "out" / "Dist.Images", 2, start=5)
    config = load_settings(
        DataConfig,
        None,
        [f"input={root}", f"output={root / 'out'}", "plan.min_side=16", "run.workers=0"],
    )
    summary = make_plan(OutputTree(root / "out"), config)
    assert (summary.photos, summary.rejected) == (1, {})
    assert summary.left_out.startswith("2 left out: 1 TXT")
    assert made.is_dir()


def test_a_plan_of_no_photo_says_what_is_there(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "notes.txt").touch()
    config = load_settings(
        DataConfig, None, [f"input={tmp_path / 'in'}", f"output={tmp_path / 'out'}"]
    )
    with pytest.raises(PlanError, match=r"no photo in .*; 1 left out: 1 TXT"):
        make_plan(OutputTree(tmp_path / "out"), config)


def test_brackets_in_names_that_exist_are_letters(tmp_path):
    for name in ("d[1]/a[1].jpg", "d[1]/a1.jpg", "d[1]/r[1].jsonl", "d1/b.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    here = tmp_path / "d[1]"
    assert find_photos([here / "a[1].jpg"]) == [here / "a[1].jpg"]
    assert find_photos([f"{here}/*.jpg"]) == [here / "a1.jpg", here / "a[1].jpg"]
    assert find_photos([f"{here}/a[0-9].jpg"]) == [here / "a1.jpg"]
    assert find_photos([f"{tmp_path}/d[0-9]/*.jpg"]) == [tmp_path / "d1" / "b.jpg"]
    assert given_files(here / "r[1].jsonl") == [here / "r[1].jsonl"]
    assert given_files(f"{here}/*.jsonl") == [here / "r[1].jsonl"]
    assert [file.path.name for file in source_files(str(here / "r[1].jsonl"))] == ["r[1].jsonl"]
    assert not names_a_pattern(str(here / "a[1].jpg"))
    assert names_a_pattern(str(here / "b[1].jpg"))
