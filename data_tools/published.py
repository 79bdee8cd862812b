"""The published SEAGULL-100w tree as InstructionRecords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_tools.coco import Fault
from data_tools.compat import iter_rows
from data_tools.converters import LeftOut, relative_to_records
from data_tools.region_sets import LabelledRegion, labelled_region, region_record
from data_tools.state import digest
from seagull.photos.identity import photo_file, photo_identity
from seagull.records import InstructionRecord
from seagull.regions.rle import Rle
from seagull.types import DistortionType

_Masks = Mapping[tuple[str, str], Rle]
"""By the reference's and the region's id."""


def convert_published(
    root: Path,
    rois: Path,
    scores: Path,
    target: Path,
    fields: dict[str, str],
    left_out: LeftOut | None = None,
) -> Iterator[InstructionRecord]:
    """One record an image from a SEAGULL-100w tree; the score JSON is read as a stream.

    Args:
        root: folder with ``Dist.Images``.
        rois: JSON of masks (held in memory, it is small: masks belong to references).
        scores: JSON of scores, of any size; rows of one image must follow each other.
        target: the records' file.
        fields: our name of a field to the file's name.
        left_out: takes rows that cannot be used.

    Raises:
        ValueError: if rows have not the fields that are needed, with those they have; or if a
            region has two masks, or rows of one image do not follow each other.
    """
    left_out = LeftOut() if left_out is None else left_out
    masks = _masks(rois, fields, left_out)
    group: list[LabelledRegion] = []
    image, seen = "", set[str]()
    for number, row in enumerate(iter_rows(scores, fields), start=1):
        if not _has(row, ("image", "roi", "quality"), scores, number, left_out):
            continue
        if row["image"] != image:
            if group:
                yield _record(root, image, group, target)
            image, group = str(row["image"]), []
            if (mark := digest(image.encode())) in seen:
                raise ValueError(f"{scores}, row {number}: rows of {image} were there before")
            seen.add(mark)
        try:
            group.append(_region(row, masks))
        except ValueError as error:
            left_out.faults.append(Fault(f"row {number}", f"{image}: {error}"))
    if group:
        yield _record(root, image, group, target)


def _masks(rois: Path, fields: dict[str, str], left_out: LeftOut) -> _Masks:
    masks: dict[tuple[str, str], Rle] = {}
    for number, row in enumerate(iter_rows(rois, fields), start=1):
        if not _has(row, ("id", "roi", "size", "counts"), rois, number, left_out):
            continue
        key = str(row["id"]), str(row["roi"])
        try:
            mask = Rle.from_dict({"size": row["size"], "counts": row["counts"]})
        except ValueError as error:
            left_out.faults.append(Fault(f"mask {number}", f"region {key[1]} of {key[0]}: {error}"))
            continue
        if masks.setdefault(key, mask) != mask:
            raise ValueError(f"{rois}: region {key[1]} of {key[0]} has two masks; keep one of them")
    return masks


def _has(
    row: Mapping[str, Any], names: tuple[str, ...], path: Path, number: int, left_out: LeftOut
) -> bool:
    """Whether a row has some fields; the first one has to."""
    missing = [name for name in names if name not in row]
    if missing and number == 1:
        raise ValueError(
            f"{path}: rows have {', '.join(row)}; say which of them is {', '.join(missing)} "
            "(field=NAME_IN_FILE)"
        )
    if missing:
        left_out.faults.append(Fault(f"row {number} of {path.name}", f"no {', '.join(missing)}"))
    return not missing


def _region(row: Mapping[str, Any], masks: _Masks) -> LabelledRegion:
    parts, roi = photo_identity(str(row["image"])), str(row["roi"])
    if not parts or (mask := masks.get((Path(parts[-1]).stem, roi))) is None:
        raise ValueError(f"region {roi} has scores, but no mask")
    item: dict[str, Any] = {"segmentation": mask.to_dict(), "metric": "published"}
    item |= {key: row[key] for key in ("quality", "importance") if key in row}
    kind = parts[0].lower()
    if "severity" in row and kind in [one.value for one in DistortionType]:
        item["distortions"] = [[kind, row["severity"]]]
    return labelled_region(item)


def _record(root: Path, place: str, items: list[LabelledRegion], target: Path) -> InstructionRecord:
    image_id = Path(photo_identity(place)[-1]).stem
    image = relative_to_records(photo_file(root / "Dist.Images", place), target)
    return region_record(f"{image_id}.{digest(place.encode())[:8]}", image, image_id, items)
