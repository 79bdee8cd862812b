"""Answers in free words: they say what is the case, and not always in the same words."""

from __future__ import annotations

import hashlib
import re

import pytest

from data_tools.distort.tables import LADDERS
from data_tools.turns import Hash, RegionFacts
from data_tools.versions.phrases import QUESTIONS
from data_tools.versions.talk import (
    Shown,
    Talked,
    free_answer,
    free_question,
    place_of,
    topics,
)
from data_tools.versions.wording import WORDINGS, wording_of
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.types import DistortionType

TOPICS = ("why", "wrong", "improve", "describe", "matter")


def picker(number: int) -> Hash:
    def pick(*what: str) -> int:
        text = f"{number}/{what}".encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")

    return pick


def talked(*shown: Shown, quality: str = "poor", importance: str | None = "minor") -> Talked:
    kinds = tuple((DistortionType(one.kind), one.severity) for one in shown)
    facts = RegionFacts(0.3, quality, 0.3, importance, kinds, "m-1")
    return Talked(facts, shown, 0.12, "on the left")


def answers(topic: str, region: Talked, count: int = 60) -> list[str]:
    return [free_answer(topic, region, picker(number)) for number in range(count)]


CLEAN = talked(quality="excellent", importance="unimportant")


def test_every_ladder_has_words() -> None:
    for kind, variant in LADDERS:
        words = wording_of(kind.value, variant)
        assert len(set(words.effects)) >= 4
        assert len(set(words.remedies)) >= 4


@pytest.mark.parametrize(
    ("kind", "variant", "effect", "remedy"),
    [
        ("blur", "gaussian", r"smeared|soft|sharpness|out of focus", r"focus"),
        ("blur", "motion", r"direction|moving|line", r"exposure|steadier|tripod|shutter"),
        ("noise", "sensor", r"grain", r"denoising|ISO"),
        ("compression", "jpeg", r"block|JPEG", r"JPEG quality|less compression"),
        ("exposure", "gain-higher", r"too bright|highlights", r"shorter|less light|darker"),
        ("exposure", "gain-lower", r"too dark|shadows", r"longer|more light|brighter"),
        ("contrast", "slope-lower", r"flat|close together|haze|dull", r"more contrast|raising"),
        ("contrast", "slope-higher", r"harsh|too far|black|missing", r"less contrast|lowering"),
        ("colorfulness", "saturation-lower", r"colours", r"more|higher|stronger|raising"),
        ("colorfulness", "saturation-higher", r"colours", r"less|lower|weaker|lowering"),
    ],
)
def test_effects_and_remedies_fit_the_distortion(
    kind: str, variant: str, effect: str, remedy: str
) -> None:
    region = talked(Shown(kind, variant, "serious"))
    for topic in ("why", "wrong"):
        for answer in answers(topic, region):
            assert re.search(effect, answer), answer
            assert f"serious {wording_of(kind, variant).name}" in answer
    for answer in answers("improve", region):
        assert re.search(remedy, answer), answer


def test_mixtures_name_every_distortion_and_every_remedy() -> None:
    region = talked(Shown("blur", "disc", "minor"), Shown("noise", "sensor", "severe"))
    for topic in ("why", "wrong", "improve", "describe"):
        for answer in answers(topic, region):
            assert "minor blur" in answer
            assert "severe noise" in answer


def test_no_remedy_for_one_type_is_part_of_one_for_another() -> None:
    remedies = {(wording_of(k.value, v).remedies, k) for k, v in LADDERS}
    for mine, kind in remedies:
        for others, other in remedies:
            if other is not kind:
                assert not [(a, b) for a in mine for b in others if a in b]


def test_nothing_is_found_wrong_with_a_clean_region() -> None:
    names = {words.name for words in WORDINGS.values()}
    for topic in TOPICS:
        for answer in answers(topic, CLEAN):
            assert not any(name in answer for name in names), answer
            assert not any(re.search(rf"\b{word}\b", answer) for word in SEVERITY.words), answer
    assert all(
        "no change is needed" in x.lower() or "needs no" in x for x in answers("improve", CLEAN)
    )
    assert all("unimportant" in answer for answer in answers("matter", CLEAN))


@pytest.mark.parametrize("word", QUALITY.words)
def test_answers_never_name_another_quality(word: str) -> None:
    others = [other for other in QUALITY.words if other != word]
    region = talked(Shown("exposure", "gain-lower", "moderate"), quality=word)
    for topic in ("why", "wrong", "describe"):
        for answer in answers(topic, region):
            assert not any(re.search(rf"\b{other}\b", answer) for other in others), answer
    assert all(word in answer for answer in answers("describe", region))


@pytest.mark.parametrize("word", IMPORTANCE.words)
def test_importance_is_said_with_its_own_word(word: str) -> None:
    region = talked(Shown("noise", "sensor", "serious"), importance=word)
    for answer in answers("matter", region):
        assert answer.startswith(f"It is {word} to the overall quality: ")


def test_an_excellent_region_is_not_run_down() -> None:
    region = talked(Shown("blur", "gaussian", "severe"), quality="excellent")
    for topic in ("why", "wrong"):
        for answer in answers(topic, region):
            assert "severe blur" in answer
            assert "smeared" not in answer


def test_wordings_are_many_and_whole_sentences() -> None:
    for topic, wordings in QUESTIONS.items():
        assert len(set(wordings)) >= 6
        assert {free_question(topic, picker(n)) for n in range(300)} == set(wordings)
    region = talked(Shown("noise", "sensor", "serious"))
    for topic in TOPICS:
        for known in (region, CLEAN):
            found = set(answers(topic, known, 200))
            assert len(found) >= 4
            for answer in found:
                assert re.fullmatch(r"[A-Z].*\.", answer), answer
                assert not re.search(r"[{}]|  |\.\.", answer), answer


def test_topics_differ_and_importance_is_asked_only_where_it_is_known() -> None:
    unknown = talked(quality="excellent", importance=None)
    for number in range(200):
        chosen = topics(CLEAN, picker(number))
        assert 1 <= len(chosen) <= 3
        assert len(set(chosen)) == len(chosen)
        assert "matter" not in topics(unknown, picker(number))


def test_places() -> None:
    assert place_of((0, 0, 10, 10), (90, 90)) == "in the upper left"
    assert place_of((40, 70, 50, 90), (90, 90)) == "in the lower part"
    assert place_of((70, 40, 90, 50), (90, 90)) == "on the right"
    assert place_of((10, 10, 80, 80), (90, 90)) == "in the middle"
