"""What a model's head reads of regions of a set of versions, for its conversations about quality.

    python scripts/nano_readings.py outputs/nano/1-regions outputs/nano/data/versions/train.jsonl \
        outputs/nano/data/readings.jsonl --share 0.2

How good a distorted region looks to people is in no label, so conversations about it take over
what a model that has learned MOS and order reads (``versions.readings`` of `seagull-data
versions`).
"""

from __future__ import annotations

import argparse
import json
from hashlib import blake2b
from pathlib import Path

from seagull import load
from seagull.evaluation.sets import open_set


def main() -> None:
    """Writes a line for each region of the chosen photos and says how many there are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("model", help="run folder with a head")
    parser.add_argument("records", type=Path, help="train.jsonl of `seagull-data versions`")
    parser.add_argument("out", type=Path, help="JSONL to write")
    parser.add_argument("--share", type=float, default=1.0, help="of the photos, by their names")
    options = parser.parse_args()
    assessor = load(options.model)
    count = 0
    with options.out.open("w", encoding="utf-8") as out:
        for item in open_set(options.records).items():
            if _place(item.image) >= options.share:
                continue
            photo = item.load()
            report = assessor.assess(photo, item.build(photo), tasks=["quality"])
            for read in report.regions:
                assert read.quality is not None  # it was asked for
                row = {
                    "image": item.image,
                    "region": read.region.id,
                    "quality": round(read.quality.score, 5),
                    "std": round(read.quality.std, 5),
                }
                out.write(json.dumps(row) + "\n")
                count += 1
    print(f"{count} regions")


def _place(name: str) -> float:
    """A number in [0, 1) that follows from a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=6).digest(), "big") / 2**48


if __name__ == "__main__":
    main()
