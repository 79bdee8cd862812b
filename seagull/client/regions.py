"""Regions as a request says them, and as the answer gives them back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from seagull.regions.asked import AskedRegions, asked_specs
from seagull.regions.geometry import checked_geometry
from seagull.regions.rle import Rle, decode, encode
from seagull.regions.spec import RegionSpec
from seagull.types import Region, RegionAssessment, check_ids

T = TypeVar("T")

MOST_REGIONS = 128
"""Regions in one request; more are asked in several."""


def request_regions(
    asked: AskedRegions, size: tuple[int, int]
) -> list[tuple[dict[str, Any], Region | None]]:
    """Regions in JSON for a request, each with the region itself where there is one already.

    Args:
        asked: as ``Assessor.assess`` takes them.
        size: height and width of the photo.

    Raises:
        ValueError: as ``asked_specs``, if two have the same id, or a mask file cannot be read.
    """
    regions = asked_specs(asked, size)
    check_ids([region.id for region in regions])
    return [_request_region(region, size) for region in regions]


def _request_region(
    region: Region | RegionSpec, size: tuple[int, int]
) -> tuple[dict[str, Any], Region | None]:
    if isinstance(region, RegionSpec) and region.mask is not None:
        region = region.build(size)  # the file is here, not on the server
    if isinstance(region, RegionSpec):
        what = f"region {region.id}: the photo it was made for"
        checked_geometry(size, stated=region.stated_size, what=what)
        return region.to_dict(), None
    if region.size != size:
        raise ValueError(
            f"region {region.id}: its mask is {region.size[1]} x {region.size[0]} pixels, the "
            f"photo {size[1]} x {size[0]}"
        )
    return {"id": region.id, "rle": encode(region.mask).to_dict()}, region


def in_parts(items: Sequence[T], most: int = MOST_REGIONS) -> list[Sequence[T]]:
    """The items in parts of at most so many; one empty part if there are none."""
    return [items[start : start + most] for start in range(0, len(items), most)] or [items]


def region_requests(
    photos: dict[str, str],
    size: tuple[int, int],
    regions: AskedRegions | None,
    options: dict[str, Any],
    automatic: dict[str, Any],
) -> Iterator[tuple[dict[str, Any], list[Region | None]]]:
    """The requests about all regions, each with those of its regions that are there already.

    Args:
        photos: the fields that name the photos.
        size: height and width that the regions are of.
        regions: as ``Assessor.assess`` takes them; None for none of one's own.
        options: the other fields.
        automatic: the fields that ask for automatic regions, if they do.

    Raises:
        ValueError: as ``request_regions``, or if ``automatic`` regions, whose numbers the server
            chooses, come to more than one request.
    """
    asked = [] if regions is None else request_regions(regions, size)
    parts = in_parts(asked)
    if automatic and len(parts) > 1:
        raise ValueError(
            f"everything goes with at most {MOST_REGIONS} regions of your own, got {len(asked)}; "
            "ask for everything by itself"
        )
    for part in parts:
        body = {"regions": [plain for plain, _ in part]}
        yield photos | body | options | automatic, [own for _, own in part]


def found_region(plain: Mapping[str, Any], size: tuple[int, int]) -> Region:
    """A region that the server found.

    Raises:
        ValueError: if its mask does not fit the photo.
    """
    mask = decode(Rle.from_dict(plain["mask"]), size)
    return Region(
        mask,
        id=str(plain["id"]),
        source=str(plain["source"]),
        segmenter=plain["segmenter"],
        confidence=plain["confidence"],
    )


def with_own(assessed: RegionAssessment, own: Region | None) -> RegionAssessment:
    """The assessment, of the region that was sent: it knows how it was made."""
    return assessed if own is None else replace(assessed, region=own)
