"""Instruction records from a table of opinions: each photo is one region, the whole of it.

    python scripts/nano_opinions.py photos.parquet outputs/opinions

Writes train.jsonl and held_out.jsonl. The split is that of `seagull evaluate --holdout SHARE`, by a
hash of the photo's name, so nothing that is evaluated there was trained on.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from seagull.evaluation.sets import EvaluationSet, open_set, split
from seagull.levels import QUALITY
from seagull.prompts import INSTRUCTIONS, quality_answer
from seagull.records import InstructionRecord, write_records
from seagull.types import AssessmentTask, Message


def main() -> None:
    """Writes both files and says how many records they have."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("table", type=Path, help="Parquet table with image, mos and a name")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--holdout", type=float, default=0.2, help="share that is kept apart")
    options = parser.parse_args()
    whole = open_set(options.table)
    train, held_out = split(whole, options.holdout, seed=0)
    options.out.mkdir(parents=True, exist_ok=True)
    table = Path(os.path.relpath(options.table.resolve(), options.out.resolve()))
    for name, part in (("train", train), ("held_out", held_out)):
        count = write_records(options.out / f"{name}.jsonl", _records(part, table))
        print(f"{name}: {count} records")


def _records(part: EvaluationSet, table: Path) -> Iterator[InstructionRecord]:
    task = AssessmentTask.QUALITY
    for item in part.items():
        row = int(item.id.split(":", 1)[0]) - 1
        (region,), labels = item.regions, dict(item.labels)
        known = labels[region.id].quality
        assert known is not None
        yield InstructionRecord(
            id=item.image,
            image=f"{table.as_posix()}#{row}",
            regions=(region,),
            messages=(
                Message("user", INSTRUCTIONS[task], (region.id,)),
                Message("assistant", quality_answer(QUALITY.word(known)), (), task),
            ),
            labels=labels,
            reference=item.group,
        )


if __name__ == "__main__":
    main()
