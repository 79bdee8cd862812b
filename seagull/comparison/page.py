"""The comparison page: one HTML file with sliders, maps of change and tables, and no other file."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from seagull.comparison.gates import GateResult
from seagull.comparison.measured import Measured
from seagull.comparison.picture import crops, draw_change_map, reduced
from seagull.comparison.results import PairResult
from seagull.comparison.style import SCRIPT, STYLE
from seagull.comparison.summary import Summary, share_text, summary_line, worst_first
from seagull.comparison.types import Change, Comparison, RegionChange, Verdict
from seagull.comparison.words import (
    NOTHING,
    change_text,
    distortions_text,
    headline,
    only_whole,
    unmeasured_text,
    whole_text,
)
from seagull.photos import Pixels
from seagull.reports.text import printable, score_text
from seagull.types import ModelInfo

SHOWN = 960
"""Most pixels on the long side of a picture in the page."""
LEAST = 760
"""Pixels that the long side of a small picture is enlarged to."""
MOST_CROPS = 4
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


@dataclass(frozen=True, eq=False)
class PictureSet:
    """A pair's pictures as the page shows them, ``width`` pixels wide, each a file of JPEG bytes.

    ``cuts`` holds regions with their cut before and after, at the photo's own pixels.
    """

    width: int
    before: bytes
    after: bytes
    change_map: bytes
    cuts: tuple[tuple[RegionChange, bytes, bytes], ...]


def page_pictures(
    photos: tuple[Pixels, Pixels], comparison: Comparison, most_cuts: int = MOST_CROPS
) -> PictureSet:
    """The pictures of one pair.

    Args:
        photos: both photos as they were compared, each (H, W, 3).
        comparison: what changed.
        most_cuts: regions that are shown at their own pixels: those that changed most.
    """
    before, after = (reduced(photo, SHOWN) for photo in photos)
    drawn = draw_change_map(photos[1], comparison)
    changed = [one for one in comparison.regions if one.change.verdict is not Verdict.SAME]
    changed.sort(key=lambda one: (-abs(one.change.quality), one.region.area))
    cuts = []
    for one in changed[:most_cuts]:
        first, second = (_jpeg(cut) for cut in crops(photos, one.region))
        cuts.append((one, first, second))
    drawn.thumbnail((SHOWN, SHOWN))
    width = round(before.width * max(1.0, LEAST / max(before.size)))
    return PictureSet(width, _jpeg(before), _jpeg(after), _jpeg(drawn), tuple(cuts))


def pair_page(comparison: Comparison, pictures: PictureSet) -> str:
    """The page about one pair, as HTML text.

    Args:
        comparison: what changed.
        pictures: of the pair.
    """
    title = f"{_name(comparison, 'before')} → {_name(comparison, 'after')}"
    head = f"<h1>{_text(title)}</h1><p class='lead'>{_text(headline(comparison))}</p>"
    head += _whole([only_whole(comparison)])
    return _page(
        title,
        head + _facts(comparison.before.model, comparison.measured),
        [_pair(comparison, pictures)],
    )


def folder_page(
    results: Sequence[PairResult],
    summary: Summary | None,
    pictures: Sequence[tuple[Comparison, PictureSet]],
    gates: Sequence[GateResult] = (),
    problems: Sequence[str] = (),
) -> str:
    """The page about many pairs, as HTML text.

    Args:
        results: all of them.
        summary: of the results; None without any.
        pictures: the pairs that are shown, in order.
        gates: what became of the limits.
        problems: one line for each photo that could not be compared.
    """
    said = NOTHING if summary is None else summary_line(summary)
    head = f"<h1>Before and after</h1><p class='lead'>{_text(said)}</p>"
    head += _whole([one.whole for one in results])
    head += "".join(_facts(one.model, one.measured) for one in results[:1])
    head += "".join(_gate(one) for one in gates)
    sections = [_types(summary)] if summary is not None and summary.types else []
    sections += [
        f"<h2>{_text(_name(one, 'after'))}</h2><p>{_text(headline(one))}</p>{_pair(one, own)}"
        for one, own in pictures
    ]
    if results:
        sections.append(f"<h2>All photos, the worst change first</h2>{_photos(results)}")
    if problems:
        lines = "".join(f"<li>{_text(line)}</li>" for line in problems)
        sections.append(f"<h2>Not compared</h2><ul>{lines}</ul>")
    return _page("Before and after", head, sections)


def _page(title: str, head: str, sections: Sequence[str]) -> str:
    body = "".join(f"<section>{one}</section>" for one in sections)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{_text(title)}</title><style>{STYLE}</style>"
        f"<main><header>{head}</header>{body}</main><script>{SCRIPT}</script></html>\n"
    )


def _facts(model: ModelInfo, measured: Measured) -> str:
    same = ", ".join(
        f"{change:.2f} about a quality of {score:g}" for score, change in measured.same
    )
    facts = (
        f"Model {model.name} {model.revision}. Same: a change of less than {same}. "
        f"Much: from {measured.much:.2f} on."
    )
    warnings = [text] if (text := unmeasured_text(model, measured)) else []
    if not model.trained:
        warnings.append("The model is untrained: its numbers mean nothing.")
    return f"<p class='soft'>{_text(facts)}</p>" + "".join(
        f"<p class='warn'>{_text(line)}</p>" for line in warnings
    )


def _whole(wholes: Sequence[bool]) -> str:
    return f"<p class='warn'>{_text(note)}</p>" if (note := whole_text(wholes)) else ""


def _pair(comparison: Comparison, pictures: PictureSet) -> str:
    slider = (
        f"<div class='slider' style='width:{pictures.width}px'>{_image(pictures.before, 'before')}"
        f"{_image(pictures.after, 'after', 'after')}"
        f"{_image(pictures.change_map, 'map of change', 'map')}<i></i><b>before</b><b>after</b>"
        "<input type='range' min='0' max='100' value='50' aria-label='border between before and "
        "after'></div><button type='button' aria-pressed='false'>Map of change</button> "
        "<span class='soft'>In the map red is worse, blue is better, grey is the same; what is "
        "dark lies in no region.</span>"
    )
    cuts = "".join(
        f"<figure><div>{_image(first, 'before')}{_image(second, 'after')}</div><figcaption>"
        f"region {_text(one.region.id)}, before and after: {_verdict(one.change)}</figcaption>"
        "</figure>"
        for one, first, second in pictures.cuts
    )
    return slider + _regions(comparison) + (f"<div class='crops'>{cuts}</div>" if cuts else "")


def _regions(comparison: Comparison) -> str:
    rows = [
        [
            _text(one.region.id),
            "no pixel differs" if one.identical else _verdict(one.change),
            _text(score_text(one.before.quality)),
            _text(score_text(one.after.quality)),
            f"{one.weight:.2f}",
            _text(distortions_text(one.distortions)),
        ]
        for one in sorted(comparison.regions, key=lambda one: one.change.quality)
    ]
    return _table(["region", "change", "before", "after", "weight", "distortions"], rows)


def _photos(results: Sequence[PairResult]) -> str:
    rows = [
        [_text(one.after), _verdict(one.change), _text(one.worst)] for one in worst_first(results)
    ]
    return _table(["photo", "change", "worst region"], rows)


def _types(summary: Summary) -> str:
    rows = [
        [kind.value, f"{one.before:.1%}", f"{one.after:.1%}", _text(share_text(one.change))]
        for kind, one in summary.types.items()
    ]
    return "<h2>Regions with a distortion</h2>" + _table(["", "before", "after", "change"], rows)


def _gate(result: GateResult) -> str:
    style = "" if result.passed else " class='failed'"
    passed = "passed" if result.passed else "failed"
    return f"<p{style}>--{result.name} {passed}: {_text(result.text)}</p>"


def _verdict(change: Change) -> str:
    style = "worse" if change.verdict.is_worse else "better" if change.verdict.is_better else ""
    return f"<span class='{style}'>{change.verdict} {_text(change_text(change))}</span>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{_text(head)}</th>" for head in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _name(comparison: Comparison, side: str) -> str:
    report = comparison.before if side == "before" else comparison.after
    return report.image.path or side


def _text(text: str) -> str:
    return html.escape(printable(text))


def _image(data: bytes, about: str, style: str = "") -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img class="{style}" alt="{about}" src="data:image/jpeg;base64,{encoded}">'


def _jpeg(picture: Image.Image) -> bytes:
    """JPEG bytes that hardly change what is to be looked at: full colour resolution."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=93, subsampling=0)
    return out.getvalue()
