"""What networks for opinions learn from: all photos in memory, and random views of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from seagull.record_photos import record_photo
from seagull.records import read_records


@dataclass(frozen=True)
class Opinions:
    """Photos of one size and what people think of each.

    Attributes:
        pixels: (N, 3, H, W), 0 to 255.
        quality: MOS in [0, 1], (N,).
        names: of the photos.
    """

    pixels: Tensor
    quality: Tensor
    names: list[str]

    def __len__(self) -> int:
        return len(self.names)

    def on(self, device: torch.device) -> Opinions:
        """The same on a device."""
        return Opinions(self.pixels.to(device), self.quality.to(device), self.names)

    def only(self, places: Tensor) -> Opinions:
        """Some of them."""
        there = places.to(self.pixels.device)
        names = [self.names[place] for place in places.tolist()]
        return Opinions(self.pixels[there], self.quality[there], names)


def read_opinions(file: Path) -> Opinions:
    """Photos and opinions of records that are each about a whole photo.

    So that all can be in memory together, those of another size than most are left out.

    Raises:
        PhotoError: if one cannot be read.
        RecordError: if the records cannot.
    """
    known = list(read_records(file))
    photos = [record_photo(record.image, file.parent).pixels for record in known]
    ((shape, _),) = Counter(photo.shape for photo in photos).most_common(1)
    kept = [place for place, photo in enumerate(photos) if photo.shape == shape]
    if len(kept) < len(photos):
        print(f"{len(photos) - len(kept)} photos are not of {shape[1]}x{shape[0]} px: left out")
    pixels = torch.from_numpy(np.stack([photos[place] for place in kept]))
    records = [known[place] for place in kept]
    quality = [next(iter(record.labels.values())).quality for record in records]
    return Opinions(
        pixels.permute(0, 3, 1, 2).contiguous(),
        torch.tensor(quality),
        [record.reference for record in records],
    )


def subset_of(name: str) -> str:
    """The subset of a collection that a photo is from: the first word of its name."""
    return name.split(maxsplit=1)[0]


@dataclass(frozen=True)
class Views:
    """Square windows of photos, flipped at random, some blended with one of another photo.

    Attributes:
        photos: whose they are, and which is blended in, (V, 2).
        corners: top and left of both windows, (V, 2, 2).
        flipped: (V,).
        shares: of the first photo, 1 where there is no other, (V,).
        side: of the windows.
    """

    photos: Tensor
    corners: Tensor
    flipped: Tensor
    shares: Tensor
    side: int

    def __len__(self) -> int:
        return len(self.photos)

    def only(self, places: Tensor) -> Views:
        """Some of them."""
        parts = (self.photos, self.corners, self.flipped, self.shares)
        return Views(*(part[places] for part in parts), self.side)

    def batches(self, size: int) -> Iterator[Views]:
        """All of them in their order, so many at once."""
        for places in torch.arange(len(self), device=self.photos.device).split(size):
            yield self.only(places)

    def show(self, opinions: Opinions) -> Tensor:
        """Their pixels as the vision encoder takes them, in [-1, 1], (V, 3, side, side)."""
        first, second = (_windows(opinions.pixels, self, place) for place in (0, 1))
        shares = self.shares[:, None, None, None]
        mixed = second.lerp(first, shares)
        return torch.where(self.flipped[:, None, None, None], mixed.flip(3), mixed)


def draw_views(
    opinions: Opinions, count: int, side: int, seed: int, *, blended: float = 0.0
) -> Views:
    """Views of all photos in turn, each time in a new order.

    Args:
        opinions: the photos.
        count: how many views.
        side: of the windows; at most the photos' own.
        seed: of what is drawn, which is the same on every device.
        blended: share of views with another photo blended in.
    """
    generator = torch.Generator().manual_seed(seed)
    rounds = -(-count // len(opinions))
    orders = [torch.randperm(len(opinions), generator=generator) for _ in range(2 * rounds)]
    photos = torch.stack([torch.cat(orders[:rounds]), torch.cat(orders[rounds:])], dim=1)[:count]
    room = torch.tensor(opinions.pixels.shape[2:]) - side + 1
    corners = (torch.rand(count, 2, 2, generator=generator) * room).long()
    flipped, alone, share = torch.rand(3, count, generator=generator)
    shares = torch.where(alone < blended, share, 1.0)
    views = Views(photos, corners, flipped < 0.5, shares, side)
    device = opinions.pixels.device
    parts = (views.photos, views.corners, views.flipped, views.shares)
    return Views(*(part.to(device) for part in parts), side)


def _windows(pixels: Tensor, views: Views, place: int) -> Tensor:
    along = torch.arange(views.side, device=pixels.device)
    rows, columns = (views.corners[:, place, axis, None] + along for axis in (0, 1))
    found = pixels[
        views.photos[:, place, None, None, None],
        torch.arange(3, device=pixels.device)[None, :, None, None],
        rows[:, None, :, None],
        columns[:, None, None, :],
    ]
    return found.float() / 127.5 - 1
