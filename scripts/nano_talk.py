"""Free questions to seagull-nano about photos it was not trained on, for a person to read.

    python scripts/nano_talk.py outputs/nano

Takes photos with people's opinions and synthetic versions in turn, asks two or three questions
about one region of each, and prints what is known beside the answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import numpy as np

from seagull import load
from seagull.records import InstructionRecord, read_records
from seagull.records.photos import record_photo

QUESTIONS = (
    ("How good is the quality of this region?", "Why?", "What would improve it?"),
    ("Describe the region.", "What is wrong with it?"),
    ("Is the quality of this region all right?", "How could I fix that?"),
    ("What spoils it?", "How much does it matter for the photo?"),
)


def main() -> None:
    """Prints questions and answers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("nano", type=Path, help="folder of `make nano`, with opinions and data")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--photos", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model, rng = load(options.model), np.random.default_rng(options.seed)
    files = (
        options.nano / "opinions/held_out.jsonl",
        options.nano / "data/versions/validation.jsonl",
    )
    half = -(-options.photos // 2)
    drawn = [_drawn(file, half, rng) for file in files]
    pairs = [pair for both in zip_longest(*drawn) for pair in both if pair]
    for number, (file, record) in enumerate(pairs[: options.photos]):
        photo = record_photo(record.image, file.parent)
        regions = [spec.build(photo, folder=file.parent) for spec in record.regions]
        name = regions[0].id
        known = record.labels[name]
        found = None if known.distortions is None else [*map(" ".join, known.distortions)]
        print(f"\n{record.id}: known quality {known.quality:.2f}, distortions {found}")
        chat = model.chat(photo, regions)
        for question in QUESTIONS[number % len(QUESTIONS)]:
            print(f"  > {question}\n  {''.join(chat.ask(question, [name])).strip()}")


def _drawn(
    file: Path, count: int, rng: np.random.Generator
) -> Iterator[tuple[Path, InstructionRecord]]:
    records = [record for record in read_records(file) if record.labels]
    for number in rng.choice(len(records), count, replace=False):
        yield file, records[int(number)]


if __name__ == "__main__":
    main()
