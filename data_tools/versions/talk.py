"""Questions in free words and answers put together from what is known of a region."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from data_tools.turns import Hash, RegionFacts
from data_tools.versions.wording import wording_of
from seagull.types import Box

QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "quality": (
        "How good is the quality of this region?",
        "What is the quality of this region?",
        "Rate the quality of this region.",
        "How would you grade the quality here?",
        "Tell me how good this region looks.",
        "Is the quality of this region all right?",
    ),
    "why": (
        "Why?",
        "What is the reason?",
        "How do you come to that?",
        "Why do you think so?",
        "What makes you say so?",
        "Can you explain that?",
        "On what do you base that?",
    ),
    "wrong": (
        "What is wrong with it?",
        "What is the problem with this region?",
        "Is anything wrong here?",
        "What spoils it?",
        "Which faults do you see?",
        "Does anything disturb you in this region?",
        "What do you find fault with?",
    ),
    "improve": (
        "What would improve it?",
        "How could this region be improved?",
        "What should be changed?",
        "How do I make it better?",
        "What would you do about it?",
        "Which change would help most?",
        "What could the photographer have done better?",
    ),
    "describe": (
        "Describe the region.",
        "Tell me about this region.",
        "Give me an overview of this region.",
        "Summarise what you see there in terms of quality.",
        "Describe the state of this region.",
        "Sum up this region for me.",
    ),
    "matter": (
        "How much does it matter for the photo?",
        "Does this region affect the whole photo?",
        "What does it mean for the photo as a whole?",
        "Does the photo suffer from it?",
        "How strongly does it weigh on the overall quality?",
        "Is it a problem for the picture as a whole?",
    ),
}


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
    return _choose(QUESTIONS[topic], pick, topic, "question")


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


def _choose(options: Sequence[str], pick: Hash, *what: str) -> str:
    return options[pick(*what) % len(options)]


def _why(talked: Talked, pick: Hash) -> str:
    if not talked.shown:
        return _clean(pick)
    return _found(talked, pick, mild=("good", "excellent"))


def _wrong(talked: Talked, pick: Hash) -> str:
    return _found(talked, pick, mild=("excellent",)) if talked.shown else _clean(pick)


def _found(talked: Talked, pick: Hash, mild: Sequence[str]) -> str:
    """What is seen; of a region whose quality is one of ``mild``, how little of it shows."""
    if talked.facts.quality_word in mild:
        return _choose(_HARDLY, pick, "hardly").format(
            found=_listed([one.name for one in talked.shown]), word=talked.facts.quality_word
        )
    parts = [
        f"{one.name}: {_choose(wording_of(one.kind, one.variant).effects, pick, one.kind, 'seen')}"
        for one in talked.shown
    ]
    if len(parts) == 1:
        return _choose(_ONE, pick, "one").format(part=parts[0])
    return _choose(_SEVERAL, pick, "several").format(parts="; ".join(parts))


def _improve(talked: Talked, pick: Hash) -> str:
    if not talked.shown:
        return _choose(_KEEP, pick, "keep")
    remedies = [
        _choose(wording_of(one.kind, one.variant).remedies, pick, one.kind, "remedy")
        for one in talked.shown
    ]
    if len(remedies) == 1:
        return _choose(_REMEDY, pick, "remedy").format(remedy=remedies[0])
    against = [
        f"{remedy} against the {one.name.removeprefix('a ')}"
        for remedy, one in zip(remedies, talked.shown, strict=True)
    ]
    return _choose(_REMEDIES, pick, "remedies").format(remedies="; ".join(against))


def _describe(talked: Talked, pick: Hash) -> str:
    percent = max(1, round(100 * talked.share))
    where = (
        "It is the whole photo."
        if percent == 100
        else _choose(_WHERE, pick, "where").format(percent=percent, place=talked.place)
    )
    found = _listed([one.name for one in talked.shown])
    state = _choose(_STATE if found else _STATE_CLEAN, pick, "state")
    return f"{where} {state.format(word=talked.facts.quality_word, found=found)}"


def _matter(talked: Talked, pick: Hash) -> str:
    word = talked.facts.importance_word or ""
    if not talked.shown:
        return _choose(_NO_MATTER, pick, "matter")
    return f"It is {word} to the overall quality: {_choose(_MATTER[word], pick, 'matter')}"


def _clean(pick: Hash) -> str:
    return _choose(_CLEAN, pick, "clean")


def _listed(names: Sequence[str]) -> str:
    return (
        names[0]
        if len(names) == 1
        else ", ".join(names[:-1]) + " and " + names[-1]
        if names
        else ""
    )


_CLEAN = (
    "Nothing visible is wrong with it.",
    "I see no distortion in this region.",
    "It is clean: nothing visible is wrong.",
    "Nothing is wrong here; no distortion can be seen.",
)
_KEEP = (
    "No change is needed.",
    "Nothing; it needs no change.",
    "It can stay as it is, no change is needed.",
    "There is nothing to improve here, so no change is needed.",
)
_HARDLY = (
    "There is {found}, but little of it shows here, so the quality is still {word}.",
    "It shows {found}, which does little harm to this content; the quality stays {word}.",
    "I do see {found}, but it hardly disturbs, so the quality is {word}.",
    "Its only fault is {found}, and that does not show much here; hence {word}.",
)
_ONE = (
    "There is {part}.",
    "It shows {part}.",
    "The problem is {part}.",
    "I see {part}.",
    "It suffers from {part}.",
)
_SEVERAL = (
    "Several things come together. It shows {parts}.",
    "There is more than one problem. I see {parts}.",
    "It has several faults: {parts}.",
    "More than one distortion shows. There is {parts}.",
)
_REMEDY = (
    "This would help: {remedy}.",
    "I would recommend {remedy}.",
    "What would improve it is {remedy}.",
    "It calls for {remedy}.",
    "Try {remedy}.",
)
_REMEDIES = (
    "Several things would help: {remedies}.",
    "I would recommend {remedies}.",
    "It calls for more than one change: {remedies}.",
    "Try {remedies}.",
)
_WHERE = (
    "It covers about {percent} % of the photo, {place}.",
    "It takes up about {percent} % of the photo and lies {place}.",
    "The region lies {place} and fills about {percent} % of the photo.",
    "It is a part {place}, about {percent} % of the photo.",
)
_STATE = (
    "The quality is {word}, with {found}.",
    "It shows {found}, and its quality is {word}.",
    "There is {found}; the quality is {word}.",
    "I see {found} and call the quality {word}.",
)
_STATE_CLEAN = (
    "The quality is {word}, and no distortion shows.",
    "It is free of visible distortion; the quality is {word}.",
    "No distortion can be seen, and the quality is {word}.",
    "Nothing is distorted there. The quality is {word}.",
)
_NO_MATTER = (
    "It is unimportant to the overall quality: no distortion shows in it.",
    "Not at all; without distortions it is unimportant to the overall quality.",
    "It takes nothing away from the photo, so it is unimportant to the overall quality.",
    "No. Nothing is wrong with it, which makes it unimportant to the overall quality.",
)
_MATTER: Mapping[str, tuple[str, ...]] = {
    "unimportant": (
        "nearly every other distorted region would harm the photo more.",
        "the photo as a whole hardly changes with it.",
        "what is wrong with it takes next to nothing from the photo.",
        "the photo looks much the same with or without this fault.",
    ),
    "minor": (
        "most distorted regions would harm the photo more.",
        "the photo suffers a little, less than from most such faults.",
        "its fault takes only a little from the photo.",
        "the harm to the photo is below the average of such faults.",
    ),
    "normal": (
        "it harms the photo about as much as a distorted region usually does.",
        "the photo suffers from it to an average degree.",
        "the harm to the photo is neither small nor great.",
        "about as many distorted regions harm a photo more as harm it less.",
    ),
    "important": (
        "it harms the photo more than most distorted regions would.",
        "the photo clearly suffers from it.",
        "its fault takes much from the photo.",
        "the harm to the photo is above the average of such faults.",
    ),
    "essential": (
        "hardly any distorted region would harm the photo more.",
        "the photo as a whole suffers badly from it.",
        "its fault decides how the whole photo looks.",
        "few faults of a region harm a photo as much.",
    ),
}
_ANSWERS: Mapping[str, Callable[[Talked, Hash], str]] = {
    "why": _why,
    "wrong": _wrong,
    "improve": _improve,
    "describe": _describe,
    "matter": _matter,
}
