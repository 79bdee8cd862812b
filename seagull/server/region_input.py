"""Regions as clients ask for them become masks; no text of a client's is ever taken for a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from seagull.photos import Photo
from seagull.regions.build import NoRegionsError, build_regions
from seagull.regions.everything import Selection
from seagull.regions.masks import Size, polygon_cost
from seagull.regions.rle import encode
from seagull.regions.segmenter import Segmenter
from seagull.regions.spec import RegionSpec
from seagull.server.errors import ApiError
from seagull.server.photo_input import data_bytes, decode_mask
from seagull.server.schemas import MOST_NUMBERS, MOST_RLE, RegionChoice, RegionInput
from seagull.types import Region


@dataclass(frozen=True)
class Wanted:
    """Regions to make.

    Args:
        given: regions that are described; the whole photo, if no others are asked for.
        selection: which automatic regions are added; None: no regions are.
        most: how many there can be at most.
    """

    given: Sequence[RegionInput]
    selection: Selection | None
    most: int

    @classmethod
    def of(cls, asked: RegionChoice) -> Wanted:
        """The regions that a request chooses."""
        given = asked.regions or ([] if asked.everything else [RegionInput(whole=True)])
        selection = Selection(asked.max_regions) if asked.everything else None
        return cls(given, selection, len(given) + (asked.max_regions if selection else 0))


def check_amount(regions: Sequence[RegionInput], size: Size, most_pixels: int) -> None:
    """Passes regions that, all together, are within the limits of one request.

    Args:
        regions: as they are asked for.
        size: height and width of the photo.
        most_pixels: most pixels that their polygons go through, see ``polygon_cost``.

    Raises:
        ApiError: 413, if they have too many numbers, or are too much work.
    """
    polygons = (ring for region in regions for ring in region.polygon or ())
    numbers = sum(len(ring) for ring in polygons)
    runs = sum(len(region.rle.counts) for region in regions if region.rle is not None)
    if numbers > MOST_NUMBERS or runs > MOST_RLE:
        raise ApiError(
            413,
            f"the regions have {numbers} numbers in polygons and {runs} in run lengths; at most "
            f"{MOST_NUMBERS} and {MOST_RLE} go in one request",
            "regions_too_large",
        )
    if sum(polygon_cost(region.polygon or (), size) for region in regions) > most_pixels:
        raise ApiError(
            413,
            f"the polygons have too many large rings or long edges for a photo of {size[1]} x "
            f"{size[0]} pixels; send fewer of them in one request, or masks as run lengths",
            "regions_too_large",
        )


def needs_segmenter(regions: Sequence[RegionInput]) -> bool:
    """Whether making these takes a segmenter."""
    return any(region.points is not None or region.refine for region in regions)


def make_regions(
    photo: Photo,
    asked: Sequence[RegionInput],
    segmenter: Segmenter | None,
    selection: Selection | None = None,
) -> list[Region]:
    """The regions on a photo, in order; those without an id are numbered by their place.

    Args:
        photo: the photo.
        asked: what was asked for.
        segmenter: needed for points, refined boxes and automatic regions.
        selection: which automatic regions are added; None: no regions are.

    Raises:
        ApiError: 422, naming the region that cannot be made.
    """
    try:
        specs = [
            _spec(region.id or str(place), region, photo.size)
            for place, region in enumerate(asked, start=1)
        ]
        built = build_regions(
            photo,
            specs,
            everything=selection is not None,
            segmenter=segmenter,
            selection=selection,
        )
    except ValueError as error:
        code = "no_regions" if isinstance(error, NoRegionsError) else "invalid_region"
        raise ApiError(422, str(error), code) from error
    masks = {spec.id for spec, region in zip(specs, asked, strict=True) if region.mask is not None}
    return [
        replace(region, source="mask") if region.id in masks else region for region in built.regions
    ]


def _spec(id: str, asked: RegionInput, size: tuple[int, int]) -> RegionSpec:
    """How to make a region; a mask image becomes run lengths here, for a spec's mask is a path."""
    plain = asked.model_dump(exclude_none=True, exclude={"id", "mask"})
    if asked.mask is not None:
        mask = decode_mask(data_bytes(asked.mask, f"region {id}"), size, id)
        plain["rle"] = encode(mask).to_dict()
    return RegionSpec.from_dict({"id": id, **plain})
