"""Annotations as other tools write them: each becomes one RegionSpec, or one clear error.

| form | fields |
| --- | --- |
| run lengths, a segment of ours | ``size``, ``counts`` |
| COCO annotation | ``segmentation`` (run lengths, rings, or one ring), else ``bbox`` |
| output of SAM's mask generator | ``segmentation`` (a boolean array or run lengths) |
| region of a quality report, ROI of a data set | ``mask`` or ``rle`` (run lengths) |
| our own region | one of ``box``, ``points``, ``polygon``, ``rle``, ``mask``, ``whole`` |

Other fields are ignored where the form is known by these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from seagull.arrays import as_array
from seagull.regions.geometry import Size, checked_geometry
from seagull.regions.mask_values import (
    MaskValuesError,
    SeveralObjectsError,
    array_values,
    mask_values,
)
from seagull.regions.rle import Rle, encode
from seagull.regions.spec import KINDS, RegionSpec
from seagull.types import BoolMask, Region

FORMS = (
    "run lengths {'size', 'counts'}, a COCO annotation or SAM output {'segmentation'} or {'bbox'}, "
    "a region of a report, or one of ours {'box'}, {'polygon'}, ..."
)


class AnnotationError(ValueError):
    """An annotation that is no region; the message names it and says why."""


def annotation_spec(plain: Any, id: str = "1") -> RegionSpec:
    """The region of one annotation, whatever tool wrote it.

    Args:
        plain: the JSON object; a mask in it may be an array.
        id: the region's.

    Raises:
        AnnotationError: with the annotation's own id, if it is none of the known forms or its
            numbers cannot be a region.
    """
    if not isinstance(plain, Mapping):
        raise AnnotationError(f"an annotation is an object, got {plain!r:.60}; known are {FORMS}")
    try:
        return _spec(plain, id)
    except (ValueError, TypeError, OverflowError) as error:
        text = str(error).removeprefix(f"region {id}: ")
        raise AnnotationError(f"{_name(plain, id)}: {text}") from error


def annotation_region(
    plain: Any, size: Size, id: str = "1", *, stated: Size | None = None
) -> Region:
    """The region of one annotation on a photo.

    Args:
        plain: as for ``annotation_spec``.
        size: height and width of the upright photo in pixels.
        id: the region's.
        stated: height and width that the annotations give for the photo, if they do.

    Raises:
        AnnotationError: as ``annotation_spec``, and if the region or the stated size does not fit
            the photo, the region covers no pixel, or making it takes a segmenter.
    """
    spec = annotation_spec(plain, id)
    try:
        checked_geometry(size, stated=stated, what="the photo it was made for")
        return spec.build(size)
    except ValueError as error:
        text = str(error).removeprefix(f"region {id}: ")
        raise AnnotationError(f"{_name(plain, id)}: {text}") from error


def annotation_specs(plain: Any, id: str = "1") -> list[RegionSpec]:
    """The regions in a JSON file: one annotation, a list of them, or an object that holds a list.

    Such an object is a COCO file about one photo (``annotations``), a line of segments
    (``segments``) or a quality report (``regions``). Several are called ``ID.1``, ``ID.2``, ...
    The size that a COCO file states for its photo (``images``) is compared with the photo's when a
    region is made.

    Raises:
        AnnotationError: if there is none, or they are of several photos.
        ValueError: as ``annotation_spec``.
    """
    items = plain
    if isinstance(plain, Mapping):
        lists = [plain[key] for key in ("annotations", "segments", "regions") if key in plain]
        items = lists[0] if lists else [plain]
    if len(_photos(items)) > 1:
        raise AnnotationError("the file holds annotations of several photos; give those of one")
    if not isinstance(items, Sequence) or isinstance(items, str) or not items:
        raise AnnotationError(f"there is no annotation; known are {FORMS}")
    names = [id] if len(items) == 1 else [f"{id}.{n}" for n in range(1, len(items) + 1)]
    size = _stated_size(plain, _photos(items))
    specs = [annotation_spec(item, name) for item, name in zip(items, names, strict=True)]
    return specs if size is None else [replace(spec, stated_size=size) for spec in specs]


def array_mask(values: Any, size: Size | None = None) -> BoolMask:
    """The mask in an array or tensor, boolean (H, W).

    Args:
        values: shape (H, W), or (1, H, W) as segmenters return it; boolean, or of two values.
        size: height and width of the photo, if it must fit one.

    Raises:
        ValueError: if it has another shape or size, holds several object ids, or is empty.
    """
    array = as_array(values)
    if array is None:
        raise ValueError(f"a mask is an array, got {type(values).__name__}")
    while array.ndim > 2 and array.shape[0] == 1:
        array = array[0]
    if array.ndim != 2 or not array.size:
        raise ValueError(f"a mask has the shape (H, W), got {array.shape}")
    if size is not None:
        checked_geometry(size, stated=(array.shape[0], array.shape[1]), what="the mask")
    try:
        mask = mask_values(array_values(array))
    except SeveralObjectsError as error:
        text = str(error).split(";", 1)[0]
        raise ValueError(
            f"the mask: {text}; one object of an array of ids is (ids == 7)"
        ) from error
    except MaskValuesError as error:
        raise ValueError(f"the mask: {error}") from error
    if not mask.any():
        raise ValueError("the mask marks no pixel; it is true inside the region")
    return mask


def _spec(plain: Mapping[str, Any], id: str) -> RegionSpec:
    if {"size", "counts"} <= set(plain):
        return RegionSpec(id, rle=Rle.from_dict(plain))
    segmentation = plain.get("segmentation")
    if segmentation is not None and not _is_empty_list(segmentation):
        return _segmentation_spec(segmentation, id)
    for key in ("mask", "rle"):
        if isinstance(plain.get(key), Mapping):
            return RegionSpec(id, rle=Rle.from_dict(plain[key]))
        if as_array(plain.get(key)) is not None:
            return RegionSpec(id, rle=encode(array_mask(plain[key])))
    if plain.get("bbox") is not None:
        return _box_spec(plain["bbox"], id)
    if set(KINDS) & set(plain):
        return RegionSpec.from_dict({**plain, "id": id})
    raise ValueError(f"it has no segmentation and no bbox; known are {FORMS}")


def _segmentation_spec(segmentation: Any, id: str) -> RegionSpec:
    if isinstance(segmentation, Mapping):
        return RegionSpec(id, rle=Rle.from_dict(segmentation))
    array = as_array(segmentation)
    if array is not None and array.ndim != 1:
        return RegionSpec(id, rle=encode(array_mask(array)))
    rings = list(segmentation if array is None else array.tolist())
    if all(isinstance(part, int | float) for part in rings):
        rings = [rings]
    elif all(isinstance(part, list | tuple) and len(part) == 2 for part in rings):
        rings = [[number for corner in rings for number in corner]]
    return RegionSpec.from_dict({"id": id, "polygon": rings})


def _box_spec(box: Any, id: str) -> RegionSpec:
    array = as_array(box)
    numbers = list(box if array is None else array.tolist())
    if len(numbers) != 4:
        raise ValueError(f"a bbox is [x, y, width, height], got {len(numbers)} numbers")
    spec = RegionSpec.from_dict({"id": id, "box": numbers, "box_format": "xywh"})
    assert spec.box is not None
    x, y, width, height = spec.box
    return RegionSpec(id, box=(x, y, x + width, y + height))


def _is_empty_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and not value


def _photos(items: Any) -> set[str]:
    if not isinstance(items, Sequence):
        return set()
    return {str(item.get("image_id")) for item in items if isinstance(item, Mapping)}


def _stated_size(plain: Any, photos: set[str]) -> Size | None:
    """Height and width that a COCO file gives for the photo of its annotations, if it does."""
    images = plain.get("images") if isinstance(plain, Mapping) else None
    if not isinstance(images, list):
        return None
    known = [image for image in images if isinstance(image, Mapping)]
    own = known if len(known) == 1 else [one for one in known if str(one.get("id")) in photos]
    if not own:
        return None
    height, width = own[0].get("height"), own[0].get("width")
    if isinstance(height, int) and isinstance(width, int) and height > 0 and width > 0:
        return height, width
    return None


def _name(plain: Mapping[str, Any], id: str) -> str:
    own = plain.get("id")
    return f"annotation {own}" if isinstance(own, str | int) else f"region {id}"
