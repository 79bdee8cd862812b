"""The evaluation page: one HTML file with tables, plots and the worst misses as pictures."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from seagull.evaluation.label_sets import CLASSES, SCORES
from seagull.evaluation.misses import Miss
from seagull.evaluation.style import STYLE
from seagull.evaluation.table import COLUMNS, SINGLE_COLUMNS, Results, number_text

Misses = Mapping[str, tuple[Sequence[Miss], Sequence[Miss]]]
"""By predictor's name: rated too high, rated too low."""


def evaluation_page(
    about: Mapping[str, Any], results: Results, plots: Mapping[str, bytes], misses: Misses
) -> str:
    """The page as HTML text that needs no other file.

    Args:
        about: ``title``, ``facts`` (lines), ``warnings`` (lines).
        results: by predictor's name, the one that matters first.
        plots: PNG files by their heading.
        misses: of quality.
    """
    body = [_head(about), *_tables(results)]
    body += [
        _section(heading, "", f'<img class="plot" alt="" src="{_data_uri(png, "png")}">')
        for heading, png in plots.items()
    ]
    body += [_misses(name, *pair) for name, pair in misses.items()]
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(about['title'])}</title><style>{STYLE}</style>"
        f"<main>{''.join(body)}</main></html>\n"
    )


def _head(about: Mapping[str, Any]) -> str:
    facts = "<br>".join(html.escape(line) for line in about["facts"])
    warnings = "".join(f'<p class="warn">{html.escape(line)}</p>' for line in about["warnings"])
    title = html.escape(about["title"])
    return f'<header><h1>{title}</h1><p class="soft">{facts}</p>{warnings}</header>'


def _tables(results: Results) -> list[str]:
    sections = []
    for task in ("quality", "importance"):
        rows = {name: result[task] for name, result in results.items() if task in result}
        if rows:
            cells = {
                name: [*(_with_interval(result, key) for key in COLUMNS), str(result["n"])]
                for name, result in rows.items()
            }
            table = _table(["", *COLUMNS.values(), "n"], cells)
            sections.append(_section(task.capitalize(), _SCORES, table))
    rows = {
        name: result["distortion"] for name, result in results.items() if "distortion" in result
    }
    if rows:
        sections.append(_section("Distortions", _DISTORTIONS, _distortions(rows)))
    rows = {
        name: result["sensitivity"] for name, result in results.items() if "sensitivity" in result
    }
    if rows:
        heads = ["", "ranked right", "clean moves by", "distorted falls by", "fell", "pairs"]
        keys = ("ranked_right", "clean_move", "distorted_drop", "fell")
        cells = {
            name: [*(_with_interval(result, key) for key in keys), str(result["pairs"])]
            for name, result in rows.items()
        }
        sections.append(_section("Region sensitivity", _SENSITIVITY, _table(heads, cells)))
    return sections


def _distortions(rows: Results) -> str:
    kinds = ("type", "severity")
    heads = ["", *(f"{kind} {score}" for kind in kinds for score in SCORES), "n"]
    sets = {
        name: [
            *(_with_interval(result[kind], score) for kind in kinds for score in SCORES),
            str(result["n"]),
        ]
        for name, result in rows.items()
    }
    types = {
        name: [
            *(number_text(result["per_type"][kind]["f1"]) for kind in CLASSES),
            number_text(result["mean_f1_per_type"]),
        ]
        for name, result in rows.items()
    }
    counts = next(iter(rows.values()))["per_type"]
    types["regions"] = [*(str(counts[kind]["n"]) for kind in CLASSES), ""]
    single = {
        name: [
            *(_with_interval(result, key) for key in SINGLE_COLUMNS),
            str(result["n_single"]["single"]),
        ]
        for name, result in rows.items()
    }
    return (
        _table(heads, sets)
        + "<h3>F1 by type</h3>"
        + _table(["", *CLASSES, "mean"], types)
        + "<h3>Regions labelled with one distortion</h3>"
        + _table(["", *SINGLE_COLUMNS.values(), "n"], single)
    )


def _misses(name: str, too_high: Sequence[Miss], too_low: Sequence[Miss]) -> str:
    parts = []
    for heading, style, listed in (
        ("Rated too high", "high", too_high),
        ("Rated too low", "low", too_low),
    ):
        if listed:
            figures = "".join(_figure(miss, style) for miss in listed)
            parts.append(f'<h3>{heading}</h3><div class="grid">{figures}</div>')
    return _section(f"Worst misses: {name}", "", _MISSES + "".join(parts))


def _figure(miss: Miss, style: str) -> str:
    picture = (
        "photo not readable"
        if miss.picture is None
        else f'<img alt="" src="{_data_uri(miss.picture, "jpeg")}">'
    )
    predicted, true = (min(max(value, 0.0), 1.0) for value in (miss.on_scale, miss.label))
    low, high = sorted((predicted, true))
    scale = (
        f'<div class="scale"><b style="left:{low:.1%};width:{high - low:.1%}"></b>'
        f'<i class="true" style="left:{true:.1%}"></i>'
        f'<i class="said" style="left:{predicted:.1%}"></i></div>'
    )
    raw = miss.row.prediction.quality
    caption = f"{miss.row.image} · region {miss.row.region}"
    return (
        f'<figure class="{style}"><div class="frame">{picture}</div><figcaption>'
        f"predicted {miss.on_scale:.2f} (raw {number_text(raw)}), true {miss.label:.2f}{scale}"
        f'{_known(miss)}<span class="id">{html.escape(caption)}</span></figcaption></figure>'
    )


def _known(miss: Miss) -> str:
    distortions = miss.row.labels.distortions
    if distortions is None:
        return ""
    words = ", ".join(f"{severity} {kind.value}" for kind, severity in distortions) or "clean"
    return f"labelled {html.escape(words)}"


def _with_interval(result: Mapping[str, Any], key: str) -> str:
    interval = result.get("ci", {}).get(key)
    if result[key] is None or interval is None:
        return number_text(result[key])
    return f"{number_text(result[key])}<small>{interval[0]:.3f} to {interval[1]:.3f}</small>"


def _table(heads: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    top = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    body = "".join(
        f"<tr><td>{html.escape(name)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        for name, cells in rows.items()
    )
    return f"<table><tr>{top}</tr>{body}</table>"


def _section(heading: str, note: str, body: str) -> str:
    about = f'<p class="soft">{html.escape(note)}</p>' if note else ""
    return f"<section><h2>{html.escape(heading)}</h2>{about}{body}</section>"


def _data_uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


_SCORES = (
    "Correlation with the labels and error on their scale, with 95 % bootstrap intervals over "
    "photos. Fitted: after the 4-parameter logistic mapping, which hides the direction and "
    "flatters where there are few photos."
)
_DISTORTIONS = (
    "Predicted against labelled sets of distortions, average over regions; severity counts a type "
    "as right only with its severity word; clean stands for no distortion."
)
_SENSITIVITY = (
    "One region of a photo is distorted. Ranked right: share of pairs in which it is rated below a "
    "clean one (chance is 0.5). Clean moves by: mean change of the clean regions' scores (ideal 0)."
)
_MISSES = (
    '<p class="soft">Predictions after the logistic fit, where it rises, so that what is '
    'wrong with all of them alike does not show.<span class="legend"><span '
    'style="background:var(--ink)"></span>true<span style="border:3px solid var(--high)"></span>'
    "predicted</span></p>"
)
