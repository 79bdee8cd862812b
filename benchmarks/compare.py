"""Measures what "same" means to ``seagull compare``, and how often its verdicts are right.

    python -m benchmarks.compare ../shared/data/bsds500

Pairs of known change are made from held-back scenes (``benchmarks.compare_pairs``). Constants are
fitted on every other scene and written to ``seagull/comparison/measured.json``; the figures are of
the other scenes, between the markers of ``docs/compare.md``. Both belong to the shipped adapter, so
this is run again whenever that changes. ``--dry-run`` prints them for any model and writes neither.
What was read of a scene is kept in ``--rows``, where a second run finds it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import compare_pairs
from benchmarks.compare_figures import figures
from benchmarks.compare_fit import fit
from benchmarks.compare_pairs import TYPES, Row, Scene, rows_of, scenes, version
from seagull import load
from seagull.comparison.compare import compare_at_one_size
from seagull.comparison.measured import MEASURED_FILE
from seagull.comparison.types import Verdict
from seagull.inference.folder import AssessesPhotos
from seagull.photos import Photo
from seagull.reports.keyed_lines import KeyedLines

ROOT = Path(__file__).resolve().parents[1]
CONSTANTS = ROOT / "seagull" / "comparison" / MEASURED_FILE
DOCS = ROOT / "docs" / "compare.md"
ROWS = ROOT / "outputs" / "compare-benchmark.jsonl"
BEGIN, END = "<!-- figures: made by benchmarks/compare.py -->\n", "<!-- end of figures -->\n"
COMMAND = "python -m benchmarks.compare ../shared/data/bsds500"
SCHEMA = "seagull.compare_benchmark/1"
SCENES = 50
SWAPPED_LEVEL = 6
SWAPPED_TYPES = 2


@dataclass(frozen=True)
class SceneResult:
    """What was read of one scene.

    Args:
        rows: of its pairs.
        mirrored: pairs whose swapped photos gave the mirrored verdicts.
        swapped: pairs that were swapped.
        identical: whether the scene compared with itself was the same everywhere.
    """

    rows: tuple[Row, ...]
    mirrored: int
    swapped: int
    identical: bool


def main() -> None:
    """Measures, prints, and writes constants and figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("data", type=Path, help="folder of BSDS500 with val_segments.jsonl")
    parser.add_argument("--model", default="nano", help="name, folder or run")
    parser.add_argument("--scenes", type=int, default=SCENES)
    parser.add_argument("--rows", type=Path, default=ROWS, help="keeps what was read")
    parser.add_argument("--dry-run", action="store_true", help="write no constants and figures")
    options = parser.parse_args()
    if not options.dry_run and (options.model, options.scenes) != ("nano", SCENES):
        parser.error("the files are of the shipped model and all scenes: else give --dry-run")
    assessor = load(options.model)
    model = f"{assessor.info.name} {assessor.info.revision}"
    results = list(measure(assessor, model, scenes(options.data, options.scenes), options.rows))
    rows = [row for one in results for row in one.rows]
    fitted = [row for row in rows if row.scene % 2 == 0]
    rest = [row for row in rows if row.scene % 2 == 1]
    measured = fit(fitted, COMMAND, assessor.info.name, assessor.info.revision)
    lines = [
        *figures(rest, fitted, measured),
        "",
        f"Swapped photos gave the mirrored verdicts in {sum(one.mirrored for one in results)} of "
        f"{sum(one.swapped for one in results)} pairs, and every region of a photo compared with "
        f"itself was the same in {sum(one.identical for one in results)} of {len(results)} scenes.",
    ]
    print("\n".join(lines))
    print(json.dumps(asdict(measured)))
    if not options.dry_run:
        CONSTANTS.write_text(json.dumps(asdict(measured), indent=2) + "\n", "utf-8")
        before, rest_of_page = DOCS.read_text("utf-8").split(BEGIN)
        after = rest_of_page.split(END)[1]
        DOCS.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after, "utf-8")


def measure(
    assessor: AssessesPhotos, model: str, given: Iterator[Scene], kept: Path
) -> Iterator[SceneResult]:
    """What is read of each scene: now, or before by the same model of the same pairs.

    Args:
        assessor: the model.
        model: its name and revision.
        given: the scenes.
        kept: a file of JSON Lines, made if missing, to which each scene is added.
    """
    pairs = hashlib.sha256(Path(compare_pairs.__file__).read_bytes()).hexdigest()[:16]
    kept.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    with KeyedLines(kept, SCHEMA, lambda plain: str(plain["key"])) as lines:
        for count, scene in enumerate(given, start=1):
            key = f"{model}, pairs {pairs}, {scene.number} {scene.reference.image_id}"
            earlier = lines.find(key, _from_dict)
            result = earlier or _result(scene, assessor)
            if earlier is None:
                made = {"schema": SCHEMA, "key": key, **asdict(result)}
                lines.add(key, json.dumps(made) + "\n")
            yield result
            print(f"scene {count}: {time.perf_counter() - start:.0f} s", flush=True)


def _from_dict(plain: dict[str, Any]) -> SceneResult:
    rows = tuple(
        Row(**{**one, "flips": tuple((kind, move) for kind, move in one["flips"])})
        for one in plain["rows"]
    )
    return SceneResult(rows, plain["mirrored"], plain["swapped"], plain["identical"])


def _result(scene: Scene, assessor: AssessesPhotos) -> SceneResult:
    turn = scene.number // 2
    kinds = [TYPES[(turn + 3 * place) % len(TYPES)] for place in range(SWAPPED_TYPES)]
    mirrored = 0
    clean = Photo(scene.reference.srgb)
    for kind in kinds:
        changed = Photo(version(scene, kind, SWAPPED_LEVEL))
        there = compare_at_one_size(assessor, (clean, changed), scene.regions)
        back = compare_at_one_size(assessor, (changed, clean), scene.regions)
        mirrored += all(
            one.change.verdict is other.change.verdict.mirrored
            and one.change.quality == -other.change.quality
            for one, other in zip(there.regions, back.regions, strict=True)
        )
    rows = tuple(rows_of(scene, assessor))
    return SceneResult(rows, mirrored, len(kinds), _identical(scene, assessor))


def _identical(scene: Scene, assessor: AssessesPhotos) -> bool:
    """Whether a scene compared with itself is the same everywhere, as read: no change at all."""
    photos = [Photo(scene.reference.srgb.copy()) for _ in range(2)]
    made = compare_at_one_size(assessor, (photos[0], photos[1]), scene.regions)
    return all(
        one.change.verdict is Verdict.SAME and one.before.quality == one.after.quality
        for one in made.regions
    )


if __name__ == "__main__":
    main()
