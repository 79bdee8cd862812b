"""Two names mean one photo by one rule, and never by the last part of a name alone."""

from pathlib import Path

import pytest

from seagull.photos.identity import (
    AmbiguousPhotoError,
    PhotoNames,
    photo_file,
    photo_files_of,
    photo_identity,
)


@pytest.mark.parametrize(
    "name",
    ["sub/a b.jpg", "./sub/a b.jpg", "sub//a b.jpg", "sub\\a b.jpg", "C:\\sub\\a b.jpg",
     "/sub/a b.jpg", "../sub/a b.jpg", "x/../sub/a b.jpg", "file:///sub/a b.jpg"],
)  # fmt: skip
def test_ways_to_write_a_path_are_one_identity(name):
    assert photo_identity(name) == ("sub", "a b.jpg")


@pytest.mark.parametrize(
    ("known", "asked", "found"),
    [
        (["sub/a.jpg"], "photos\\sub\\a.jpg", "sub/a.jpg"),
        (["/data/photos/sub/a.jpg"], "sub/a.jpg", "/data/photos/sub/a.jpg"),
        (["a.jpg"], "/home/me/a.jpg", "a.jpg"),
        (["a b.jpg"], "a%20b.jpg", "a b.jpg"),
        (["a%20b.jpg", "a b.jpg"], "a%20b.jpg", "a%20b.jpg"),
        (["a%20b.jpg", "a b.jpg"], "a b.jpg", "a b.jpg"),
        (["I01.BMP"], "i01.bmp", "I01.BMP"),
        (["bear/1.jpg"], "car/1.jpg", None),
        (["/x/bear/1.jpg"], "/y/car/1.jpg", None),
        (["xa.jpg"], "a.jpg", None),
        (["a.png"], "a.jpg", None),
    ],
)
def test_a_name_finds_the_photo_it_means(known, asked, found):
    assert PhotoNames(known, [asked]).find(asked) == found


def test_a_short_name_that_several_photos_have_is_refused_with_both():
    joined = PhotoNames(["clean/1.png", "blur/1.png"], ["1.png"])
    with pytest.raises(AmbiguousPhotoError, match=r"1\.png could mean clean/1\.png or blur/1\.png"):
        joined.find("1.png")


def test_a_short_name_asked_for_by_several_is_refused_with_both():
    joined = PhotoNames(["1.png"], ["clean/1.png", "blur/1.png"])
    for name in ("clean/1.png", "blur/1.png"):
        with pytest.raises(AmbiguousPhotoError, match=r"1\.png could mean"):
            joined.find(name)


def test_what_another_photo_is_named_in_full_is_nobody_elses():
    joined = PhotoNames(["bear/1.jpg"], ["bear/1.jpg", "1.jpg", "zoo/bear/1.jpg"])
    assert joined.find("bear/1.jpg") == "bear/1.jpg"
    assert joined.find("1.jpg") is None
    assert joined.find("zoo/bear/1.jpg") is None


def test_endings_may_differ_only_where_asked_for_and_only_of_pictures():
    assert PhotoNames(["a.png"], ["a.NEF"], any_ending=True).find("a.NEF") == "a.png"
    assert PhotoNames(["x/a"], ["a.jpg"], any_ending=True).find("a.jpg") == "x/a"
    frames = PhotoNames(["f.0001"], ["f.0002.jpg"], any_ending=True)
    assert frames.find("f.0002.jpg") is None
    two = PhotoNames(["a.png"], ["a.jpg", "a.tif"], any_ending=True)
    with pytest.raises(AmbiguousPhotoError, match="could mean"):
        two.find("a.jpg")


def test_a_photo_with_the_exact_ending_goes_before_one_with_another():
    joined = PhotoNames(["a.png", "a.jpg"], ["a.png", "a.jpg"], any_ending=True)
    assert joined.find("a.png") == "a.png"
    assert joined.find("a.jpg") == "a.jpg"


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_a_file_is_found_as_written_then_with_slashes_then_decoded(tmp_path):
    touch(tmp_path, "sub/a b.jpg", "c%20d.jpg", "c d.jpg", "e\\f.jpg")
    assert photo_file(tmp_path, "sub\\a b.jpg") == tmp_path / "sub/a b.jpg"
    assert photo_file(tmp_path, "sub/a%20b.jpg") == tmp_path / "sub/a b.jpg"
    assert photo_file(tmp_path, "c%20d.jpg") == tmp_path / "c%20d.jpg"
    assert photo_file(tmp_path, "e\\f.jpg") == tmp_path / "e\\f.jpg"
    assert photo_file(tmp_path, "no\\such.jpg") == tmp_path / "no\\such.jpg"


def test_files_below_the_folder_are_found_by_the_end_of_their_path(tmp_path):
    touch(tmp_path, "images/a.jpg", "512/b.jpg", "1024/b.jpg", "c.jpg", "images/notes.txt")
    found = photo_files_of(tmp_path, ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "old/root/c.jpg"])
    assert found["a.jpg"] == tmp_path / "images/a.jpg"
    assert isinstance(found["b.jpg"], AmbiguousPhotoError)
    assert "c.jpg" not in found
    assert "d.jpg" not in found
    assert "old/root/c.jpg" not in found
    assert photo_files_of(tmp_path, ["old/root/c.jpg"]) == {"old/root/c.jpg": tmp_path / "c.jpg"}


def test_two_names_never_get_one_file_by_their_last_part(tmp_path):
    touch(tmp_path, "1.png")
    found = photo_files_of(tmp_path, ["clean/1.png", "blur/1.png"])
    assert all(isinstance(one, AmbiguousPhotoError) for one in found.values())


def test_a_name_with_the_same_ending_is_nearer_than_one_with_another():
    joined = PhotoNames(["x/a.png", "x/a.jpg"], ["photos/x/a.jpg"], any_ending=True)
    assert joined.find("photos/x/a.jpg") == "x/a.jpg"


def test_without_its_ending_a_whole_path_goes_before_the_end_of_another_one():
    names = PhotoNames(["x.webp", "sub/x.jpg"], ["x.png", "sub/x.png"], any_ending=True)
    assert [names.find(name) for name in ("x.png", "sub/x.png")] == ["x.webp", "sub/x.jpg"]


@pytest.mark.parametrize(("other", "name"), [("A.jpg", "a.jpg"), ("a%20b.jpg", "a b.jpg")])
def test_a_photo_that_is_named_exactly_is_not_that_of_a_like_name(tmp_path, other, name):
    joined = PhotoNames([name], [other, name])
    assert (joined.find(other), joined.find(name)) == (None, name)
    (tmp_path / name).touch()
    found = photo_files_of(tmp_path, [other, name]).get(other)
    assert found is None or isinstance(found, AmbiguousPhotoError)
    assert photo_files_of(tmp_path, [name]) == {}


def test_two_names_alike_but_for_case_are_refused_where_neither_is_exact():
    joined = PhotoNames(["a.JPG"], ["A.jpg", "a.jpg"])
    with pytest.raises(AmbiguousPhotoError, match=r"a\.JPG could mean A\.jpg or a\.jpg"):
        joined.find("A.jpg")
