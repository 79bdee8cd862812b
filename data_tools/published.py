"""The published SEAGULL-100w tree as InstructionRecords."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data_tools.calibrate import to_level_scale
from data_tools.coco import Fault
from data_tools.compat import iter_rows
from data_tools.converters import LeftOut, relative_to_records
from data_tools.region_sets import LabelledRegion, labelled_region, region_record
from data_tools.state import OutputTree, digest, read_json
from seagull.photos.identity import photo_file, photo_identity
from seagull.records import InstructionRecord, RegionLabels
from seagull.regions.rle import Rle
from seagull.regions.spec import RegionSpec
from seagull.types import DistortionType

_Masks = Mapping[tuple[str, str], Rle]
"""By the reference's and the region's id."""


@dataclass(frozen=True)
class MetricScale:
    """How a run of ours reads labels off its metric.

    Args:
        thresholds: the four edges between the quality words, on the metric's scale.
        visible: scores at or above this count as no visible difference.
    """

    thresholds: tuple[float, ...]
    visible: float

    def labels(self, raw: RegionLabels) -> RegionLabels:
        """The labels of a region with a raw score, as the run's own conversations have them."""
        if raw.quality is None:
            return raw
        quality = round(to_level_scale(raw.quality, self.thresholds), 5)
        if raw.quality < self.visible:
            return replace(raw, quality=quality)
        unharmed = None if raw.importance is None else 0.0
        return replace(raw, quality=quality, importance=unharmed, distortions=())


def metric_scale(root: Path) -> MetricScale | None:
    """The scale of the run whose output folder this is; None if it is of no run of ours.

    Raises:
        ValueError: if the run's settings cannot be read.
    """
    path = OutputTree(root).settings()
    settings = read_json(path)
    if settings is None:
        return None
    try:
        thresholds = tuple(settings["chat"]["quality_thresholds"])
        return MetricScale(thresholds, settings["label"]["visible"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} has not the settings of a run ({error})") from error


def convert_published(
    root: Path,
    rois: Path,
    scores: Path,
    target: Path,
    fields: dict[str, str],
    left_out: LeftOut | None = None,
) -> Iterator[InstructionRecord]:
    """One record an image from a SEAGULL-100w tree; the score JSON is read as a stream.

    In an output folder of ours the settings of its run (``metric_scale``) say what its raw scores
    mean; elsewhere ``quality`` is taken as it stands, cut into equal fifths by the words.

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
    masks, scale = _masks(rois, fields, left_out), metric_scale(root)
    group: dict[str, LabelledRegion] = {}
    image, seen = "", set[str]()
    for number, row in enumerate(iter_rows(scores, fields), start=1):
        if not _has(row, ("image", "roi", "quality"), scores, number, left_out):
            continue
        if row["image"] != image:
            if group:
                yield _record(root, image, group, target)
            image, group = str(row["image"]), {}
            if (mark := digest(image.encode())) in seen:
                raise ValueError(f"{scores}, row {number}: rows of {image} were there before")
            seen.add(mark)
        try:
            roi, region = _region(row, masks, scale)
            if roi in group:
                raise ValueError(f"region {roi} has scores twice")
            group[roi] = region
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


def _region(
    row: Mapping[str, Any], masks: _Masks, scale: MetricScale | None
) -> tuple[str, LabelledRegion]:
    parts, roi = photo_identity(str(row["image"])), str(row["roi"])
    if not parts or (mask := masks.get((Path(parts[-1]).stem, roi))) is None:
        raise ValueError(f"region {roi} has scores, but no mask")
    item: dict[str, Any] = {"segmentation": mask.to_dict(), "metric": "published"}
    item |= {key: row[key] for key in ("quality", "importance") if key in row}
    kind = parts[0].lower()
    if "severity" in row and kind in [one.value for one in DistortionType]:
        item["distortions"] = [[kind, row["severity"]]]
    shape, labels = labelled_region(item)
    RegionSpec.from_dict({"id": roi, **shape})
    return roi, (shape, labels if scale is None else scale.labels(labels))


def _record(
    root: Path, place: str, items: Mapping[str, LabelledRegion], target: Path
) -> InstructionRecord:
    image_id = Path(photo_identity(place)[-1]).stem
    image = relative_to_records(photo_file(root / "Dist.Images", place), target)
    return region_record(f"{image_id}.{digest(place.encode())[:8]}", image, image_id, items)
