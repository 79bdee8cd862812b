"""The photos of a table of opinions that people liked best, as files for synthetic distortion.

    python scripts/nano_references.py photos.parquet outputs/references

Only photos that nano_opinions.py trains on are taken, none of those held out. They are not
pristine: reduce them (``reference.long_side``), which leaves little of what is wrong with them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from PIL import Image

from seagull.evaluation.sets import open_set, split


def main() -> None:
    """Writes the photos and says how many."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("table", type=Path, help="Parquet table with image, mos and a name")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--holdout", type=float, default=0.2, help="share that is kept apart")
    parser.add_argument("--least", type=float, default=0.78, help="lowest MOS of a reference")
    options = parser.parse_args()
    train, _ = split(open_set(options.table), options.holdout, seed=0)
    options.out.mkdir(parents=True, exist_ok=True)
    count = 0
    for item in train.items():
        (labels,) = item.labels.values()
        if labels.quality is None or labels.quality < options.least:
            continue
        path = options.out / f"{Path(item.image).stem}.png"
        Image.fromarray(item.load().pixels).save(path)
        count += 1
    print(f"{count} photos")


if __name__ == "__main__":
    main()
