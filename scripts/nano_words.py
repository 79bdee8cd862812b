"""How often seagull-nano's free answers name what a region has, and a remedy for it.

    python scripts/nano_words.py outputs/nano/data/versions/validation.jsonl

Regions of photos it was not trained on, with one distortion above trivial or none, in equal
numbers, are asked what is wrong and what would improve them, one after the other. An answer is
right if it speaks of the region's distortion type, or of nothing where there is none, and of no
other; by the phrases that the conversations trained on were made of, which for an improvement are
those of remedies alone. Counted against the labels, and against what the report says of the same
region. Then two regions of a photo, one distorted and one clean or both clean, are asked about at
once, half of them called by words that may mislead: which is the worst, the best, the most
important, and what is wrong with each. What the report says in words (``--text`` of the command) is
compared with what it says in numbers, too. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_tools.versions.phrases import CLEAN, EACH_CLEAN, EACH_KEEP, KEEP
from data_tools.versions.wording import WORDINGS
from seagull import load
from seagull.inference.assessor import Assessor
from seagull.inference.chat import Chat
from seagull.language.findings import (
    BEST,
    MOST_IMPORTANT,
    WORST,
    Extreme,
    Findings,
    conclusion,
    most_important_first,
    worst_first,
)
from seagull.language.prompts import CLEAN_ANSWER, importance_answer, quality_answer
from seagull.levels import SEVERITY
from seagull.photos import Photo
from seagull.records import InstructionRecord, read_records
from seagull.records.photos import record_photo
from seagull.types import DistortionType, Region, RegionAssessment

QUESTIONS = {"wrong": "What is wrong with it?", "improve": "What would improve it?"}
MOST = {
    WORST: "Which of these regions is the worst?",
    BEST: "Which of these regions is the best?",
    MOST_IMPORTANT: "Which of them matters most for the photo?",
}
EACH = "What is wrong with them?"
CALLED = (None, ("blurred", "untouched"), None, ("sky", "face"))
"""What the two regions of a photo are called, in turn; None: as their records call them."""
FORM = "distortion"
"""The question whose records are drawn: there is one of each region whose distortions are known."""
CLEAN_REGION = "clean"
VARIANTS = {
    "gaussian": DistortionType.BLUR,
    "disc": DistortionType.BLUR,
    "motion": DistortionType.BLUR,
    "saturation": DistortionType.COLORFULNESS,
    "jpeg": DistortionType.COMPRESSION,
    "slope": DistortionType.CONTRAST,
    "gain": DistortionType.EXPOSURE,
}
"""Types of the wordings that are not named after theirs."""


def main() -> None:
    """Prints questions, answers and shares."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("records", type=Path, help="validation records of `make nano`")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--each", type=int, default=12, help="regions of each type, and clean ones")
    parser.add_argument("--pairs", type=int, default=24, help="photos asked about two regions of")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--untold", action="store_true", help="answers go on from no findings")
    options = parser.parse_args()
    asker = Asker(load(options.model), options.records.parent, told=not options.untold)
    for known, record in drawn(options.records, options.each, options.seed):
        asker.ask_about(known, record)
    for clean in (False, True):
        for pair in drawn_pairs(options.records, options.pairs, options.seed, clean=clean):
            asker.ask_about_both(*pair)
    shares = {name: round(float(np.mean(each)), 4) for name, each in asker.right.items()}
    for name, share in shares.items():
        print(f"{name:32} {share:.3f} of {len(asker.right[name])}")
    print(json.dumps({"told": not options.untold, **shares}))


