"""Questions about several regions at once, and answers that name these by their ids.

What is said can be told from the level words, types and severities of each region: which one is
best or worst, what is wrong with each, which one has a type, which one the photo suffers from most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from data_tools.turns import Hash
from data_tools.versions import phrases
from data_tools.versions.talk import Shown, Talked, against, choose, listed, remedy_for
from seagull.language.findings import (
    BEST,
    MOST_IMPORTANT,
    WORST,
    Findings,
    conclusion,
    most_important_first,
    worst_first,
)
from seagull.types import DistortionType

Compared = Mapping[str, Talked]
"""What is known of the regions that are compared, by their ids, in the order of the question."""

MOST_REGIONS = 4
UNDISTORTED = "without distortions"


def compared_ids(names: Sequence[str], pick: Hash) -> dict[str, str]:
    """What regions are called when they are compared, by their names, in the order of the question.

    As they are, by number as on a command line, or by words that people call regions by, whatever
    the region is like.
    """
    way = pick("called") % 3
    if way == 0:
        return {name: name for name in names}
    if way == 1:
        return {name: str(number) for number, name in enumerate(names, start=1)}
    words = sorted(phrases.REGION_IDS, key=lambda word: pick("called", word))
    return dict(zip(names, words, strict=False))


def compared_topics(compared: Compared, pick: Hash) -> list[str]:
    """What is asked, one to three topics in a hashed order."""
    names = ["best", "worst", "wrong", "improve", "compare", "which"]
    if all(one.facts.importance_word is not None for one in compared.values()):
        names.append("matter")
    names.sort(key=lambda name: pick("topic", name))
    return names[: 1 + pick("topics") % 3]


def compared_turn(topic: str, compared: Compared, pick: Hash) -> tuple[str, str]:
    """Question and answer about a topic.

    The answer says of one region after the other what is asked for, the worst first, and which one
    it is at the end: a small model that is to begin with that one names the first it is told of.
    """
    compared = {id: compared[id] for group in _worst_first(compared) for id in group}
    if topic == "which":
        return _which(compared, pick)
    question = choose(phrases.COMPARED[topic], pick, topic, "question")
    return question, _ANSWERS[topic](compared, pick)


def _best(compared: Compared, pick: Hash) -> str:
    return f"{_compare(compared, pick)} {conclusion(_worst_first(compared)[::-1], BEST)}"


def _worst(compared: Compared, pick: Hash) -> str:
    return f"{_compare(compared, pick)} {conclusion(_worst_first(compared), WORST)}"


def _worst_first(compared: Compared) -> list[list[str]]:
    facts = {id: one.facts for id, one in compared.items()}
    return worst_first({id: Findings(f.quality_word, f.distortions) for id, f in facts.items()})


def _each(ids: Sequence[str], say: Callable[[str], str], link: str = " is ") -> str:
    """What is said of each region, one after the other even where it is the same.

    A small model that is to name those together of which the same is said names all together.
    """
    return " ".join(f"Region {id}{link}{say(id)}." for id in ids)


def _state(one: Talked) -> str:
    return f"{one.facts.quality_word}, {f'with {found}' if (found := _found(one)) else UNDISTORTED}"


def _found(one: Talked) -> str:
    return listed([_told(shown) for shown in one.shown])


def _told(shown: Shown) -> str:
    """Type and severity as the model is told them; how it came about it is not told."""
    return f"{shown.severity} {shown.kind}"


def _wrong(compared: Compared, pick: Hash) -> str:
    return _each([*compared], lambda id: _found(compared[id]) or phrases.EACH_CLEAN, ": ")


def _improve(compared: Compared, pick: Hash) -> str:
    def remedies(id: str) -> str:
        said = [against(_told(one), remedy_for(one, pick)) for one in compared[id].shown]
        return "; ".join(said) or phrases.EACH_KEEP

    return _each([*compared], remedies, ": ")


def _compare(compared: Compared, pick: Hash) -> str:
    return _each([*compared], lambda id: _state(compared[id]))


def _matter(compared: Compared, pick: Hash) -> str:
    words = {id: one.facts.importance_word or "" for id, one in compared.items()}
    most = conclusion(most_important_first(words), MOST_IMPORTANT)
    return f"{_each([*words], words.__getitem__)} {most}"


def _which(compared: Compared, pick: Hash) -> tuple[str, str]:
    """Asks for a type: one that a region has, or any."""
    there = sorted({shown.kind for one in compared.values() for shown in one.shown})
    kinds = there if there and pick("there") % 3 else [kind.value for kind in DistortionType]
    kind = choose(kinds, pick, "kind")
    question = choose(phrases.WHICH, pick, "which").format(kind=kind)
    having = [
        (id, shown.severity)
        for id, one in compared.items()
        for shown in one.shown
        if shown.kind == kind
    ]
    if not having:
        return question, f"None of them shows {kind}."
    return question, " ".join(f"Region {id} has {severity} {kind}." for id, severity in having)


_ANSWERS: Mapping[str, Callable[[Compared, Hash], str]] = {
    "best": _best,
    "worst": _worst,
    "wrong": _wrong,
    "improve": _improve,
    "compare": _compare,
    "matter": _matter,
}
