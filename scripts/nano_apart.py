"""Photos that a data set trains on, as input of another one: none that it validates with.

    python scripts/nano_apart.py ../shared/data outputs/nano/data outputs/nano/apart

With another seed ``seagull-data versions`` draws other photos for validation. More scenes of the
first set's training photos are to be made of these photos alone. A photo that is named like one of
validation is left out, wherever it lies.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

FOLDERS = ("bsds500/train", "pristine")
SUFFIXES = {".jpg", ".png", ".webp"}


def main() -> None:
    """Copies the photos and says how many."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("photos", type=Path, help="folder that the data set was made from")
    parser.add_argument("data", type=Path, help="folder of the data set")
    parser.add_argument("out", type=Path, help="folder to copy to")
    options = parser.parse_args()
    apart = validation_names(options.data / "versions" / "validation.jsonl")
    copied = left = 0
    for folder in FOLDERS:
        for photo in sorted((options.photos / folder).rglob("*")):
            if photo.suffix not in SUFFIXES:
                continue
            if photo.stem in apart:
                left += 1
                continue
            target = options.out / photo.relative_to(options.photos)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(photo, target)
            copied += 1
    print(f"{copied} photos in {options.out}, {left} left out")


def validation_names(records: Path) -> set[str]:
    """Names of the photos of validation: a reference's, and what it had before it got a number."""
    with records.open(encoding="utf-8") as lines:
        references = {str(json.loads(line)["reference"]) for line in lines}
    return references | {name.rpartition("-")[0] or name for name in references}


if __name__ == "__main__":
    main()
