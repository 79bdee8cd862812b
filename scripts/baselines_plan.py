"""The runs of the comparison in docs/baselines.md, and about how long they take.

Every system gets the same photos, as many of them, and windows of one size; only nano's network
takes its own, of 288 px. Seconds are those of two free CPU cores, rounded up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SMALL, FULL = "tenth", "all"
"""A tenth of the training photos, another one for each seed; all of them."""
SEEDS = 5
BATCH = 16
STEPS: Mapping[str, int] = {SMALL: 120, FULL: 240}
"""Of ``BATCH`` photos."""
VIEW = ("view.side=160", "view.short_side=274", "view.windows=3")
"""The proportions of the shipped settings at half of their pixels."""
PHOTOS, SCENES = 400, 15
"""Photos of each set that are evaluated, and photos of which one scene's versions are."""
START_SECONDS = 8.0
"""To load a network and its weights, and to read records."""
NONE, MATCHED = "qfm-none", "qfm-matched"


@dataclass(frozen=True)
class Variant:
    """One way of training one system.

    Args:
        name: in the tables.
        config: its settings, below ``configs``; empty: nothing is trained.
        train_ms: of a photo in training.
        evaluate_s: of all sets.
        changes: settings that differ.
        teacher: the variant, of the same photos and seed, that teaches it.
        parts: of the training photos that it learns from.
    """

    name: str
    config: str
    train_ms: float
    evaluate_s: float
    changes: tuple[str, ...] = ()
    teacher: str = ""
    parts: tuple[str, ...] = (SMALL, FULL)

    @property
    def sees_regions(self) -> bool:
        """Whether it learns from regions, too, because importance is that of regions."""
        return self.config.endswith("-mask.yaml")


QFM, DGIQA = "baselines/qfm-iqm.yaml", "baselines/dgiqa.yaml"
VARIANTS = (
    # Before those that it teaches.
    Variant(NONE, QFM, 25, 30, ("qfm_iqm.match.kind=none", *VIEW)),
    Variant(MATCHED, QFM, 32, 30, VIEW),
    Variant("qfm-random", QFM, 29, 30, ("qfm_iqm.match.kind=random", *VIEW)),
    Variant("qfm-distilled", "baselines/qfm-iqm-distilled.yaml", 95, 30, VIEW, NONE, (SMALL,)),
    Variant("dgiqa-prior", DGIQA, 60, 60, VIEW),
    Variant("dgiqa-constant", DGIQA, 52, 55, ("depth.source=constant", *VIEW)),
    Variant("dgiqa-no-tcb", DGIQA, 58, 60, ("dgiqa.bridge=projection", *VIEW)),
    Variant("qfm-mask", "baselines/qfm-iqm-mask.yaml", 40, 25, VIEW, parts=(FULL,)),
    Variant("dgiqa-mask", "baselines/dgiqa-mask.yaml", 60, 40, VIEW, parts=(FULL,)),
    Variant("nano", "nano/mos-alone.yaml", 54, 45),
    Variant("classical", "", 0, 60),
    Variant("area", "", 0, 10, parts=(FULL,)),
)
"""In the order in which they are trained."""
DIFFERENCES = (
    (MATCHED, NONE),
    (MATCHED, "qfm-random"),
    ("qfm-distilled", MATCHED),
    ("dgiqa-prior", "dgiqa-constant"),
    ("dgiqa-prior", "dgiqa-no-tcb"),
    (MATCHED, "nano"),
    ("dgiqa-prior", "nano"),
    ("classical", "nano"),
    (MATCHED, "classical"),
    ("dgiqa-prior", "classical"),
    ("qfm-mask", MATCHED),
    ("dgiqa-mask", "dgiqa-prior"),
)
"""Pairs whose difference is reported: the first beyond the second."""


@dataclass(frozen=True)
class Run:
    """A variant with its photos and seed."""

    variant: Variant
    part: str
    seed: int

    @property
    def name(self) -> str:
        """Of its folder and predictions."""
        return run_name(self.variant.name, self.part, self.seed)

    @property
    def teacher(self) -> str:
        """Name of the run that teaches it; empty if none does."""
        wanted = self.variant.teacher
        return run_name(wanted, self.part, self.seed) if wanted else ""

    @property
    def train_seconds(self) -> float:
        """About so long its training takes."""
        if not self.variant.config:
            return 0.0
        return START_SECONDS + STEPS[self.part] * BATCH * self.variant.train_ms / 1000


def run_name(variant: str, part: str, seed: int) -> str:
    """The name of a run."""
    return f"{variant}-{part}-{seed}"


def planned(only: Sequence[str], seeds: int = SEEDS) -> list[Run]:
    """All runs: seed by seed, so that a plan cut short has whole pairs; then those on all photos.

    Raises:
        ValueError: if a run's teacher is left out.
    """
    chosen = [one for one in VARIANTS if one.name in only]
    for one in chosen:
        if one.teacher and one.teacher not in only:
            raise ValueError(f"{one.name} learns from {one.teacher}: name it in --only as well")
    small = [Run(one, SMALL, n) for n in range(seeds) for one in chosen if SMALL in one.parts]
    return small + [Run(one, FULL, 0) for one in chosen if FULL in one.parts]


def plan_lines(runs: Sequence[Run], is_trained: Mapping[str, bool]) -> Iterator[str]:
    """The plan in words: each variant's runs and minutes, and what is left of all.

    Args:
        runs: of the plan.
        is_trained: by run, whether its training is finished.
    """
    yield "variant, runs x minutes of training each (on two free CPU cores):"
    for variant in dict.fromkeys(run.variant for run in runs):
        own = [run for run in runs if run.variant == variant]
        parts = [
            f"{len(same)} x {same[0].train_seconds / 60:.1f} on {part}"
            for part in (SMALL, FULL)
            if (same := [run for run in own if run.part == part])
        ]
        yield f"  {variant.name}: {', '.join(parts)}"
    train = sum(run.train_seconds for run in runs) / 60
    evaluate = sum(run.variant.evaluate_s for run in runs) / 60
    left = sum(run.train_seconds for run in runs if not is_trained[run.name]) / 60
    yield (
        f"plan: {len(runs)} runs, about {train:.0f} minutes of training and {evaluate:.0f} of "
        f"evaluation; {sum(is_trained.values())} are trained, about {left:.0f} minutes of training "
        "are left"
    )


def run_folder(out: Path, run: str) -> Path:
    """Where a run lies."""
    return out / "runs" / run
