"""What the comparison in docs/baselines.md learns from and is evaluated on.

Records are chosen once and written to OUT/data, so that no run reads a hundred thousand lines that
it does not need, and all get the same photos.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scripts.baselines_plan import PHOTOS, SCENES, SMALL, Run
from seagull.evaluation.sets import EvaluationSet, open_set

HELD_OUT, CLIVE, REGIONS = "held_out", "clive", "regions"
FIGURES = {HELD_OUT: ("srcc", "plcc"), CLIVE: ("srcc", "plcc"), REGIONS: ("pairs", "importance")}
"""Of each set; the first is the one whose differences are reported."""

Plain = dict[str, Any]


@dataclass(frozen=True)
class Places:
    """Folders of the comparison.

    Args:
        data: with ``clive/select.parquet``.
        made: with ``opinions/`` and, for regions, ``data/versions/``.
        out: of runs, predictions and results.
    """

    data: Path
    made: Path
    out: Path

    @property
    def opinions(self) -> Path:
        """Training photos with MOS."""
        return self.made / "opinions" / "train.jsonl"

    def versions(self, part: str) -> Path:
        """Records of synthetic regions, ``train`` or ``validation``."""
        return self.made / "data" / "versions" / f"{part}.jsonl"

    def missing(self) -> list[str]:
        """What the comparison cannot do without and is not there, a line each."""
        wanted = (self.opinions, self.made / "opinions" / "held_out.jsonl", self.clive)
        return [str(file) for file in wanted if not file.is_file()]

    @property
    def has_regions(self) -> bool:
        """Whether there are synthetic regions."""
        return self.versions("train").is_file() and self.versions("validation").is_file()

    @property
    def clive(self) -> Path:
        """The table of another collection."""
        return self.data / "clive" / "select.parquet"


def sources(places: Places, run: Run) -> list[Plain]:
    """The training sources of a run, as its settings name them."""
    own: list[Plain] = [{"path": str(photos(places, run.part, run.seed))}]
    if run.variant.sees_regions:
        own.append({"path": str(training_regions(places)), "weight": 0.3})
    return own


def photos(places: Places, part: str, seed: int) -> Path:
    """The records of a part's whole photos: all, or a tenth drawn by the seed."""
    if part != SMALL:
        return places.opinions
    lines = places.opinions.read_text(encoding="utf-8").splitlines()
    drawn = np.random.default_rng(seed).permutation(len(lines))[: len(lines) // 10]
    chosen = set(drawn.tolist())
    return _written(
        places.out / "data" / f"{part}-{seed}.jsonl",
        places.opinions,
        lambda number, plain: number in chosen,
    )


def training_regions(places: Places) -> Path:
    """Records of all versions of the first scene of each photo."""
    source = places.versions("train")
    return _written(
        places.out / "data" / "regions-train.jsonl", source, lambda number, plain: _first(plain)
    )


def evaluated(places: Places) -> dict[str, EvaluationSet]:
    """The evaluation sets by name; without synthetic regions there are two."""
    sets = {
        HELD_OUT: open_set(places.made / "opinions" / "held_out.jsonl"),
        CLIVE: open_set(places.clive),
    }
    if places.has_regions:
        sets[REGIONS] = open_set(_validation_regions(places))
    return sets


def limit(name: str) -> int | None:
    """Most photos of a set that are evaluated; regions are chosen before."""
    return None if name == REGIONS else PHOTOS


def _validation_regions(places: Places) -> Path:
    """Records of all versions of the first scene of each of the first photos."""
    seen = set[str]()

    def keeps(number: int, plain: Plain) -> bool:
        if not _first(plain):
            return False
        if len(seen) < SCENES:
            seen.add(plain["reference"])
        return plain["reference"] in seen

    target = places.out / "data" / "regions.jsonl"
    return _written(target, places.versions("validation"), keeps)


def _first(plain: Plain) -> bool:
    """Whether a version is of its photo's first scene: their files are PHOTO.SCENE.VERSION.png."""
    return str(plain["image"]).rsplit(".", 2)[0].endswith(".0")


def _written(target: Path, source: Path, keeps: Callable[[int, Plain], bool]) -> Path:
    """Some records of a file in another one, whole or not at all; made once."""
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    back = os.path.relpath(source.parent.resolve(), target.parent.resolve())
    scratch = target.with_suffix(".partial")
    with scratch.open("w", encoding="utf-8") as out:
        for number, plain in enumerate(_lines(source)):
            if keeps(number, plain):
                out.write(json.dumps({**plain, "image": f"{back}/{plain['image']}"}) + "\n")
    scratch.replace(target)
    return target


def _lines(source: Path) -> Iterator[Plain]:
    with source.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)
