"""Comparing as programs ask for it: two photos and JSON in, ``seagull.comparison/1`` out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seagull.comparison.compare import WHOLE, compare_at_one_size
from seagull.comparison.json import comparison_to_dict
from seagull.comparison.photos import same_size
from seagull.inference.folder import AssessesPhotos
from seagull.photos import Photo
from seagull.regions.build import build_regions
from seagull.regions.everything import Selection
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec

FIELDS = ("regions", "everything", "max_regions", "resize")
MOST_REGIONS = 1000
_MOST_AUTOMATIC = 32


def compare_json(
    assessor: AssessesPhotos,
    before: Photo,
    after: Photo,
    asked: Mapping[str, Any],
    segmenter: Segmenter | Callable[[], Segmenter] | None = None,
) -> dict[str, Any]:
    """The comparison of two photos in its JSON form.

    Args:
        assessor: the model.
        before: the first photo.
        after: the second one.
        asked: an object with any of ``regions`` (a list of region specs, see
            ``RegionSpec.from_dict``; masks in files are refused), ``everything`` (true adds the
            automatic regions), ``max_regions`` (of these; 1 to 1000, 32 by default) and ``resize``
            (``before`` or ``after``). Without regions the whole photo is compared.
        segmenter: one, or a function that loads one; None: what ``load_segmenter`` finds.

    Raises:
        ValueError: if a field is unknown or faulty, a region cannot be made, or the photos cannot
            be compared.
    """
    specs = _specs(asked)
    everything, most, resize = (
        asked.get(name, default)
        for name, default in (
            ("everything", False), ("max_regions", _MOST_AUTOMATIC), ("resize", None),
        )
    )  # fmt: skip
    if not isinstance(everything, bool):
        raise ValueError(f"everything is true or false, got {everything!r:.60}")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MOST_REGIONS:
        raise ValueError(f"max_regions is a number from 1 to {MOST_REGIONS}, got {most!r:.60}")
    if resize is not None and not isinstance(resize, str):
        raise ValueError(f"resize is 'before' or 'after', got {resize!r:.60}")
    first, second, resized = same_size(before, after, resize)
    built = build_regions(
        first,
        specs or ([] if everything else WHOLE),
        everything=everything,
        segmenter=segmenter,
        selection=Selection(limit=most),
    )
    made = compare_at_one_size(assessor, (first, second), built.regions, resized)
    return comparison_to_dict(made)


def _specs(asked: Mapping[str, Any]) -> list[RegionSpec]:
    if not isinstance(asked, Mapping):
        raise ValueError(f"what is asked is an object, got {type(asked).__name__}")
    if unknown := sorted(set(map(str, asked)) - set(FIELDS)):
        raise ValueError(f"unknown fields {unknown}; known are {', '.join(FIELDS)}")
    regions = asked.get("regions") or []
    if not isinstance(regions, list) or len(regions) > MOST_REGIONS:
        raise ValueError(f"regions is a list of at most {MOST_REGIONS} objects")
    specs = []
    for number, plain in enumerate(regions, start=1):
        named = {"id": str(number), **plain} if isinstance(plain, Mapping) else plain
        specs.append(RegionSpec.from_dict(named))
    if files := [spec.id for spec in specs if spec.mask is not None]:
        raise ValueError(f"region {files[0]}: a mask is a file here; send its run lengths (rle)")
    return specs
