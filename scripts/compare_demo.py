"""A worked example of ``seagull compare``: a denoiser's strength swept over ten noisy photos.

    python scripts/compare_demo.py PHOTOS SEGMENTS.jsonl outputs/compare-demo --docs docs

Ten photos get sensor noise (``OUT/noisy``), OpenCV's non-local means takes it away with several
strengths (``OUT/strength-03`` ...), and the same regions (the human segments) are compared. Writes
``sweep.png`` (mean change and its parts by strength), ``worst.png`` and ``best.png`` (the regions
that changed most, noisy and denoised), ``report.html`` about the strongest setting, ``sweep.json``;
with ``--docs`` also the copies of the pictures and the table that ``docs/compare.md`` shows.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure as Plot
from PIL import Image, ImageDraw

from data_tools.distort.registry import apply, distortion_key
from data_tools.distort.tables import LADDERS
from data_tools.reference.reference import from_rgb
from seagull import load
from seagull.comparison.compare import compare_at_one_size
from seagull.comparison.page import folder_page, page_pictures
from seagull.comparison.picture import CROP, crops
from seagull.comparison.results import pair_result
from seagull.comparison.summary import Summary, figure_text, summarise, summary_line
from seagull.comparison.types import Comparison, RegionChange
from seagull.comparison.words import change_text, distortions_text
from seagull.photos import Photo, Pixels, read_photo
from seagull.regions.rle import Rle, decode
from seagull.reports.canvas import load_font, wrapped
from seagull.types import DistortionType, Region

STRENGTHS = (3, 6, 10, 16, 24)
"""``h`` of ``fastNlMeansDenoisingColored``, of light and of colour alike."""
LEVEL = 5
"""Of the noise, on its ladder of twenty."""
PHOTOS = 10
REGIONS = 4
SHOWN = 6
ROW = 2
"""Regions beside each other in a sheet."""
LINE = 18
"""Pixels from one line of a caption to the next."""
BEGIN, END = "<!-- sweep: made by scripts/compare_demo.py -->\n", "<!-- end of sweep -->\n"
PARTS = (DistortionType.NOISE, DistortionType.BLUR)


@dataclass(frozen=True, eq=False)
class Made:
    """One noisy photo compared with itself denoised."""

    strength: int
    photos: tuple[Pixels, Pixels]
    comparison: Comparison


def main() -> None:
    """Makes the photos, compares them, and writes plots and pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("segments", type=Path, help="JSON Lines with image and segments")
    parser.add_argument("out", type=Path)
    parser.add_argument("--docs", type=Path, help="folder of compare.md, rewritten in part")
    parser.add_argument("--count", type=int, default=PHOTOS, help="of photos")
    options = parser.parse_args()
    made = list(_compare(options.photos, options.segments, options.out, options.count))
    summaries = {
        strength: summarise(
            [pair_result(one.comparison) for one in made if one.strength == strength]
        )
        for strength in STRENGTHS
    }
    for strength, summary in summaries.items():
        print(f"strength {strength}: {summary_line(summary)}")
    _plot(summaries, options.out / "sweep.png")
    _write_numbers(summaries, options.out / "sweep.json")
    changes = sorted(
        ((region, one) for one in made for region in one.comparison.regions),
        key=lambda item: item[0].change.quality,
    )
    _sheet(changes[:SHOWN], options.out / "worst.png")
    _sheet(changes[: -SHOWN - 1 : -1], options.out / "best.png")
    _page([one for one in made if one.strength == STRENGTHS[-1]], options.out / "report.html")
    if options.docs is not None:
        write_docs(options.docs, options.out, summaries)


def write_docs(docs: Path, out: Path, summaries: Mapping[int, Summary]) -> None:
    """Writes what ``compare.md`` shows: the plot, both sheets as JPEG, and the table.

    Args:
        docs: folder of ``compare.md`` and ``images``.
        out: where ``sweep.png``, ``worst.png`` and ``best.png`` are.
        summaries: by strength.
    """
    shutil.copy(out / "sweep.png", docs / "images" / "compare-sweep.png")
    for name in ("worst", "best"):
        with Image.open(out / f"{name}.png") as sheet:
            sheet.save(docs / "images" / f"compare-{name}.jpg", quality=60, optimize=True)
    page = docs / "compare.md"
    before, rest = page.read_text("utf-8").split(BEGIN)
    after = rest.split(END)[1]
    table = "\n".join(_table(summaries))
    page.write_text(f"{before}{BEGIN}{table}\n{END}{after}", "utf-8")


