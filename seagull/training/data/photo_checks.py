"""Checks the photos and regions of records before training."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path

from seagull.photos import PhotoError
from seagull.records import InstructionRecord
from seagull.records.photos import check_whole, record_photo, record_photo_size
from seagull.regions.mask_files import check_mask_size
from seagull.regions.masks import Size
from seagull.regions.spec import RegionSpec

_AT_ONCE = 1024
"""Photos handed to the threads at once: names are small, results smaller."""


def photo_size(image: str, folder: Path) -> Size:
    """Height and width of a record's photo, whose file is not cut off.

    Raises:
        PhotoError: if it cannot be opened, or is cut off.
    """
    size = record_photo_size(image, folder)
    check_whole(image, folder)
    return size


def faulty_photos(images: Iterable[str], folder: Path) -> dict[str, str]:
    """Why photos cannot be used, by name, for those that cannot; each is decoded once."""
    names, faults = iter(dict.fromkeys(images)), dict[str, str]()
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="photo-checker") as pool:
        while batch := list(islice(names, _AT_ONCE)):
            reasons = pool.map(partial(_photo_fault, folder=folder), batch)
            faults |= {name: fault for name, fault in zip(batch, reasons, strict=True) if fault}
    return faults


def _photo_fault(image: str, folder: Path) -> str | None:
    try:
        record_photo(image, folder)
    except PhotoError as error:
        return " ".join(str(error).split())
    return None


def region_fault(record: InstructionRecord, size: Size, folder: Path) -> str | None:
    """Why a region of a record cannot be made on its photo; None if all can."""
    try:
        for spec in record.regions:
            _check_no_segmenter(spec)
            spec.build(size, folder=folder)
    except (ValueError, OSError) as error:
        return " ".join(str(error).split())
    return None


def check_regions(record: InstructionRecord, size: Size, folder: Path) -> None:
    """Passes if the numbers of a record's regions fit its photo and masks are there; none is made.

    Args:
        record: whose regions are looked at.
        size: height and width of its photo.
        folder: where relative paths of masks start.

    Raises:
        ValueError: naming record and region, if they do not, or a region takes a segmenter.
    """
    for spec in record.regions:
        try:
            _check_no_segmenter(spec)
            spec.check_fit(size)
            if spec.mask is not None:
                check_mask_size(spec.mask, size, folder)
        except ValueError as error:
            raise ValueError(f"record {record.id}: region {spec.id}: {error}") from error


def _check_no_segmenter(spec: RegionSpec) -> None:
    if spec.needs_segmenter:
        kind = "points" if spec.points is not None else "a box with `refine`"
        raise ValueError(
            f"{kind} would take a segmenter, which training does not run; write the mask "
            "(`mask`, `rle` or `polygon`) or a plain box into the record"
        )
