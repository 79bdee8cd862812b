"""The settings of a data run: frozen dataclasses, checked when made."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from data_tools.versions.config import VersionsConfig
from seagull.files.config import ConfigError
from seagull.types import DistortionType

ALL_TYPES = tuple(kind.value for kind in DistortionType)


@dataclass(frozen=True)
class PlanConfig:
    """Which photos are taken and how they are cut into shards.

    Args:
        shard_size: references per shard, the unit of work.
        min_side: photos with a shorter side (pixels) are rejected.
        max_photos: take only so many (in natural order of their paths); None takes all.
    """

    shard_size: int = 16
    min_side: int = 96
    max_photos: int | None = None


@dataclass(frozen=True)
class ReferenceConfig:
    """How a photo becomes a reference.

    Args:
        long_side: longer side in pixels after area reduction; photos are never enlarged.
        demosaic: LibRaw's demosaicing for RAW photos.
    """

    long_side: int = 1024
    demosaic: str = "AHD"


@dataclass(frozen=True)
class DistortConfig:
    """Which cells (type x level) every reference gets.

    Args:
        types: distortion types.
        levels: steps of the perceptual ladder, 1 (least) to 20.
        ladders: YAML file with other ladders or sub-kinds; None takes the measured defaults.
    """

    types: tuple[str, ...] = ALL_TYPES
    levels: tuple[int, ...] = tuple(range(1, 21))
    ladders: str | None = None


@dataclass(frozen=True)
class MasksConfig:
    """Where the regions come from.

    Args:
        source: ``everything`` (the segmenter's automatic masks), ``given`` (a file of masks or
            boxes) or ``detector`` (boxes of a transformers object detector).
        given: COCO-like JSON or a JSONL of segments, for ``given``; a pattern with ``*`` takes
            several files.
        given_size: what size the annotations' photos have: ``photo`` (the upright photo's; others
            are left out), ``scaled`` (a copy of any size, scaled to the photo) or ``stored`` (the
            photo's before its EXIF orientation is applied; turned with it).
        detector: folder or hub name of a transformers object-detection model.
        detector_threshold: least confidence of a detected box.
        segmenter: ``classical`` (no weights), ``sam-vit-b`` ... or a checkpoint's path.
        max_objects: object-level regions per reference, the largest or surest first.
        components: random points per reference, each segmented into a component-level region.
        min_area: least area as a share of the photo.
        min_side: least side of the region's box in pixels.
        max_iou: of two masks that overlap more than this, the earlier one stays.
    """

    source: str = "everything"
    given: str | None = None
    given_size: str = "photo"
    detector: str | None = None
    detector_threshold: float = 0.5
    segmenter: str = "classical"
    max_objects: int = 24
    components: int = 9
    min_area: float = 0.002
    min_side: int = 12
    max_iou: float = 0.85


@dataclass(frozen=True)
class LabelConfig:
    """How a region is scored.

    Args:
        metric: ``haarpsi`` (no weights) or ``topiq_fr`` (through pyiqa).
        visible: scores at or above this count as no visible difference.
    """

    metric: str = "haarpsi"
    visible: float = 0.995


@dataclass(frozen=True)
class ChatConfig:
    """How many conversations are written, and about what.

    Args:
        images_per_type: distorted images per reference and type that are talked about.
        clean_images: conversations about the undistorted reference, per reference.
        regions_per_image: most regions in one conversation.
        turns: most question-and-answer pairs in one conversation.
        quality_thresholds: four ascending edges between the quality words, on the metric's scale
            (HaarPSI of the default ladders runs from about .97 to .40, so equal bins would leave
            the lowest word nearly unused).
        validation_share: share of references (never of records) kept for validation.
    """

    images_per_type: int = 2
    clean_images: int = 1
    regions_per_image: int = 4
    turns: int = 8
    quality_thresholds: tuple[float, ...] = (0.4, 0.55, 0.7, 0.85)
    validation_share: float = 0.1


@dataclass(frozen=True)
class PackConfig:
    """What is written for exchange.

    Args:
        images: ``none`` (the loose tree only), ``parquet`` or ``tar``: image shards beside it.
        compatibility: whether to write SEAGULL-100w's label JSONs.
        name: data set's name, the prefix of those files.
        fast_view: rows in each ``_fast-view.json``.
        fields: names of the compatibility JSON's fields, by ours.
    """

    images: str = "parquet"
    compatibility: bool = True
    name: str = "SEAGULL-100w"
    fast_view: int = 20
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RunConfig:
    """How the work is done; nothing here changes a pixel or a label.

    Args:
        workers: processes; 0 works inside the calling process.
        engine: ``local``, ``shared`` (many machines, one disk) or ``ray``.
        timeout_s: a reference without progress for so long costs its worker's life.
        failure_budget: share of references that may fail before the run stops.
        stale_s: a shared-disk claim without heartbeat for so long may be taken over.
        ray_address: cluster to join; None starts one in place.
    """

    workers: int = 2
    engine: str = "local"
    timeout_s: float = 900.0
    failure_budget: float = 0.02
    stale_s: float = 120.0
    ray_address: str | None = None


@dataclass(frozen=True)
class DataConfig:
    """A whole data run."""

    input: str = ""
    output: str = ""
    seed: int = 0
    plan: PlanConfig = field(default_factory=PlanConfig)
    reference: ReferenceConfig = field(default_factory=ReferenceConfig)
    distort: DistortConfig = field(default_factory=DistortConfig)
    masks: MasksConfig = field(default_factory=MasksConfig)
    label: LabelConfig = field(default_factory=LabelConfig)
    chat: ChatConfig = field(default_factory=ChatConfig)
    pack: PackConfig = field(default_factory=PackConfig)
    versions: VersionsConfig = field(default_factory=VersionsConfig)
    run: RunConfig = field(default_factory=RunConfig)

    def __post_init__(self) -> None:
        faults = list(_value_faults(self))
        if faults:
            raise ConfigError("\n".join(faults))


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "masks.source": ("everything", "given", "detector"),
    "masks.given_size": ("photo", "scaled", "stored"),
    "label.metric": ("haarpsi", "topiq_fr"),
    "pack.images": ("none", "parquet", "tar"),
    "run.engine": ("local", "shared", "ray"),
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "plan.shard_size": (1, 10_000),
    "plan.min_side": (16, 100_000),
    "reference.long_side": (64, 20_000),
    "masks.max_objects": (0, 1000),
    "masks.components": (0, 1000),
    "masks.min_area": (0, 1),
    "masks.max_iou": (0, 1),
    "label.visible": (0, 1),
    "chat.images_per_type": (0, 20),
    "chat.clean_images": (0, 100),
    "chat.regions_per_image": (1, 100),
    "chat.turns": (1, 100),
    "chat.validation_share": (0, 1),
    "run.workers": (0, 1024),
    "run.failure_budget": (0, 1),
}


def _value_faults(config: DataConfig) -> typing.Iterator[str]:
    for path, choices in _CHOICES.items():
        if (value := _get(config, path)) not in choices:
            yield f"{path}: one of {', '.join(choices)}, got {value!r}"
    for path, (low, high) in _RANGES.items():
        if not low <= (number := _get(config, path)) <= high:
            yield f"{path}: a number from {low} to {high}, got {number}"
    if bad := [kind for kind in config.distort.types if kind not in ALL_TYPES]:
        yield f"distort.types: {bad} unknown; known are {', '.join(ALL_TYPES)}"
    yield from config.versions.faults()
    levels = config.distort.levels
    if not levels or sorted(set(levels)) != list(levels) or not 1 <= levels[0] <= levels[-1] <= 20:
        yield f"distort.levels: ascending steps from 1 to 20, got {list(levels)}"
    for name in ("given", "detector"):
        if config.masks.source == name and not getattr(config.masks, name):
            yield f"masks.{name}: must be set when masks.source is {name!r}"
    if config.masks.given and config.masks.source != "given":
        yield (
            f"masks.given: is not used when masks.source is {config.masks.source!r}; set "
            "masks.source=given, or masks.given=null"
        )


def _get(config: object, path: str) -> Any:
    for name in path.split("."):
        config = getattr(config, name)
    return config
