"""How well a segmenter's regions agree with human ones: IoU on photos of BSDS500.

    python -m benchmarks.regions ../shared/data/bsds500/val_segments.jsonl --photos 30

Each human segment is compared with the best automatic region, with the answer to a click at its
deepest point, and with its box refined; the box itself is the baseline.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from seagull.photos import read_photo
from seagull.regions.everything import Selection
from seagull.regions.load import load_segmenter
from seagull.regions.masks import box_mask, box_of, iou, largest_inner_point
from seagull.regions.rle import Rle, decode
from seagull.regions.segmenter import Segmenter

Scores = dict[str, list[tuple[float, float]]]
"""By way of asking: (IoU, area share of the human segment)."""


def score_photo(segmenter: Segmenter, path: Path, segments: list[Rle], scores: Scores) -> None:
    """Adds the IoUs of one photo's human segments."""
    photo = read_photo(path)
    opened = segmenter.open(photo)
    found = [candidate.mask for candidate in opened.everything(Selection())]
    for segment in segments:
        human = decode(segment, photo.size)
        share, box = float(human.mean()), box_of(human)
        x, y = largest_inner_point(human)
        answers = {
            "everything, best": max((iou(human, mask) for mask in found), default=0.0),
            "one click": iou(human, opened.segment([(x, y, 1)]).mask),
            "box refined": iou(human, opened.segment([], box).mask),
            "box as it is": iou(human, box_mask(box, photo.size)),
        }
        for way, value in answers.items():
            scores[way].append((value, share))


def main() -> None:
    """Prints one line for each way of asking."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("segments", type=Path, help="a *_segments.jsonl file")
    parser.add_argument("--photos", type=int, default=30)
    parser.add_argument("--segmenter", default="classical")
    given = parser.parse_args()
    scores: Scores = defaultdict(list)
    segmenter, start = load_segmenter(given.segmenter), time.time()
    lines = given.segments.read_text(encoding="utf-8").splitlines()[: given.photos]
    for row in map(json.loads, lines):
        rles = [Rle.from_dict({k: one[k] for k in ("size", "counts")}) for one in row["segments"]]
        score_photo(segmenter, given.segments.parent / row["image"], rles, scores)
    print(f"{segmenter.name}, {len(lines)} photos, {(time.time() - start) / len(lines):.1f} s each")
    for way, pairs in scores.items():
        values, shares = np.array(pairs).T
        large = values[shares > 0.02]
        print(
            f"{way:18} mean IoU {values.mean():.3f} ({len(values)} segments), "
            f"{large.mean():.3f} ({len(large)} above 2 % of the photo), "
            f"{np.average(values, weights=shares):.3f} weighted by area"
        )


if __name__ == "__main__":
    main()
