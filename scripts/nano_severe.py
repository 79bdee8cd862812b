"""Severely distorted regions drawn by seed, and what a model says of them, on a sheet to look at.

    python scripts/nano_severe.py outputs/nano/data/versions/validation.jsonl sheet.png

Regions under a severe blur, noise, compression or exposure, which nobody would call fair, of photos
that the model was not trained on, one of a photo at most. Prints how many it calls bad or poor. The
last line is JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from seagull import load
from seagull.levels import QUALITY
from seagull.photos import Photo
from seagull.records import RegionLabels, read_records
from seagull.records.order import PlacedRegion, order_of
from seagull.records.photos import record_photo
from seagull.reports.palette import colour
from seagull.types import LevelScore, Region

TILE, LINE, COLUMNS = 230, 30, 5
"""Sizes in pixels of a photo and of the words below it, and how many stand side by side."""
LOW = QUALITY.words[:2]


def main() -> None:
    """Draws the regions, assesses them, and writes the sheet."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("records", type=Path, help="validation records of `seagull-data versions`")
    parser.add_argument("sheet", type=Path, help="picture to write")
    parser.add_argument("--model", default="nano")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model, tiles, low = load(options.model), [], 0
    for photo, region, labels in _drawn(options.records, options.count, options.seed):
        said = model.assess(photo, [region], tasks=["quality"]).regions[0].quality
        assert said is not None
        low += said.level in LOW
        tiles.append(_tile(photo, region, labels, said))
    _sheet(tiles).save(options.sheet)
    print(f"{low} of {len(tiles)} are called {' or '.join(LOW)}")
    print(json.dumps({"model": options.model, "regions": len(tiles), "low": low / len(tiles)}))


def _drawn(file: Path, count: int, seed: int) -> Iterator[tuple[Photo, Region, RegionLabels]]:
    """Photos with one severely distorted region each, of ``count`` photos at most."""
    poor = [
        (record, spec, record.labels[spec.id])
        for record in read_records(file)
        for spec in record.regions
        if spec.id in record.labels and _is_poor(record.labels[spec.id])
    ]
    seen = set[str | None]()
    for number in np.random.default_rng(seed).permutation(len(poor)):
        record, spec, labels = poor[int(number)]
        if len(seen) < count and record.reference not in seen:
            seen.add(record.reference)
            photo = record_photo(record.image, file.parent)
            yield photo, spec.build(photo, folder=file.parent), labels


def _is_poor(labels: RegionLabels) -> bool:
    return bool(order_of([PlacedRegion(0, 0, "", labels)]).poor)


def _tile(photo: Photo, region: Region, labels: RegionLabels, said: LevelScore) -> Image.Image:
    """The photo with the region's outline, over what was done and what was said."""
    edge = np.zeros(region.mask.shape, bool)
    edge[1:] |= region.mask[1:] != region.mask[:-1]
    edge[:, 1:] |= region.mask[:, 1:] != region.mask[:, :-1]
    pixels = photo.pixels.copy()
    pixels[edge] = colour(said.score)
    tile = Image.new("RGB", (TILE, TILE + LINE), "white")
    picture = Image.fromarray(pixels)
    picture.thumbnail((TILE - 6, TILE - 6))
    tile.paste(picture, (3, 3))
    done = ", ".join((labels.order.levels if labels.order else None) or ())
    ImageDraw.Draw(tile).text((3, TILE), f"{done}\n{said.level} {said.score:.2f}", fill="black")
    return tile


def _sheet(tiles: list[Image.Image]) -> Image.Image:
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * TILE, rows * (TILE + LINE)), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % COLUMNS * TILE, number // COLUMNS * (TILE + LINE)))
    return sheet


if __name__ == "__main__":
    main()
