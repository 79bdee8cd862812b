"""From records to batches of regions: which photos count, what is shown of them, what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from seagull.baselines.config import BaselineConfig
from seagull.baselines.depth.sources import DepthSource
from seagull.baselines.errors import BaselineError
from seagull.baselines.views import (
    Layers,
    Views,
    as_tensor,
    make_views,
    shown,
    stacked,
    windows,
)
from seagull.photos import Photo
from seagull.photos.identity import photo_file
from seagull.records import InstructionRecord, RegionLabels
from seagull.records.photos import record_photo
from seagull.training.data.plan import Item
from seagull.training.data.records import RecordIndex
from seagull.training.data.regions import Regions
from seagull.types import Region

Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, and of how much."""
UNKNOWN = float("nan")
SMALLEST_PART = 0.6
"""Unlabelled crops have sides of at least this share of the photo's."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One photo as it is shown once.

    Attributes:
        layers: of its views, (n, 3 or 4, s, s), uint8.
        of: per region, the view that shows it, (R,).
        masks: (R, s, s), uint8; None in the crop protocol.
        known: quality and importance of each region, NaN where unknown, (R, 2).
        photo: its number, see ``scene_number``.
        unlabelled: windows of one crop that nobody labelled, (K, 3 or 4, s, s); None without.
        seed: of its batch.
    """

    layers: Tensor
    of: Tensor
    masks: Tensor | None
    known: Tensor
    photo: int
    unlabelled: Tensor | None
    seed: int


@dataclass(frozen=True, eq=False)
class Batch:
    """Regions with what is known of them.

    Attributes:
        views: of the regions.
        known: quality and importance in [0, 1], NaN where unknown, (R, 2).
        photo: number of each region's photo, the same for all versions of one, (R,).
        seed: whatever is random in a step follows from this.
        unlabelled: windows of crops that nobody labelled, each crop's K one after the other.
        unlabelled_photo: per crop, (U,).
    """

    views: Views
    known: Float[Tensor, "R 2"]
    photo: Int[Tensor, " R"]
    seed: int
    unlabelled: Views | None = None
    unlabelled_photo: Int[Tensor, " U"] | None = None

    def to(self, device: torch.device | str) -> Batch:
        """The same on a device."""
        more = None if self.unlabelled is None else self.unlabelled.to(device)
        whose = None if self.unlabelled_photo is None else self.unlabelled_photo.to(device)
        known, photo = self.known.to(device), self.photo.to(device)
        return Batch(self.views.to(device), known, photo, self.seed, more, whose)


def known_of(labels: RegionLabels | None, config: BaselineConfig) -> tuple[float, float]:
    """Quality, by the run's metric alone, and importance, if it is learned; NaN where unknown.

    Raises:
        BaselineError: if one leaves [0, 1].
    """
    if labels is None:
        return UNKNOWN, UNKNOWN
    quality = labels.quality if labels.metric == config.data.metric else None
    importance = labels.importance if "importance" in config.tasks else None
    for name, value in (("quality", quality), ("importance", importance)):
        if value is not None and not 0 <= value <= 1:
            raise BaselineError(f"{name} lies in [0, 1], got {value}")
    return (UNKNOWN if quality is None else quality), (
        UNKNOWN if importance is None else importance
    )


def usable_photos(
    index: RecordIndex,
    photos: Sequence[NDArray[np.int64]],
    config: BaselineConfig,
    progress: Progress = lambda what, done, total: None,
) -> list[NDArray[np.int64]]:
    """The photos with a region of which something is known that the run learns.

    Raises:
        BaselineError: if there is none, or a label leaves [0, 1].
    """
    kept = []
    for done, own in enumerate(photos):
        progress("Reading records", done, len(photos))
        records = [index.read(int(number)) for number in own]
        try:
            known = [known_of(labels, config) for labels in Regions(records).labels]
        except BaselineError as error:
            raise BaselineError(f"record {records[0].id}: {error}") from error
        if not np.isnan(np.array(known)).all():
            kept.append(own)
    if not kept:
        raise BaselineError(
            f"data.train: no region has a quality by the metric {config.data.metric!r}"
            + (" or an importance" if "importance" in config.tasks else "")
            + "; name the labels' metric with data.metric"
        )
    return kept