class Asker:
    """Asks a model about regions, and notes which answers are right.

    Args:
        model: the model.
        folder: where photos and masks of records are.
        told: whether chats go on from what the head reads.
    """

    def __init__(self, model: Assessor, folder: Path, *, told: bool) -> None:
        self.model, self.folder, self.told = model, folder, told
        self.phrases, self.remedies = phrases_by_length(), remedies_by_length()
        self.right = defaultdict[str, list[bool]](list)

    def ask_about(self, known: str, record: InstructionRecord) -> None:
        """The report in words, and both questions about the region of a record."""
        photo, regions = self._built(record)
        (read,) = self.model.assess(photo, regions, text=True).regions
        said = said_of(read)
        self.right["report"].append(said == {known})
        for task, agrees in in_words(read, said, self.phrases).items():
            self.right[f"{task} in words, as report"].append(agrees)
        print(f"\n{record.id}: {known}, report {', '.join(sorted(said))}")
        chat = self._chat(photo, regions)
        for name, phrases in (("wrong", self.phrases), ("improve", self.remedies)):
            spoken = spoken_of(_answer(chat, QUESTIONS[name]), phrases)
            self.right[name].append(spoken == {known})
            self.right[f"{name} as report"].append(spoken == said)
            self.right[f"{name}, {known}"].append(spoken == {known})

    def ask_about_both(self, other: InstructionRecord, clean: InstructionRecord) -> None:
        """The questions about a distorted or clean region and a clean one of the same photo."""
        two = "two clean" if types_of(other) == {CLEAN_REGION} else "two"
        number = len(self.right[f"wrong of {two}"])
        both = [other, clean] if number // len(CALLED) % 2 else [clean, other]
        photo, regions = self._built(*both)
        if called := CALLED[number % len(CALLED)]:
            regions = [replace(one, id=id) for one, id in zip(regions, called, strict=True)]
        read = self.model.assess(photo, regions).regions
        said = [said_of(one) for one in read]
        ids = [region.id for region in regions]
        print(f"\n{both[0].id}, {both[1].id} as {', '.join(ids)}: report {said}")
        chat = self._chat(photo, regions)
        for extreme, groups in most_of(read).items():
            spoken_most = _answer(chat, MOST[extreme])
            told = conclusion(groups, extreme) in spoken_most
            self.right[f"{extreme.most} of {two} as report"].append(told)
            if extreme is WORST and two == "two":
                named = conclusion([[ids[both.index(other)]], []], WORST)
                self.right["worst of two"].append(named in spoken_most)
        parts = by_region(_answer(chat, EACH))
        spoken = [spoken_of(parts.get(id, ""), self.phrases) for id in ids]
        self.right[f"wrong of {two}"].append(spoken == [types_of(one) for one in both])
        self.right[f"wrong of {two} as report"].append(spoken == said)

    def _built(self, *records: InstructionRecord) -> tuple[Photo, list[Region]]:
        photo = record_photo(records[0].image, self.folder)
        specs = [spec for record in records for spec in record.regions]
        return photo, [spec.build(photo, folder=self.folder) for spec in specs]

    def _chat(self, photo: Photo, regions: Sequence[Region]) -> Chat:
        if self.told:
            return self.model.chat(photo, regions)
        return Chat(self.model.engine, photo, regions)


def _answer(chat: Chat, question: str) -> str:
    answer = "".join(chat.ask(question)).strip()
    print(f"  > {question}\n  {answer}")
    return answer


def drawn(records: Path, each: int, seed: int) -> Iterator[tuple[str, InstructionRecord]]:
    """So many records of every kind, and the kind: a type, or clean."""
    found = defaultdict[str, list[InstructionRecord]](list)
    for record in read_records(records):
        labels = next(iter(record.labels.values()))
        if record.id.endswith(f".{FORM}") and labels.distortions is not None:
            if not labels.distortions:
                found[CLEAN_REGION].append(record)
            elif len(labels.distortions) == 1 and labels.distortions[0][1] != SEVERITY.words[0]:
                found[labels.distortions[0][0].value].append(record)
    rng = np.random.default_rng(seed)
    for kind in sorted(found):
        for number in rng.choice(len(found[kind]), min(each, len(found[kind])), replace=False):
            yield kind, found[kind][number]


def drawn_pairs(
    records: Path, count: int, seed: int, *, clean: bool = False
) -> Iterator[tuple[InstructionRecord, InstructionRecord]]:
    """A distorted region (severity above minor), or a second clean one, and a clean one."""
    photos = defaultdict[str, list[InstructionRecord]](list)
    for record in read_records(records):
        if record.id.endswith(f".{FORM}"):
            photos[record.image].append(record)
    pairs = []
    for own in photos.values():
        untouched = [record for record in own if types_of(record) == {CLEAN_REGION}]
        others = untouched[1:] if clean else [record for record in own if _shows(record)]
        if others and untouched:
            pairs.append((others[0], untouched[0]))
    rng = np.random.default_rng(seed)
    for number in rng.choice(len(pairs), min(count, len(pairs)), replace=False):
        yield pairs[number]


