"""Results as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from seagull.evaluation.label_sets import CLASSES, SCORES
from seagull.reports.text import printable

COLUMNS = {
    "srcc": "SRCC",
    "plcc": "PLCC",
    "plcc_fitted": "PLCC fitted",
    "krcc": "KRCC",
    "rmse": "RMSE",
    "rmse_fitted": "RMSE fitted",
}
"""Numbers of a score, and how they are headed."""
SINGLE_COLUMNS = {
    "type_accuracy_single": "type named first",
    "severity_within_one": "severity within one word",
    "severity_within_one_all": "the same, type missed counts as wrong",
}
"""Numbers of regions with one distortion, and how they are headed."""
Results = Mapping[str, Mapping[str, Any]]
"""Results of ``summarise`` by predictor's name."""


def results_table(results: Results) -> RenderableType:
    """One table a task; a row a predictor, 95 % intervals in brackets."""
    parts: list[RenderableType] = []
    for task in ("quality", "importance"):
        found = {name: one[task] for name, one in results.items() if task in one}
        parts += [_scores(task, found)] if found else []
        found = {name: one["srcc_by_area"] for name, one in found.items() if "srcc_by_area" in one}
        parts += [_by_area(task, found)] if found else []
    found = {name: one["distortion"] for name, one in results.items() if "distortion" in one}
    parts += [_sets(found), _types(found), _single(found)] if found else []
    found = {
        f"{name}, {task}": one["calibration"][task]
        for name, one in results.items()
        for task in one.get("calibration", ())
    }
    parts += [_calibration(found)] if found else []
    found = {name: one["sensitivity"] for name, one in results.items() if "sensitivity" in one}
    parts += [_sensitivity(found)] if found else []
    found = {name: one["order"] for name, one in results.items() if "order" in one}
    parts += [_order(found)] if found else []
    spaced = [piece for part in parts for piece in (part, Text())]
    return Group(*spaced[:-1]) if spaced else Text("nothing to report")


def number_text(value: float | None, digits: int = 3) -> str:
    """The number with a few digits, or a dash where there is none."""
    return "-" if value is None else f"{value:.{digits}f}"


def interval_text(value: float | None, interval: tuple[float, float] | None) -> str:
    """``.712 [.650, .770]``; without an interval the number alone."""
    if value is None or interval is None:
        return number_text(value)
    return f"{number_text(value)} [{number_text(interval[0])}, {number_text(interval[1])}]"


def _scores(task: str, found: Results) -> Table:
    table = _table(task.capitalize(), ["", *COLUMNS.values(), "n"])
    for name, one in found.items():
        # Only the two that are compared most carry their interval: the table has to fit a screen.
        cells = [
            interval_text(one[key], one["ci"].get(key) if key in ("srcc", "plcc") else None)
            for key in COLUMNS
        ]
        table.add_row(_name(name), *cells, str(one["n"]))
    return table


def _sets(found: Results) -> Table:
    heads = [f"{kind} {score}" for kind in ("type", "severity") for score in SCORES]
    table = _table("Distortion, average over regions", ["", *heads, "n"])
    for name, one in found.items():
        cells = [number_text(one[kind][score]) for kind in ("type", "severity") for score in SCORES]
        table.add_row(_name(name), *cells, str(one["n"]))
    return table


def _types(found: Results) -> Table:
    table = _table("Distortion, F1 by type", ["", *CLASSES, "mean"])
    for name, one in found.items():
        cells = [number_text(one["per_type"][kind]["f1"]) for kind in CLASSES]
        table.add_row(_name(name), *cells, number_text(one["mean_f1_per_type"]))
    counts = next(iter(found.values()))["per_type"]
    table.add_row(Text("regions", style="dim"), *(str(counts[kind]["n"]) for kind in CLASSES), "")
    return table


def _single(found: Results) -> Table:
    table = _table("Distortion, regions labelled with one", ["", *SINGLE_COLUMNS.values(), "n"])
    for name, one in found.items():
        cells = [interval_text(one[key], one["ci"].get(key)) for key in SINGLE_COLUMNS]
        table.add_row(_name(name), *cells, str(one["n_single"]["single"]))
    return table


def _calibration(found: Results) -> Table:
    heads = ["residual mean", "residual std", "within 1 std", "within 2 std", "ENCE", "n"]
    table = _table("Calibration of the predicted spread (ideal: 0, 1, .683, .954, 0)", ["", *heads])
    for name, one in found.items():
        keys = ("z_mean", "z_std", "within_1", "within_2", "ence")
        table.add_row(_name(name), *(number_text(one[key]) for key in keys), str(one["n"]))
    return table


def _sensitivity(found: Results) -> Table:
    heads = ["ranked right", "clean moves by", "distorted falls by", "fell", "pairs", "photos"]
    table = _table("Region sensitivity", ["", *heads])
    for name, one in found.items():
        table.add_row(
            _name(name),
            interval_text(one["ranked_right"], one["ci"].get("ranked_right")),
            *(number_text(one[key]) for key in ("clean_move", "distorted_drop", "fell")),
            str(one["pairs"]),
            str(one["photos"]),
        )
    return table


def _order(found: Results) -> Table:
    heads = ["ranked right", "same region", "same picture", "untouched moves by"]
    table = _table("Known order within a scene", ["", *heads, "severe below .4", "pairs"])
    for name, one in found.items():
        table.add_row(
            _name(name),
            interval_text(one["right"], one["ci"].get("right")),
            *(number_text(one[key]) for key in ("same_region", "same_picture", "untouched_move")),
            interval_text(one["severe_poor"], one["ci"].get("severe_poor")),
            str(one["pairs"]),
        )
    return table


def _by_area(task: str, found: Mapping[str, list[float | None]]) -> Table:
    heads = ["smallest third", "middle third", "largest third"]
    table = _table(f"{task.capitalize()}, SRCC by the regions' area", ["", *heads])
    for name, thirds in found.items():
        table.add_row(_name(name), *map(number_text, thirds))
    return table


def _table(title: str, heads: list[str]) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=None, pad_edge=False,
        header_style="dim", padding=(0, 2, 0, 0),
    )  # fmt: skip
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left")
    return table


def _name(name: str) -> Text:
    return Text(printable(name), style="bold")
