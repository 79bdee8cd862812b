"""Answers about several regions: they name the right ones, and what each of them has."""

from __future__ import annotations

import hashlib
import re

import pytest

from data_tools.turns import Hash, RegionFacts
from data_tools.versions.compare import compared_ids, compared_topics, compared_turn
from data_tools.versions.phrases import COMPARED, REGION_IDS
from data_tools.versions.talk import Shown, Talked
from seagull.types import DistortionType

BLUR = Shown("blur", "gaussian", "severe")


def picker(number: int) -> Hash:
    def pick(*what: str) -> int:
        text = f"{number}/{what}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")

    return pick


def region(*shown: Shown, quality: str, importance: str | None = None) -> Talked:
    kinds = tuple((DistortionType(one.kind), one.severity) for one in shown)
    return Talked(RegionFacts(0.3, quality, 0.3, importance, kinds, "m-1"), shown, 0.1, "here")


CLEAN = region(quality="excellent", importance="unimportant")
BLURRED = region(BLUR, quality="bad", importance="essential")


def answer(topic: str, number: int = 0, **regions: Talked) -> str:
    return compared_turn(topic, regions, picker(number))[1]


STATES = "Region a is bad, with severe blur. Region b is excellent, without distortions."


def test_the_best_and_the_worst_are_named_after_what_each_is_like() -> None:
    assert answer("best", a=BLURRED, b=CLEAN) == f"{STATES} The best is region b."
    assert answer("worst", a=BLURRED, b=CLEAN) == f"{STATES} The worst is region a."
    both = answer("best", a=CLEAN, b=BLURRED, c=CLEAN)
    assert both.startswith("Region b is bad, with severe blur. Region a is excellent")
    assert both.endswith("The best are regions a and c.")


def test_regions_of_one_level_are_alike_unless_one_shows_more() -> None:
    minor = region(Shown("blur", "gaussian", "minor"), quality="excellent")
    assert answer("best", a=CLEAN, b=CLEAN).endswith(" They are alike in quality.")
    assert answer("worst", a=CLEAN, b=minor).endswith(" The worst is region b.")
    assert answer("best", a=CLEAN, b=minor).endswith(" The best is region a.")


def test_the_photo_suffers_most_from_the_most_important_one() -> None:
    said = "Region b is essential. Region a is unimportant. The most important is region b."
    assert answer("matter", a=CLEAN, b=BLURRED) == said
    alike = "Region a is essential. Region b is essential. They are alike in importance."
    assert answer("matter", a=BLURRED, b=BLURRED) == alike


def test_each_region_has_its_own_part_of_an_answer() -> None:
    assert answer("wrong", a=CLEAN, b=BLURRED) == (
        "Region b: severe blur. Region a: nothing visible is wrong."
    )
    assert answer("compare", a=BLURRED, b=CLEAN) == STATES
    assert re.fullmatch(
        r"Region b: .*focus.*\. Region a: no change is needed\.",
        answer("improve", a=CLEAN, b=BLURRED),
    )


def test_a_type_is_asked_for_that_is_there_or_not() -> None:
    regions = {"a": CLEAN, "b": BLURRED}
    turns = [compared_turn("which", regions, picker(number)) for number in range(60)]
    there = {answer for question, answer in turns if "blur" in question}
    assert there == {"Region b has severe blur."}
    others = {(question, answer) for question, answer in turns if "blur" not in question}
    assert others
    for question, answer in others:
        (kind,) = [kind.value for kind in DistortionType if kind.value in question]
        assert answer == f"None of them shows {kind}."


@pytest.mark.parametrize("topic", COMPARED)
def test_questions_have_several_wordings(topic: str) -> None:
    asked = {compared_turn(topic, {"a": CLEAN, "b": BLURRED}, picker(n))[0] for n in range(60)}
    assert asked == set(COMPARED[topic])


def test_regions_are_called_by_their_names_by_numbers_or_by_words() -> None:
    called = [compared_ids(["b2", "7"], picker(n)) for n in range(90)]
    assert {tuple(ids) for ids in called} == {("b2", "7")}
    as_named = [ids for ids in called if ids == {"b2": "b2", "7": "7"}]
    numbered = [ids for ids in called if ids == {"b2": "1", "7": "2"}]
    words = [ids for ids in called if {*ids.values()} <= {*REGION_IDS}]
    assert len(as_named) + len(numbered) + len(words) == len(called)
    assert min(map(len, (as_named, numbered, words))) > 15
    assert all(len({*ids.values()}) == 2 for ids in words)
    assert len({id for ids in words for id in ids.values()}) > 15


def test_importance_is_compared_where_all_have_one() -> None:
    def asked(**regions: Talked) -> set[str]:
        return {topic for n in range(60) for topic in compared_topics(regions, picker(n))}

    assert asked(a=CLEAN, b=BLURRED) == {*COMPARED, "which"}
    unknown = region(quality="excellent")
    assert asked(a=unknown, b=unknown) == {*COMPARED, "which"} - {"matter"}