def _shows(record: InstructionRecord) -> bool:
    found = next(iter(record.labels.values())).distortions or ()
    return bool(found) and all(severity in SEVERITY.words[2:] for _, severity in found)


def types_of(record: InstructionRecord) -> set[str]:
    """The types of the only region of a record, or clean."""
    found = next(iter(record.labels.values())).distortions
    return {kind.value for kind, _ in found or ()} or {CLEAN_REGION}


def said_of(read: RegionAssessment) -> set[str]:
    """The types that a report names, or clean."""
    return {found.type.value for found in read.distortions or ()} or {CLEAN_REGION}


def most_of(read: Sequence[RegionAssessment]) -> dict[Extreme, list[list[str]]]:
    """Ids of regions in groups that are alike by a report, those that are the most first."""
    known = {
        one.region.id: Findings(
            one.quality.level,
            tuple((found.type, found.severity) for found in one.distortions or ()),
        )
        for one in read
        if one.quality is not None
    }
    matter = {one.region.id: one.importance.level for one in read if one.importance is not None}
    groups = worst_first(known)
    return {
        WORST: groups,
        BEST: groups[::-1],
        MOST_IMPORTANT: most_important_first(matter),
    }


def in_words(read: RegionAssessment, said: set[str], phrases: Mapping[str, str]) -> dict[str, bool]:
    """Whether a report says in words what it says in numbers, for each task that it answers."""
    agrees = {"distortion": spoken_of(read.text["distortion"], phrases) == said}
    if (quality := read.quality) is not None:
        agrees["quality"] = read.text["quality"] == quality_answer(quality.level)
    if (importance := read.importance) is not None:  # a whole photo has none
        agrees["importance"] = read.text["importance"] == importance_answer(importance.level)
    return agrees


def by_region(answer: str) -> dict[str, str]:
    """What an answer says of each region that it names, by id."""
    pieces = re.split(r"\bregion ([\w-]+):", answer, flags=re.IGNORECASE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def phrases_by_length() -> dict[str, str]:
    """What an answer may contain, longest first, and the type it speaks of, or clean."""
    phrases = {
        phrase: CLEAN_REGION for phrase in (*CLEAN, *KEEP, EACH_CLEAN, EACH_KEEP, CLEAN_ANSWER)
    }
    phrases |= {kind.value: kind.value for kind in DistortionType}
    for variant, words in WORDINGS.items():
        spoken = (words.name, *words.effects, *words.remedies)
        phrases |= dict.fromkeys(spoken, _kind_of(variant).value)
    return _longest_first(phrases)


def remedies_by_length() -> dict[str, str]:
    """The remedies among them, longest first, and the type each is for, or clean."""
    phrases = dict.fromkeys((*KEEP, EACH_KEEP), CLEAN_REGION)
    for variant, words in WORDINGS.items():
        phrases |= dict.fromkeys(words.remedies, _kind_of(variant).value)
    return _longest_first(phrases)


def _kind_of(variant: str) -> DistortionType:
    return VARIANTS.get(variant.split("-", maxsplit=1)[0]) or DistortionType(variant)


def _longest_first(phrases: Mapping[str, str]) -> dict[str, str]:
    lower = {phrase.lower().rstrip("."): kind for phrase, kind in phrases.items()}
    return dict(sorted(lower.items(), key=lambda item: -len(item[0])))


def spoken_of(answer: str, phrases: Mapping[str, str]) -> set[str]:
    """Types that an answer speaks of, ``clean`` for none; longer phrases go before their parts."""
    rest, kinds = answer.lower(), set[str]()
    for phrase, kind in phrases.items():
        if phrase in rest:
            kinds.add(kind)
            rest = rest.replace(phrase, " ")
    return kinds


if __name__ == "__main__":
    main()