class RegionDataset(Dataset[Sample]):
    """Samples by photo number.

    Args:
        index: of the records.
        photos: per photo, the numbers of its records, see ``usable_photos``.
        config: of the run.
        depth: where depth comes from, for systems that see depth.
    """

    def __init__(
        self,
        index: RecordIndex,
        photos: Sequence[NDArray[np.int64]],
        config: BaselineConfig,
        depth: DepthSource | None,
    ) -> None:
        self.index, self.photos, self.config, self.depth = index, photos, config, depth
        distil = config.qfm_iqm.distil
        self.crops = distil.crops if config.system == "qfm-iqm" and distil.teacher else 0

    def __len__(self) -> int:
        return len(self.photos)

    def photo(self, number: int) -> Photo:
        """The photo of a number.

        Raises:
            PhotoError: if it cannot be read.
        """
        first = int(self.photos[number][0])
        return record_photo(self.index.read(first).image, self.index.folder(first))

    def places(self) -> Iterator[str]:
        """The files of the photos that are files of their own."""
        for own in self.photos:
            first = int(own[0])
            file = photo_file(self.index.folder(first), self.index.read(first).image)
            if file.is_file():
                yield str(file)

    def __getitem__(self, item: Item) -> Sample:
        number, seed = item
        rng = np.random.default_rng([seed, number])
        own = self.photos[number]
        records = [self.index.read(int(record)) for record in own]
        try:
            photo = self.photo(number)
            regions, known = self._drawn(Regions(records), photo, int(own[0]), rng)
            depth = None if self.depth is None else self.depth(photo)
        except ValueError as error:
            raise BaselineError(f"record {records[0].id}: {error}") from error
        layers = stacked(photo.pixels, depth)
        if self.config.data.flip and rng.random() < 0.5:
            layers = np.ascontiguousarray(layers[:, ::-1])
            regions = [Region(np.ascontiguousarray(one.mask[:, ::-1]), one.id) for one in regions]
        cut, masks = shown(layers, regions, self.config, 1, rng)
        alone = self.config.protocol == "crop"
        return Sample(
            layers=as_tensor(cut),
            of=torch.arange(len(regions)) if alone else torch.zeros(len(regions), dtype=torch.long),
            masks=masks,
            known=torch.tensor(known),
            photo=scene_number(records[0]),
            unlabelled=as_tensor(self._unlabelled(layers, rng)) if self.crops else None,
            seed=seed,
        )

    def _drawn(
        self, found: Regions, photo: Photo, first: int, rng: np.random.Generator
    ) -> tuple[list[Region], list[tuple[float, float]]]:
        """Some of the regions of which something is known, and what."""
        known = [known_of(labels, self.config) for labels in found.labels]
        usable = [place for place, two in enumerate(known) if not np.isnan(two).all()]
        most = self.config.data.regions
        if len(usable) > most:
            usable = sorted(int(one) for one in rng.choice(usable, most, replace=False))
        folder = self.index.folder(first)
        regions = [found.specs[place].build(photo, folder=folder) for place in usable]
        return regions, [known[place] for place in usable]

    def _unlabelled(self, layers: Layers, rng: np.random.Generator) -> list[Layers]:
        """Windows of a random part of the photo."""
        height, width = layers.shape[:2]
        share = rng.uniform(SMALLEST_PART, 1.0)
        tall, wide = max(1, round(share * height)), max(1, round(share * width))
        top = int(rng.integers(0, height - tall + 1))
        left = int(rng.integers(0, width - wide + 1))
        part = layers[top : top + tall, left : left + wide]
        return windows(part, self.config.view, self.crops, rng)


def collate(samples: Sequence[Sample]) -> Batch:
    """The batch of some samples."""
    starts = np.cumsum([0, *(len(sample.layers) for sample in samples)])
    of = [sample.of + int(start) for sample, start in zip(samples, starts, strict=False)]
    masks = [sample.masks for sample in samples if sample.masks is not None]
    views = make_views(
        torch.cat([sample.layers for sample in samples]),
        torch.cat(of),
        torch.cat(masks) if masks else None,
    )
    photo = [torch.full((len(sample.known),), sample.photo) for sample in samples]
    more = [sample.unlabelled for sample in samples if sample.unlabelled is not None]
    every = torch.cat(more) if more else None
    return Batch(
        views=views,
        known=torch.cat([sample.known for sample in samples]).float(),
        photo=torch.cat(photo),
        seed=samples[0].seed,
        unlabelled=None if every is None else make_views(every, torch.arange(len(every))),
        unlabelled_photo=torch.tensor([s.photo for s in samples]) if more else None,
    )


def scene_number(record: InstructionRecord) -> int:
    """63 bits that all versions of one photo share: what was made of it shows what it shows."""
    name = record.reference or record.image
    mark = blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(mark, "big") >> 1
