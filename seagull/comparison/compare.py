"""compare: two photos and regions in, a Comparison out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seagull.comparison.changes import compare_reports
from seagull.comparison.measured import measured
from seagull.comparison.photos import same_size
from seagull.comparison.types import Comparison, Resized
from seagull.inference.folder import AssessesPhotos
from seagull.photos import Photo, PhotoSource, read_photo
from seagull.regions.asked import AskedRegions, asked_regions
from seagull.regions.build import NoRegionsError, build_regions
from seagull.regions.everything import Selection
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.types import Region

WHOLE = (RegionSpec(whole=True),)
"""The regions of a photo in which none are found."""


def compare(
    before: Photo | PhotoSource,
    after: Photo | PhotoSource,
    regions: AskedRegions | None = None,
    *,
    model: AssessesPhotos | str | Path = "nano",
    resize: str | None = None,
) -> Comparison:
    """Compares the same regions of two photos of one scene.

    Args:
        before: the first photo, in any form that ``assess`` takes.
        after: the second one.
        regions: regions of the photos at their common size, in any form that ``assess`` takes;
            None means those that are found in the first photo, see ``found_regions``. Local damage
            may not show in the number of a whole photo (``[RegionSpec(whole=True)]``).
        model: what ``seagull.load`` returns; a name or folder is loaded for this one call.
        resize: ``before`` or ``after``: which photo is resized to the other one's size, if sizes
            differ. Without it, photos of different sizes are refused.

    Raises:
        PhotoError: if a photo cannot be read.
        ModelError: if the model cannot be loaded.
        ValueError: if the photos cannot be compared, or a region cannot be made.
    """
    photos = [one if isinstance(one, Photo) else read_photo(one) for one in (before, after)]
    first, second, resized = same_size(photos[0], photos[1], resize)
    asked = found_regions(first) if regions is None else asked_regions(first, regions)
    if isinstance(model, str | Path):
        from seagull.inference.load import load

        model = load(model)
    return compare_at_one_size(model, (first, second), asked, resized)


def found_regions(
    photo: Photo, segmenter: Segmenter | None = None, selection: Selection | None = None
) -> Sequence[Region]:
    """The regions found automatically; the whole photo, if there is none.

    Args:
        photo: the photo.
        segmenter: None: what ``load_segmenter`` finds.
        selection: which regions are kept.
    """
    try:
        return build_regions(
            photo, (), everything=True, segmenter=segmenter, selection=selection
        ).regions
    except NoRegionsError:
        return build_regions(photo, WHOLE).regions


def compare_at_one_size(
    assessor: AssessesPhotos,
    photos: tuple[Photo, Photo],
    regions: Sequence[Region],
    resized: Resized | None = None,
) -> Comparison:
    """The comparison of two photos of one size.

    Args:
        assessor: the model.
        photos: before and after, see ``same_size``.
        regions: at least one, made on either photo.
        resized: which photo was resized, for the report.

    Raises:
        ValueError: if the model cannot assess a photo or region.
    """
    before, after = (assessor.assess(photo, regions) for photo in photos)
    pixels = (photos[0].pixels, photos[1].pixels)
    return compare_reports(before, after, pixels, measured(), resized)
