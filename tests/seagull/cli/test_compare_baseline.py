"""``seagull compare --baseline``: a run of the same regions and options, or a refusal in words."""

from __future__ import annotations

import json

import pytest

from tests.seagull.cli.conftest import save_photo

OURS = "seagull compare --jsonl"


@pytest.fixture
def then(cli, folders, tmp_path):
    """The file of an earlier run about one box of each photo."""
    path = tmp_path / "then.jsonl"
    assert cli("compare", *folders, "--box", "0,0,9,9", "--jsonl", path).code == 0
    cli.services.assessor.assessed.clear()
    return path


@pytest.mark.parametrize(
    ("words", "named"),
    [(("--box", "0,0,8,8"), "--box: then 0,0,9,9, now 0,0,8,8"),
     (("--whole",), "--box: then 0,0,9,9, now not given; --whole: then not given, now given"),
     ((), "now not given; --everything: then not given, now given"),
     (("--box", "0,0,9,9", "--dtype", "float32"), "--dtype: then not given, now float32"),
     (("--box", "0,0,9,9", "--resize", "after"), "--resize: then not given, now after")],
)  # fmt: skip
def test_a_baseline_of_other_regions_or_options_is_refused_and_the_difference_named(
    cli, folders, then, words, named
):
    done = cli("compare", *folders, *words, "--baseline", then)
    assert done.code == 2
    assert f"{then}: it was made with other options (--" in done.err
    assert named in done.err
    assert cli.services.assessor.assessed == []


def test_the_lines_of_a_file_that_were_made_by_these_options_are_the_baseline(cli, folders, then):
    cli("compare", *folders, "--whole", "--jsonl", then)
    for words in (("--box", "0,0,9,9"), ("--whole",)):
        done = cli("compare", *folders, *words, "--baseline", then)
        assert (done.code, "--baseline passed" in done.err) == (0, True)


def test_another_mask_in_the_same_file_is_another_region(cli, folders, tmp_path):
    then, mask = tmp_path / "then.jsonl", save_photo(tmp_path / "mask.png", 4)
    words = ("compare", *folders, "--mask", mask)
    assert cli(*words, "--jsonl", then).code == 0
    assert cli(*words, "--baseline", then).code == 0
    save_photo(mask, 5)
    done = cli(*words, "--baseline", then)
    assert done.code == 2
    assert "contents of" in done.err


def test_a_file_that_does_not_say_its_options_is_refused_if_they_differ(cli, folders, then):
    lines = [json.loads(line) for line in then.read_text().splitlines()]
    for one in lines:
        del one["run"]["options"]
    then.write_text("".join(json.dumps(one) + "\n" for one in lines))
    same = cli("compare", *folders, "--box", "0,0,9,9", "--baseline", then)
    other = cli("compare", *folders, "--whole", "--baseline", then)
    assert (same.code, other.code) == (0, 2)
    assert "other regions or options" in other.err


@pytest.mark.parametrize(
    "text", [None, "{}\n", "not JSON\n", '{"schema": "seagull.comp', "[" * 9999]
)
def test_a_baseline_that_is_none_is_refused_in_words_before_a_model_is_loaded(
    cli, folders, tmp_path, text
):
    path = tmp_path / "then.jsonl"
    if text is not None:
        path.write_text(text)
    done = cli("compare", *folders, "--whole", "--baseline", path)
    assert (done.code, cli.services.loads) == (2, 0)
    assert str(path) in done.err
    assert OURS in done.err
    assert "char" not in done.err
    assert ("line 1" in done.err) is (text is not None)
