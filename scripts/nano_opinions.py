"""Instruction records from a table of opinions: each photo is one region, the whole of it.

    python scripts/nano_opinions.py photos.parquet outputs/opinions

Writes train.jsonl and held_out.jsonl. The split is that of `seagull evaluate --holdout SHARE`, by a
hash of the photo's name, so nothing that is evaluated there was trained on. With --references
FOLDER, the photos of train.jsonl that people rated best are written there as files, for synthetic
distortion.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image

from seagull.evaluation.sets import EvaluationSet, open_set, split
from seagull.language.prompts import INSTRUCTIONS, quality_answer
from seagull.levels import QUALITY
from seagull.records import InstructionRecord, RegionOrder, write_records
from seagull.types import AssessmentTask, Message


def main() -> None:
    """Writes both files and says how many records they have."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("table", type=Path, help="Parquet table with image, mos and a name")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--holdout", type=float, default=0.2, help="share that is kept apart")
    parser.add_argument("--references", type=Path, help="folder for the photos rated best")
    parser.add_argument("--least", type=float, default=0.78, help="lowest MOS of a reference")
    options = parser.parse_args()
    whole = open_set(options.table)
    train, held_out = split(whole, options.holdout, seed=0)
    options.out.mkdir(parents=True, exist_ok=True)
    table = Path(os.path.relpath(options.table.resolve(), options.out.resolve()))
    for name, part in (("train", train), ("held_out", held_out)):
        count = write_records(
            options.out / f"{name}.jsonl", _records(part, table, options.table.parent.name)
        )
        print(f"{name}: {count} records")
    if options.references:
        count = _write_references(train, options.references, options.least)
        print(f"references: {count} photos")


def _records(part: EvaluationSet, table: Path, subsets: str) -> Iterator[InstructionRecord]:
    task = AssessmentTask.QUALITY
    for item in part.items():
        row = int(item.id.split(":", 1)[0]) - 1
        (region,), labels = item.regions, dict(item.labels)
        known = labels[region.id].quality
        assert known is not None
        # BIQ2021's subsets were gathered and rated apart; the first word of a name says which.
        order = RegionOrder(f"{subsets}/{item.image.split()[0]}")
        labels[region.id] = replace(labels[region.id], order=order)
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


def _write_references(part: EvaluationSet, folder: Path, least: float) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for item in part.items():
        (labels,) = item.labels.values()
        if labels.quality is not None and labels.quality >= least:
            Image.fromarray(item.load().pixels).save(folder / f"{Path(item.image).stem}.png")
            count += 1
    return count


if __name__ == "__main__":
    main()
