"""From what was asked for to regions on one photo: the one call that commands and servers make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seagull.photos import Photo
from seagull.regions.everything import Selection
from seagull.regions.mask_files import ALL_IDS, object_selectors, split_selector
from seagull.regions.segmenter import OncePerPhoto, Segmenter
from seagull.regions.spec import RegionSpec
from seagull.types import Region, check_ids


class NoRegionsError(ValueError):
    """A photo in which a segmenter finds nothing by itself."""


@dataclass(frozen=True)
class BuiltRegions:
    """Regions of one photo and what to say about them.

    Args:
        regions: in the order asked for, automatic ones last and best first.
        segmenter: name of the segmenter that was used; None if none was needed.
        notice: a line for the user about that segmenter, if there is one.
    """

    regions: tuple[Region, ...]
    segmenter: str | None = None
    notice: str | None = None


def build_regions(
    photo: Photo,
    specs: Sequence[RegionSpec],
    *,
    everything: bool = False,
    segmenter: Segmenter | Callable[[], Segmenter] | None = None,
    selection: Selection | None = None,
    folder: Path | None = None,
) -> BuiltRegions:
    """The regions asked for, with unique ids; the photo is encoded at most once.

    Args:
        photo: the photo.
        specs: regions by box, points, and so on; without any, and without ``everything``, the
            result is empty.
        everything: add the automatic regions, numbered on from the ids that are taken.
        segmenter: one, or a function that loads one (called only if a region needs it; see
            ``seagull.regions.load.segmenter_loader``). None: what ``load_segmenter`` finds.
        selection: which automatic regions are kept.
        folder: where relative mask paths start.

    Raises:
        ValueError: if an id repeats or a region cannot be made; the message names the region.
    """
    specs = each_object(specs, folder)
    ids = [spec.id for spec in specs]
    check_ids(ids)
    if not everything and not any(spec.needs_segmenter for spec in specs):
        return BuiltRegions(tuple(spec.build(photo, folder=folder) for spec in specs))
    # First those that cost nothing: a mistake in one shows before a network is loaded.
    plain = {
        spec.id: spec.build(photo, folder=folder) for spec in specs if not spec.needs_segmenter
    }
    shared = OncePerPhoto(_resolved(segmenter))
    regions = [plain.get(spec.id) or spec.build(photo, shared) for spec in specs]
    if everything:
        regions += automatic_regions(photo, shared, selection or Selection(), taken=ids)
    return BuiltRegions(tuple(regions), shared.name, shared.notice)


def each_object(specs: Sequence[RegionSpec], folder: Path | None = None) -> list[RegionSpec]:
    """The specs, those of ``m.png:ids`` replaced by one for each object: ``1.7`` for object 7.

    Raises:
        ValueError: naming the region, if its mask cannot be read or holds no object ids.
    """
    each: list[RegionSpec] = []
    for spec in specs:
        if spec.mask is None or split_selector(spec.mask, folder)[1] != ALL_IDS:
            each.append(spec)
            continue
        try:
            objects = object_selectors(spec.mask, folder)
        except ValueError as error:
            raise ValueError(f"region {spec.id}: {error}") from error
        each += [replace(spec, id=f"{spec.id}.{id}", mask=mask) for id, mask in objects.items()]
    return each


def automatic_regions(
    photo: Photo,
    segmenter: Segmenter,
    selection: Selection,
    *,
    taken: Sequence[str] = (),
) -> list[Region]:
    """The automatic regions of a photo, best first; ids are numbers that are not ``taken``.

    Raises:
        NoRegionsError: if the segmenter finds none.
    """
    found = segmenter.open(photo).everything(selection)
    if not found:
        raise NoRegionsError(
            f"{segmenter.name} found no region in the photo; give a box, or assess it as a whole"
        )
    numbers = (str(number) for number in range(1, len(found) + len(taken) + 1))
    free = [number for number in numbers if number not in set(taken)]
    return [
        Region(one.mask, id, "everything", segmenter.name, float(one.confidence))
        for one, id in zip(found, free, strict=False)
    ]


def _resolved(segmenter: Segmenter | Callable[[], Segmenter] | None) -> Segmenter:
    if segmenter is None:
        # Loading brings in torch; specs alone do not need it.
        from seagull.regions.load import load_segmenter

        return load_segmenter()
    return segmenter() if callable(segmenter) else segmenter
