"""Pairs of two folders: the path below each folder names a photo."""

from __future__ import annotations

from pathlib import Path

from seagull.comparison.pairs import pair_photos


def pairs_of(before: list[str], after: list[str]):
    found = pair_photos(
        (Path("b"), [Path("b", name) for name in before]),
        (Path("a"), [Path("a", name) for name in after]),
    )
    return [(one.before.as_posix(), one.after.as_posix()) for one in found.pairs], found.problems


def test_photos_of_one_name_are_pairs_whatever_their_endings():
    pairs, problems = pairs_of(["x.png", "sub/x.png"], ["sub/x.jpg", "x.webp"])
    assert pairs == [("b/x.png", "a/x.webp"), ("b/sub/x.png", "a/sub/x.jpg")]
    assert problems == ()


def test_photos_of_different_folders_are_no_pair():
    pairs, problems = pairs_of(["bear/1.jpg"], ["car/1.jpg"])
    assert pairs == []
    assert [line.split(":")[0] for line in problems] == ["b/bear/1.jpg", "a/car/1.jpg"]


def test_a_photo_without_a_pair_is_named_on_either_side():
    pairs, problems = pairs_of(["1.jpg", "2.jpg"], ["2.jpg", "3.jpg"])
    assert pairs == [("b/2.jpg", "a/2.jpg")]
    assert problems == (
        "b/1.jpg: no photo of this name below a",
        "a/3.jpg: no photo of this name below b",
    )


def test_a_name_that_could_mean_two_photos_is_no_pair_and_both_are_named():
    pairs, problems = pairs_of(["x.png", "y.png"], ["x.jpg", "x.webp", "y.png"])
    assert pairs == [("b/y.png", "a/y.png")]
    assert "x.jpg or x.webp" in problems[0]


def test_an_equal_name_goes_before_one_of_another_ending():
    pairs, problems = pairs_of(["x.png", "x.jpg"], ["x.jpg", "x.png"])
    assert (pairs, problems) == ([("b/x.png", "a/x.png"), ("b/x.jpg", "a/x.jpg")], ())
