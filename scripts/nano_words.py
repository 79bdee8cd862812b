"""How often seagull-nano's free answers name what a region has, and a remedy for it.

    python scripts/nano_words.py outputs/nano/data/versions/validation.jsonl

Regions of photos it was not trained on, with one distortion above trivial or none, in equal
numbers, are asked what is wrong and what would improve them, one after the other. An answer is
right if it speaks of the region's distortion type, or of nothing where there is none, and of no
other; by the phrases that the conversations trained on were made of. Counted against the labels,
and against what the report says of the same region. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from data_tools.versions.phrases import CLEAN, KEEP
from data_tools.versions.wording import WORDINGS
from seagull import load
from seagull.inference.chat import Chat
from seagull.levels import SEVERITY
from seagull.prompts import CLEAN_ANSWER
from seagull.record_photos import record_photo
from seagull.records import InstructionRecord, read_records
from seagull.types import DistortionType

QUESTIONS = {"wrong": "What is wrong with it?", "improve": "What would improve it?"}
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
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--untold", action="store_true", help="answers go on from no findings")
    options = parser.parse_args()
    model, phrases = load(options.model), phrases_by_length()
    right = defaultdict[str, list[bool]](list)
    for known, record in drawn(options.records, options.each, options.seed):
        photo = record_photo(record.image, options.records.parent)
        regions = [spec.build(photo, folder=options.records.parent) for spec in record.regions]
        (read,) = model.assess(photo, regions, tasks=["distortion"]).regions
        said = {found.type.value for found in read.distortions or ()} or {CLEAN_REGION}
        right["report"].append(said == {known})
        chat = Chat(model.engine, photo, regions) if options.untold else model.chat(photo, regions)
        print(f"\n{record.id}: {known}, report {', '.join(sorted(said))}")
        for name, question in QUESTIONS.items():
            answer = "".join(chat.ask(question)).strip()
            spoken = spoken_of(answer, phrases)
            right[name].append(spoken == {known})
            right[f"{name} as report"].append(spoken == said)
            right[f"{name}, {known}"].append(spoken == {known})
            print(f"  > {question}\n  {answer}  [{', '.join(sorted(spoken))}]")
    shares = {name: round(float(np.mean(each)), 4) for name, each in right.items()}
    for name, share in shares.items():
        print(f"{name:24} {share:.3f} of {len(right[name])}")
    print(json.dumps({"told": not options.untold, **shares}))


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


def phrases_by_length() -> dict[str, str]:
    """What an answer may contain, longest first, and the type it speaks of, or clean."""
    phrases = {phrase: CLEAN_REGION for phrase in (*CLEAN, *KEEP, CLEAN_ANSWER)}
    phrases |= {kind.value: kind.value for kind in DistortionType}
    for variant, words in WORDINGS.items():
        kind = VARIANTS.get(variant.split("-")[0]) or DistortionType(variant)
        phrases |= dict.fromkeys((words.name, *words.effects, *words.remedies), kind.value)
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