def _table(summaries: Mapping[int, Summary]) -> list[str]:
    parts = " | ".join(f"with {kind.value} (before)" for kind in PARTS)
    lines = [
        f"| strength | mean change | regions worse | better | {parts} |",
        "| --- | --- | --- | --- |" + " --- |" * len(PARTS),
    ]
    for strength, one in summaries.items():
        shares = [_shares(one, kind) for kind in PARTS]
        cells = [
            str(strength),
            figure_text(one.mean),
            f"{one.worse.value:.0%}",
            f"{one.better.value:.0%}",
            *(f"{after:.0%} ({before:.0%})" for before, after in shares),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _compare(folder: Path, segments: Path, out: Path, count: int) -> Iterator[Made]:
    assessor = load("nano")
    lines = segments.read_text("utf-8").splitlines()
    for number, line in enumerate(lines[:: max(1, len(lines) // count)][:count], start=1):
        plain = json.loads(line)
        name = Path(plain["image"]).stem
        clean = read_photo(folder / Path(plain["image"]).name)
        masks = [decode(Rle.from_dict(one), clean.size) for one in _largest(plain["segments"])]
        regions = [Region(mask, str(place)) for place, mask in enumerate(masks, start=1)]
        noisy = _save(out / "noisy" / f"{name}.png", _noisy(plain["image"], clean.pixels))
        for strength in STRENGTHS:
            pixels = cv2.fastNlMeansDenoisingColored(noisy.pixels, None, strength, strength)
            target = out / f"strength-{strength:02}" / f"{name}.png"
            denoised = _save(target, np.asarray(pixels, np.uint8))
            compared = compare_at_one_size(assessor, (noisy, denoised), regions)
            yield Made(strength, (noisy.pixels, denoised.pixels), compared)
        print(f"photo {number} of {count}", flush=True)


def _largest(segments: Sequence[dict[str, int]]) -> list[dict[str, int]]:
    return sorted(segments, key=lambda one: -one["area"])[:REGIONS]


def _noisy(image_id: str, pixels: Pixels) -> Pixels:
    setting = LADDERS[DistortionType.NOISE, "sensor"].setting(LEVEL)
    return apply(
        setting, from_rgb(image_id, pixels), distortion_key(DistortionType.NOISE, image_id, 0)
    )


def _save(path: Path, pixels: Pixels) -> Photo:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return Photo(pixels, str(path))


def _plot(summaries: Mapping[int, Summary], path: Path) -> None:
    plot = Plot(figsize=(7, 6.4), layout="constrained")
    top, bottom = plot.subplots(2, 1, sharex=True)
    means = [one.mean for one in summaries.values()]
    values = np.array([one.value for one in means])
    bounds = np.array([one.interval or (one.value, one.value) for one in means]).T
    top.errorbar(list(summaries), values, abs(bounds - values), marker="o", capsize=4)
    top.axhline(0, color="grey", linewidth=0.8)
    top.set_ylabel("mean change of quality")
    for kind, colour in zip(PARTS, ("tab:orange", "tab:purple"), strict=True):
        shares = [_shares(one, kind) for one in summaries.values()]
        bottom.plot(list(summaries), [after for _, after in shares], "o-", color=colour,
                    label=f"{kind.value}, denoised")  # fmt: skip
        bottom.axhline(shares[0][0], color=colour, linestyle=":", label=f"{kind.value}, noisy")
    bottom.set_ylabel("share of regions with it")
    bottom.set_xlabel("strength of the denoiser (h)")
    bottom.legend()
    plot.savefig(path, dpi=110)


def _shares(summary: Summary, kind: DistortionType) -> tuple[float, float]:
    found = summary.types.get(kind)
    return (0.0, 0.0) if found is None else (found.before, found.after)


def _write_numbers(summaries: Mapping[int, Summary], path: Path) -> None:
    plain = {
        strength: {
            "mean": one.mean.value,
            "interval": one.mean.interval,
            "worse": one.worse.value,
            "better": one.better.value,
            **{kind.value: _shares(one, kind) for kind in PARTS},
        }
        for strength, one in summaries.items()
    }
    path.write_text(json.dumps(plain, indent=2) + "\n", "utf-8")


def _sheet(changes: Sequence[tuple[RegionChange, Made]], path: Path) -> None:
    """Regions noisy and denoised, at their own pixels, ``ROW`` pairs beside each other."""
    font = load_font(15)
    wide = 2 * CROP + 12
    captions = [wrapped(_caption(region), font, wide - 12) for region, _ in changes]
    high = CROP + 8 + LINE * (1 + max(map(len, captions)))
    rows = -(-len(changes) // ROW)
    sheet = Image.new("RGB", (ROW * wide, rows * high), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for place, (region, one) in enumerate(changes):
        left, top = place % ROW * wide, place // ROW * high
        for side, cut in enumerate(crops(one.photos, region.region)):
            sheet.paste(cut, (left + side * (CROP + 2), top))
        name = Path(one.comparison.after.image.path or "").stem
        text = f"{name}, region {region.region.id}, strength {one.strength}"
        draw.text((left, top + CROP + 2), text, font=font, fill=(0, 0, 0))
        for number, line in enumerate(captions[place], start=1):
            draw.text((left, top + CROP + 2 + LINE * number), line, font=font, fill=(0, 0, 0))
    sheet.save(path)


def _caption(region: RegionChange) -> str:
    words = distortions_text(region.distortions)
    verdict = f"{region.change.verdict} {change_text(region.change)}"
    return f"{verdict}; {words}" if words else verdict


def _page(made: Sequence[Made], path: Path) -> None:
    results = [pair_result(one.comparison) for one in made]
    worst = sorted(made, key=lambda one: one.comparison.change.quality)[:SHOWN]
    shown = [(one.comparison, page_pictures(one.photos, one.comparison)) for one in worst]
    path.write_text(folder_page(results, summarise(results), shown), "utf-8")


if __name__ == "__main__":
    main()
