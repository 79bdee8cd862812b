"""Regions as they are handed over in Python: boxes, masks, annotations, specs, tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seagull.arrays import as_array
from seagull.photos import Photo
from seagull.regions.annotations import annotation_spec, array_mask
from seagull.regions.build import build_regions, each_object
from seagull.regions.geometry import Size
from seagull.regions.spec import RegionSpec
from seagull.types import Region, check_ids

AskedRegion = Region | RegionSpec | Sequence[float] | Mapping[str, Any] | NDArray[np.generic]
"""A region, how to make one, its box in pixels (end exclusive), an annotation (COCO, SAM's mask
generator, run lengths, a region of a report), or a boolean mask of the photo's size."""

AskedRegions = Iterable[AskedRegion] | NDArray[np.generic] | Mapping[str, Any]
"""Regions in a list, or an array or tensor of boxes (N, 4) or masks (N, H, W)."""

_FORMS = (
    "a Region, a RegionSpec, a box (x1, y1, x2, y2) in pixels, a boolean mask (H, W) of the "
    "photo's size, or an annotation (a dict with 'segmentation', 'bbox', or 'size' and 'counts')"
)


def asked_regions(photo: Photo, asked: AskedRegions) -> list[Region]:
    """The regions asked about, in order; those without an id are numbered by their place.

    Args:
        photo: the photo.
        asked: regions; an array or tensor is boxes (N, 4), masks (N, H, W) or (N, 1, H, W), or one
            mask (H, W) of the photo's size.

    Raises:
        ValueError: if there are none, one cannot be made, or two have the same id; a region of
            none of the known forms is refused with their names.
    """
    asked_for = asked_specs(asked, photo.size)
    specs = [one for one in asked_for if isinstance(one, RegionSpec)]
    made = iter(build_regions(photo, specs).regions)
    regions = [one if isinstance(one, Region) else next(made) for one in asked_for]
    check_ids([region.id for region in regions])
    return regions


def asked_specs(asked: AskedRegions, size: Size) -> list[Region | RegionSpec]:
    """The regions asked about, in order, those that are still to be made as specs.

    Args:
        asked: as ``asked_regions`` takes them.
        size: height and width of the photo.

    Raises:
        ValueError: if there are none, or one is of none of the known forms.
    """
    items = _items(asked, size)
    if not items:
        raise ValueError("no regions were given; leave them out to assess the whole photo")
    asked_for: list[Region | RegionSpec] = []
    for number, item in enumerate(items, start=1):
        one = _spec(item, str(number), size)
        asked_for += each_object([one]) if isinstance(one, RegionSpec) else [one]
    return asked_for


def _items(asked: Any, size: Size) -> list[Any]:
    if isinstance(asked, Region | RegionSpec | Mapping):
        return [asked]
    array = as_array(asked)
    if array is not None:
        if array.ndim == 2 and array.shape == size and array.shape[1] != 4:
            return [array]
        if array.ndim not in (2, 3, 4):
            raise ValueError(
                f"regions in an array are boxes (N, 4) or masks (N, H, W), got {array.shape}; "
                "several boxes go in a list"
            )
        return list(array)
    if isinstance(asked, str | bytes) or not isinstance(asked, Iterable):
        raise ValueError(f"regions are a list; each is {_FORMS}; got {asked!r:.60}")
    return list(asked)


def _spec(item: Any, id: str, size: Size) -> Region | RegionSpec:
    if isinstance(item, Region | RegionSpec):
        return item
    if isinstance(item, Mapping):
        own = None if _is_annotation(item) else item.get("id")
        return annotation_spec(item, id if own is None else str(own))
    array = as_array(item)
    if array is not None and array.ndim >= 2:
        try:
            return Region(array_mask(array, size), id)
        except ValueError as error:
            raise ValueError(f"region {id}: {error}") from error
    numbers = array.tolist() if array is not None else item
    if isinstance(numbers, str | bytes) or not isinstance(numbers, Sequence):
        raise ValueError(
            f"region {id}: {_FORMS} is expected, got {item!r:.60}; several boxes go in a list"
        )
    plain = [_number(number) for number in numbers]
    return RegionSpec.from_dict({"id": id, "box": plain})


def _is_annotation(item: Mapping[str, Any]) -> bool:
    """Whether an object's id is that of an annotation in a data set, not of a region in a photo."""
    return bool({"segmentation", "bbox", "image_id"} & set(item))


def _number(value: Any) -> Any:
    array = as_array(value)
    if array is not None and array.ndim == 0:
        return array.item()
    return value.item() if isinstance(value, np.generic) else value
