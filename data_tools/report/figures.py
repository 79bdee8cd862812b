"""Figures of the report as SVG text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data_tools.report.collect import Numbers
from seagull.levels import IMPORTANCE, QUALITY, SEVERITY
from seagull.types import DistortionType

COLOURS = {
    "blur": "#3b6fb6",
    "colorfulness": "#c2558f",
    "compression": "#8a6d3b",
    "contrast": "#5a5a66",
    "exposure": "#d98e04",
    "noise": "#3f8f5f",
    "clean": "#9bb5c9",
}
_STYLES = ("-", "--", ":")
_INK = "#1f3a52"


def ladder_curves(numbers: Numbers) -> str:
    """Mean quality of the regions against the level, with one standard deviation, by type."""
    figure = Figure(figsize=(11, 5.2))
    axes = figure.subplots(2, 3, sharex=True, sharey=True)
    for axis, kind in zip(axes.flat, DistortionType, strict=True):
        mine = sorted(key for key in numbers.ladders if key[0] == kind.value)
        for style, key in zip(_STYLES, mine, strict=False):
            sums = numbers.ladders[key]
            levels = np.flatnonzero(sums[:, 0])
            count, total, squares = sums[levels].T
            mean = total / count
            spread = np.sqrt(np.maximum(squares / count - mean**2, 0))
            colour = COLOURS[kind.value]
            axis.plot(levels, mean, style, marker="o", ms=3, color=colour, label=key[1])
            axis.fill_between(levels, mean - spread, mean + spread, color=colour, alpha=0.13, lw=0)
        axis.set_title(kind.value, fontsize=11, color=_INK, loc="left", fontweight="bold")
        axis.set_ylim(0, 1.02)
        axis.set_xticks(range(0, 21, 4))
        axis.grid(alpha=0.25)
        if mine:
            axis.legend(fontsize=8, frameon=False, loc="lower left")
        else:
            axis.text(0.5, 0.5, "not in this set", transform=axis.transAxes, ha="center")
    for axis in axes[1]:
        axis.set_xlabel("level k")
    for axis in axes[:, 0]:
        axis.set_ylabel("quality of the region")
    return _svg(figure)


def histograms(numbers: Numbers) -> str:
    """Quality by type, importance, area and number of the regions."""
    figure = Figure(figsize=(11, 2.9))
    axes = figure.subplots(1, 4)
    edges = np.linspace(0, 1, next(iter(numbers.quality_by_type.values())).size + 1)
    below = np.zeros(edges.size - 1)
    for kind, counts in sorted(numbers.quality_by_type.items()):
        axes[0].bar(
            edges[:-1], counts, np.diff(edges), below, align="edge", color=COLOURS[kind], label=kind
        )
        below = below + counts
    axes[0].set_title("quality (colours: types)", fontsize=10, loc="left")
    _bars(axes[1], edges, numbers.importance, "importance")
    area_edges = np.linspace(-3, 0, numbers.areas.size + 1)
    _bars(axes[2], area_edges, numbers.areas, "area of the region, share of the photo")
    axes[2].set_xticks([-3, -2, -1, 0], ["0.1 %", "1 %", "10 %", "100 %"])
    photos = sorted(numbers.regions.items())
    axes[3].bar([n for n, _ in photos], [c for _, c in photos], color=_INK)
    axes[3].set_title("regions per photo", fontsize=10, loc="left")
    axes[3].yaxis.get_major_locator().set_params(integer=True)
    return _svg(figure)


def talk_bars(talk: Mapping[str, int]) -> str:
    """How often each word is said in the conversations."""
    groups: Sequence[tuple[str, str, Sequence[str]]] = (
        ("quality", "quality", QUALITY.words),
        ("importance", "importance", IMPORTANCE.words),
        ("severity", "severity", SEVERITY.words),
        ("type", "type", [*(kind.value for kind in DistortionType), "clean"]),
    )
    figure = Figure(figsize=(11, 2.7))
    axes = figure.subplots(1, 4, width_ratios=[5, 5, 5, 7])
    for axis, (title, prefix, words) in zip(axes, groups, strict=True):
        values = [
            talk.get(f"{prefix}:{word}", talk.get(f"word:{prefix}:{word}", 0)) for word in words
        ]
        colours = [COLOURS.get(word, _INK) for word in words]
        axis.bar(range(len(words)), values, color=colours)
        axis.set_xticks(range(len(words)), words, rotation=38, ha="right", fontsize=8)
        axis.set_title(f"{title} words", fontsize=10, loc="left")
    return _svg(figure)


def time_share(seconds: Mapping[str, float]) -> str:
    """Where the processor time went, by operation."""
    rows = sorted(((v, k) for k, v in seconds.items() if v > 0), reverse=True)[:14]
    total = sum(seconds.values()) or 1.0
    figure = Figure(figsize=(5.4, 0.3 * len(rows) + 0.9))
    axis = figure.subplots()
    names = [name for _, name in rows]
    axis.barh(names, [100 * value / total for value, _ in rows], color=_INK)
    axis.invert_yaxis()
    for place, (value, _) in enumerate(rows):
        axis.text(
            100 * value / total + 0.6,
            place,
            f"{100 * value / total:.1f} %",
            va="center",
            fontsize=8,
        )
    axis.set_xlim(0, 112 * rows[0][0] / total if rows else 1)
    axis.set_xlabel("% of the work's time")
    return _svg(figure)


def throughput(finished: Sequence[tuple[float, int]]) -> str:
    """Images finished over time, from the commit records (seconds since the first, images)."""
    figure = Figure(figsize=(5.4, 2.9))
    axis = figure.subplots()
    times = [t for t, _ in finished]
    axis.step(
        times, np.cumsum([n for _, n in finished]), where="post", color=_INK, marker="o", ms=3
    )
    axis.set_xlabel("seconds since the first finished shard")
    axis.set_ylabel("images finished")
    axis.grid(alpha=0.25)
    axis.set_ylim(0)
    return _svg(figure)


def _bars(axis: Any, edges: NDArray[np.float64], counts: NDArray[np.int64], title: str) -> None:
    axis.bar(edges[:-1], counts, np.diff(edges), align="edge", color=_INK)
    axis.set_title(title, fontsize=10, loc="left")


def _svg(figure: Figure) -> str:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    figure.tight_layout()
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
