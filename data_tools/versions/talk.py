"""Questions in free words and answers put together from what is known of a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from data_tools.turns import Hash, RegionFacts
from data_tools.versions import phrases
from data_tools.versions.phrases import QUESTIONS
from data_tools.versions.wording import wording_of
from seagull.types import Box


@dataclass(frozen=True)
class Shown:
    """A distortion of a region: its type, how it was made (a ladder's variant), its severity."""

    kind: str
    variant: str
    severity: str

    @property
    def name(self) -> str:
        """For example ``severe motion blur``."""
        return wording_of(self.kind, self.variant).named(self.severity)


@dataclass(frozen=True)
class Talked:
    """What is known of the region that is talked about.

    Args:
        facts: quality, importance and types.
        shown: its distortions; empty where nothing is visible.
        share: of the photo that it covers, in (0, 1].
        place: where it lies, e.g. ``in the upper left``.
    """

    facts: RegionFacts
    shown: tuple[Shown, ...]
    share: float
    place: str


def topics(talked: Talked, pick: Hash) -> list[str]:
    """What is talked about after the quality, one to three topics in a hashed order."""
    names = ["wrong" if pick("wrong") % 2 else "why", "improve", "describe"]
    if talked.facts.importance_word is not None:
        names.append("matter")
    names.sort(key=lambda name: pick("topic", name))
    return names[: 1 + pick("topics") % 3]


def free_question(topic: str, pick: Hash) -> str:
    """A question about a topic, one of several wordings."""
    return choose(QUESTIONS[topic], pick, topic, "question")


def free_answer(topic: str, talked: Talked, pick: Hash) -> str:
    """The answer to a question about a topic (any but ``quality``)."""
    return _ANSWERS[topic](talked, pick)


def place_of(box: Box, size: Sequence[int]) -> str:
    """Where the middle of a box lies in a photo of ``size`` (height, width), in words."""
    x = (box[0] + box[2]) / 2 / size[1]
    y = (box[1] + box[3]) / 2 / size[0]
    across = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
    down = "upper" if y < 1 / 3 else "lower" if y > 2 / 3 else ""
    if across and down:
        return f"in the {down} {across}"
    if across:
        return f"on the {across}"
    return f"in the {down} part" if down else "in the middle"


def choose(options: Sequence[str], pick: Hash, *what: str) -> str:
    """One of several wordings."""
    return options[pick(*what) % len(options)]


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``; empty for none."""
    return ", ".join([*names[:-2], " and ".join(names[-2:])])


def remedy_for(shown: Shown, pick: Hash) -> str:
    """What would help against a distortion."""
    return choose(wording_of(shown.kind, shown.variant).remedies, pick, shown.kind, "remedy")


def _why(talked: Talked, pick: Hash) -> str:
    if not talked.shown:
        return _clean(pick)
    return _found(talked, pick, mild=("good", "excellent"))


def _wrong(talked: Talked, pick: Hash) -> str:
    return _found(talked, pick, mild=("excellent",)) if talked.shown else _clean(pick)


def _found(talked: Talked, pick: Hash, mild: Sequence[str]) -> str:
    """What is seen; of a region whose quality is one of ``mild``, how little of it shows."""
    if talked.facts.quality_word in mild:
        return choose(phrases.HARDLY, pick, "hardly").format(
            found=listed([one.name for one in talked.shown]), word=talked.facts.quality_word
        )
    parts = [
        f"{one.name}: {choose(wording_of(one.kind, one.variant).effects, pick, one.kind, 'seen')}"
        for one in talked.shown
    ]
    if len(parts) == 1:
        return choose(phrases.ONE, pick, "one").format(part=parts[0])
    return choose(phrases.SEVERAL, pick, "several").format(parts="; ".join(parts))


def _improve(talked: Talked, pick: Hash) -> str:
    if not talked.shown:
        return choose(phrases.KEEP, pick, "keep")
    first, *others = talked.shown
    start = choose(phrases.REMEDY, pick, "remedy")
    said = [start.format(name=_bare(first.name), remedy=remedy_for(first, pick))]
    said += [against(f"the {_bare(one.name)}", remedy_for(one, pick)) for one in others]
    return f"{'; '.join(said)}."


def against(name: str, remedy: str) -> str:
    """What would help against a distortion, as one of several."""
    return phrases.AGAINST.format(name=name, remedy=remedy)


def _bare(name: str) -> str:
    return name.removeprefix("a ")


def _describe(talked: Talked, pick: Hash) -> str:
    percent = max(1, round(100 * talked.share))
    where = (
        "It is the whole photo."
        if percent == 100
        else choose(phrases.WHERE, pick, "where").format(percent=percent, place=talked.place)
    )
    found = listed([one.name for one in talked.shown])
    state = choose(phrases.STATE if found else phrases.STATE_CLEAN, pick, "state")
    return f"{where} {state.format(word=talked.facts.quality_word, found=found)}"


def _matter(talked: Talked, pick: Hash) -> str:
    word = talked.facts.importance_word or ""
    return f"It is {word} to the overall quality: {choose(phrases.MATTER[word], pick, 'matter')}"


def _clean(pick: Hash) -> str:
    return choose(phrases.CLEAN, pick, "clean")


_ANSWERS: Mapping[str, Callable[[Talked, Hash], str]] = {
    "why": _why,
    "wrong": _wrong,
    "improve": _improve,
    "describe": _describe,
    "matter": _matter,
}
