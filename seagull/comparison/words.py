"""A comparison in words: the headline of a photo, and what changed in a region."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from seagull.comparison.measured import Measured
from seagull.comparison.types import (
    Change,
    Comparison,
    DistortionChange,
    RegionChange,
    Verdict,
)
from seagull.types import ModelInfo

WHOLE_ONLY = (
    ": local damage may not show in the number of a whole photo. Ask for regions: --everything, "
    "or, where that finds none, --box or --mask"
)
NOTHING = "No photo was compared"
UNMEASURED = (
    "the thresholds of 'same' were measured with another model or revision ({was}); with {is_} "
    "they are a guess: measure them with python -m benchmarks.compare"
)


def change_text(change: Change) -> str:
    """``-0.12 ±0.04``: the change of quality with its standard deviation."""
    return f"{_signed(change.quality)} ±{change.std:.2f}"


def distortions_text(changes: Iterable[DistortionChange]) -> str:
    """``noise gone, now minor blur``; empty where no type changed."""
    return ", ".join(_distortion_text(one) for one in changes)


def headline(comparison: Comparison) -> str:
    """One line about the photo: verdict, change, counts of verdicts, types that came and went."""
    change, regions = comparison.change, comparison.regions
    weighed = "" if len(regions) == 1 else ", weighted by importance"
    counts = Counter(one.change.verdict for one in regions)
    verdicts = ", ".join(f"{counts[word]} {word}" for word in Verdict if counts[word])
    parts = [f"{change.verdict}: quality {change_text(change)}{weighed}"]
    parts += [f"{len(regions)} regions: {verdicts}"] if len(regions) > 1 else []
    several = len(regions) > 1
    types = came_and_went(regions) if several else distortions_text(regions[0].distortions)
    parts += [types] if types else []
    if (resized := comparison.resized) is not None:
        parts.append(f"{resized.photo} resized from {resized.width}x{resized.height}")
    return "; ".join(parts)


def only_whole(comparison: Comparison) -> bool:
    """Whether nothing but the whole photo was compared."""
    return all(one.region.mask.all() for one in comparison.regions)


def whole_text(wholes: Sequence[bool]) -> str:
    """What is to be said where only the whole photo was compared; empty where regions were.

    Args:
        wholes: of each pair, whether nothing but the whole photo was compared.
    """
    if not any(wholes):
        return ""
    if len(wholes) == 1:
        return f"Only the whole photo was compared{WHOLE_ONLY}"
    return f"Of {sum(wholes)} of {len(wholes)} photos only the whole was compared{WHOLE_ONLY}"


def came_and_went(regions: Iterable[RegionChange]) -> str:
    """``noise gone in 3, blur new in 2``: types by the number of regions, most first."""
    counts: Counter[str] = Counter()
    for one in regions:
        for item in one.distortions:
            if item.after is None:
                counts[f"{item.type.value} gone"] += 1
            elif item.before is None:
                counts[f"{item.type.value} new"] += 1
    return ", ".join(f"{what} in {count}" for what, count in counts.most_common())


def unmeasured_text(model: ModelInfo, measured: Measured) -> str:
    """What is to be said where the thresholds are of another model; empty where they are not."""
    if measured.belongs_to(model):
        return ""
    was = f"{measured.model} {measured.revision}"
    return UNMEASURED.format(was=was, is_=f"{model.name} {model.revision}")


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return "0.00" if text in ("-0.00", "+0.00") else text


def _distortion_text(change: DistortionChange) -> str:
    name = change.type.value
    if change.after is None:
        return f"{name} gone"
    if change.before is None:
        return f"now {change.after} {name}"
    return f"{name} {change.after}, was {change.before}"
