"""Measures what "same" means to ``seagull compare``, and how often its verdicts are right.

    python -m benchmarks.compare ../shared/data/bsds500

Pairs of known change are made from held-back scenes (``benchmarks.compare_pairs``). Constants are
fitted on every other scene and written to ``seagull/comparison/measured.json``; the figures are of
the other scenes, between the markers of ``docs/compare.md``. Both belong to the shipped adapter, so
this is run again whenever that changes. ``--dry-run`` prints them for any model and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.compare_figures import figures, fit
from benchmarks.compare_pairs import TYPES, Row, Scene, rows_of, scenes, version
from seagull import load
from seagull.comparison.compare import compare_at_one_size
from seagull.comparison.measured import MEASURED_FILE
from seagull.comparison.types import Verdict
from seagull.inference.assessor import Assessor
from seagull.photos import Photo

ROOT = Path(__file__).resolve().parents[1]
CONSTANTS = ROOT / "seagull" / "comparison" / MEASURED_FILE
DOCS = ROOT / "docs" / "compare.md"
BEGIN, END = "<!-- figures: made by benchmarks/compare.py -->\n", "<!-- end of figures -->\n"
COMMAND = "python -m benchmarks.compare ../shared/data/bsds500"
SWAPPED_LEVEL = 6


def main() -> None:
    """Measures, prints, and writes constants and figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="folder of BSDS500 with val_segments.jsonl")
    parser.add_argument("--model", default="nano", help="name, folder or run")
    parser.add_argument("--scenes", type=int, default=30)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    options = parser.parse_args()
    if options.model != "nano" and not options.dry_run:
        parser.error("the files are of the shipped model: give --dry-run for another one")
    assessor = load(options.model)
    rows: list[Row] = []
    mirrored = pairs = identical = 0
    start = time.perf_counter()
    for scene in scenes(options.data, options.scenes):
        rows += rows_of(scene, assessor)
        right, asked = _mirrored(scene, assessor)
        mirrored, pairs = mirrored + right, pairs + asked
        identical += _identical(scene, assessor)
        print(f"scene {scene.number}: {time.perf_counter() - start:.0f} s", flush=True)
    count = len({row.scene for row in rows})
    fitted = [row for row in rows if row.scene % 2 == 0]
    rest = [row for row in rows if row.scene % 2 == 1]
    measured = fit(fitted, COMMAND, assessor.info.name, assessor.info.revision)
    lines = [
        *figures(rest, fitted, measured),
        "",
        f"Swapped photos gave the mirrored verdicts in {mirrored} of {pairs} pairs, and every "
        f"region of a photo compared with itself was the same in {identical} of {count} scenes.",
    ]
    print("\n".join(lines))
    print(json.dumps(asdict(measured)))
    if not options.dry_run:
        CONSTANTS.write_text(json.dumps(asdict(measured), indent=2) + "\n", "utf-8")
        before, rest_of_page = DOCS.read_text("utf-8").split(BEGIN)
        after = rest_of_page.split(END)[1]
        DOCS.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after, "utf-8")


def _mirrored(scene: Scene, assessor: Assessor) -> tuple[int, int]:
    """In how many pairs of a scene swapping gives the mirrored verdicts, and how many there are."""
    clean = Photo(scene.reference.srgb)
    right = 0
    for kind in TYPES:
        changed = Photo(version(scene, kind, SWAPPED_LEVEL))
        there = compare_at_one_size(assessor, (clean, changed), scene.regions)
        back = compare_at_one_size(assessor, (changed, clean), scene.regions)
        right += all(
            one.change.verdict is other.change.verdict.mirrored
            and one.change.quality == -other.change.quality
            for one, other in zip(there.regions, back.regions, strict=True)
        )
    return right, len(TYPES)


def _identical(scene: Scene, assessor: Assessor) -> bool:
    """Whether a scene compared with itself is the same everywhere, as read: no change at all."""
    photos = [Photo(scene.reference.srgb.copy()) for _ in range(2)]
    made = compare_at_one_size(assessor, (photos[0], photos[1]), scene.regions)
    return all(
        one.change.verdict is Verdict.SAME and one.before.quality == one.after.quality
        for one in made.regions
    )


if __name__ == "__main__":
    main()
