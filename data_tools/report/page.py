"""The report page: everything inside one HTML file."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from data_tools.chat import read_calibration
from data_tools.commits import totals
from data_tools.config import DataConfig
from data_tools.pack import finished_ids
from data_tools.report import figures
from data_tools.report.collect import Numbers, collect
from data_tools.report.pictures import Tile, ladder_tiles, region_tiles
from data_tools.report.style import STYLE
from data_tools.state import OutputTree, read_json
from data_tools.status import Status, read_status
from seagull.files.config import build_settings
from seagull.records import InstructionRecord, read_records
from seagull.types import DistortionType


def write_report(tree: OutputTree) -> Path:
    """Writes ``report.html`` and returns its path.

    Raises:
        ValueError: if nothing has been labelled yet.
    """
    config = build_settings(DataConfig, read_json(tree.config()) or {})
    status = read_status(tree)
    ids = [name for shard in range(status.shards) for name in finished_ids(tree, "label", shard)]
    if not ids:
        raise ValueError(f"{tree.root} has no labels to report yet; run `seagull-data label` first")
    numbers = collect(tree, status.shards)
    spread = ids[:: max(1, len(ids) // 18)][:18]
    sections = [
        _head(config, status, numbers),
        _ladders(tree, config, [spread[0], spread[len(spread) // 2]]),
        _section("Quality against level", figures.ladder_curves(numbers), _CURVES),
    ]
    if (tree.state / "calibration.json").exists():
        tiles = region_tiles(tree, config, _cycled(spread, 18), read_calibration(tree))
        sections.append(_section("Regions and their labels", _grid(tiles, "wide"), _REGIONS))
    sections.append(_section("Distributions", figures.histograms(numbers), _DISTRIBUTIONS))
    if numbers.talk:
        words = {key.removeprefix("word:"): count for key, count in numbers.talk.items()}
        body = figures.talk_bars(words) + _forms(numbers.talk) + _samples(tree)
        sections.append(_section("Conversations", body, _TALK))
    sections.append(_section("What failed", _failures(tree, status)))
    sections.append(_section("Time", _times(tree, status)))
    sections.append(_section("Validation", _validation(tree)))
    text = (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{html.escape(config.pack.name)} - report</title><style>{STYLE}</style>"
        f"<main>{''.join(sections)}</main></html>\n"
    )
    tree.write("report.html", text.encode("utf-8", "backslashreplace"))
    return tree.root / "report.html"


_CURVES = (
    "Mean over all regions at each level; the band is one standard deviation between regions. "
    "A ladder should fall steadily, and types should meet at the same level."
)
_REGIONS = "One region an image, outlined; what lies outside is dimmed."
_DISTRIBUTIONS = "Over all regions of all distorted images (quality, importance) and all masks."
_TALK = "How often each word is said, and some of the conversations."


def _section(title: str, body: str, note: str = "") -> str:
    line = f"<p class='note'>{html.escape(note)}</p>" if note else ""
    return f"<section><h2>{html.escape(title)}</h2>{line}{body}</section>"


def _cycled(names: Sequence[str], count: int) -> list[str]:
    return [names[i % len(names)] for i in range(count)]


def _head(config: DataConfig, status: Status, numbers: Numbers) -> str:
    stages = status.stages
    cards = (
        ("references", status.references),
        ("distorted images", int(stages["distort"]["counts"].get("images", 0))),
        ("regions", int(stages["masks"]["counts"].get("regions", 0))),
        ("labels", numbers.rows * 2),
        ("conversations", numbers.talk.get("records", 0)),
        ("in quarantine", len(status.failures)),
        ("rejected photos", sum(status.rejected.values())),
    )
    shown = "".join(f"<div><b>{value:,}</b><span>{name}</span></div>" for name, value in cards)
    state = "finished" if status.finished else "not finished"
    return (
        f"<header><h1>{html.escape(config.pack.name)}</h1><p>{state} · metric "
        f"{html.escape(config.label.metric)} · seed {config.seed} · labels come from a "
        f"full-reference metric, not from people</p><div class='cards'>{shown}</div></header>"
    )


def _grid(tiles: Iterable[Tile], kind: str = "") -> str:
    cells = "".join(
        f"<figure><img src='{tile.source}' alt='{html.escape(tile.title)}'>"
        f"<figcaption><b>{html.escape(tile.title)}</b>"
        f"{'<br>' + html.escape(tile.text) if tile.text else ''}</figcaption></figure>"
        for tile in tiles
    )
    return f"<div class='grid {kind}'>{cells}</div>"


def _ladders(tree: OutputTree, config: DataConfig, image_ids: Sequence[str]) -> str:
    parts = []
    for name in config.distort.types:
        rows = "".join(
            _grid(ladder_tiles(tree, config, image_id, DistortionType(name)), "row")
            for image_id in dict.fromkeys(image_ids)
        )
        parts.append(f"<h3>{name}</h3>{rows}")
    note = "The most detailed part of the photo at rising levels; the number is the image's score."
    return _section("Ladders", "".join(parts), note)


def _forms(talk: Counter[str]) -> str:
    forms = {key[5:]: count for key, count in talk.items() if key.startswith("form:")}
    judged = {key[5:]: count for key, count in talk.items() if key.startswith("word:judge")}
    rows = [(name, str(int(count))) for name, count in sorted(forms.items())]
    answers = [(name, str(int(count))) for name, count in sorted(judged.items())]
    return (
        f"<div class='pair'>{_table(('form of question', 'turns'), rows)}"
        f"{_table(('judgement: answer', 'turns'), answers)}</div>"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    titles = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{titles}</tr>{lines}</table>"


def _samples(tree: OutputTree) -> str:
    path = tree.root / "conversations" / "train.jsonl"
    if not path.exists():
        return ""
    records = list(islice(read_records(path), 0, 60, 7))[:6]
    return f"<div class='talks'>{''.join(map(_talk, records))}</div>"


def _talk(record: InstructionRecord) -> str:
    lines = []
    for message in record.messages[:8]:
        who = f"region {', '.join(message.regions)}: " if message.regions else ""
        lines.append(f"<p class='{message.role}'><i>{who}</i>{html.escape(message.content)}</p>")
    more = len(record.messages) - 8
    tail = f"<p class='note'>and {more // 2} more turns</p>" if more > 0 else ""
    return f"<div><h4>{html.escape(record.id)}</h4>{''.join(lines)}{tail}</div>"


def _failures(tree: OutputTree, status: Status) -> str:
    rejected = (read_json(tree.plan()) or {}).get("rejected", [])
    rows = [("plan", row["path"], row["reason"]) for row in rejected[:40]]
    rows += [(f.stage, f"{f.id} {f.cell}", f"{f.kind}: {f.message}") for f in status.failures[:40]]
    if not rows:
        return "<p>No photo was rejected and no reference failed.</p>"
    reasons = Counter(row[2].split(":", 1)[0] for row in rows)
    summary = ", ".join(f"{count} x {html.escape(reason)}" for reason, count in reasons.items())
    return f"<p>{summary}</p>" + _table(("stage", "what", "reason"), rows)


def _times(tree: OutputTree, status: Status) -> str:
    seconds = totals(stage["seconds"] for stage in status.stages.values())
    records = [read_json(tree.commit("distort", shard)) for shard in range(status.shards)]
    there = [(r["finished"], int(r["counts"].get("images", 0))) for r in records if r]
    there.sort()
    start = there[0][0] if there else 0.0
    moved = [(when - start, images) for when, images in there]
    images = sum(count for _, count in there)
    work = sum(status.stages[name]["seconds"].get(key, 0) for name, key in _SCORED)
    made = sum(status.stages["distort"]["seconds"].values())
    scores = int(status.stages["label"]["counts"].get("scores", 0))
    text = (
        f"<p>{images:,} images took {made:.1f} s of work to distort, encode and write "
        f"({images / made if made else 0:.0f} a second and core); {scores:,} scores took "
        f"{work:.1f} s ({scores / work if work else 0:.0f} a second and core).</p>"
    )
    return f"{text}<div class='pair'>{figures.time_share(seconds)}{figures.throughput(moved)}</div>"


_SCORED = (("label", "score"),)


def _validation(tree: OutputTree) -> str:
    found: dict[str, Any] | None = read_json(tree.state / "validation.json")
    if found is None:
        return "<p>Not validated yet.</p>"
    rows = [
        (
            kind,
            f"{found['cells'].get(kind, 0):,}",
            f"{good / total:.1%} of {total:,}",
            f"{found['no_effect'].get(kind, 0):.2%}",
        )
        for kind, (total, good) in found["ladders"].items()
    ]
    line = (
        f"<p>{sum(found['cells'].values()):,} of {found['expected']:,} images are there; "
        f"{found['missing_count']} missing, {len(found['problems'])} other problems.</p>"
    )
    head = ("type", "images", "region ladders in order (SRCC at most -.98)", "rows with no effect")
    return line + _table(head, rows)
