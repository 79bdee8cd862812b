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
        rows = {name: result[task] for name, result in results.items() if task in result}
        parts += [_scores(task, rows)] if rows else []
        rows = {
            name: result["srcc_by_area"]
            for name, result in rows.items()
            if "srcc_by_area" in result
        }
        parts += [_by_area(task, rows)] if rows else []
    rows = {
        name: result["distortion"] for name, result in results.items() if "distortion" in result
    }
    parts += [_sets(rows), _types(rows), _single(rows)] if rows else []
    rows = {
        f"{name}, {task}": result["calibration"][task]
        for name, result in results.items()
        for task in result.get("calibration", ())
    }
    parts += [_calibration(rows)] if rows else []
    rows = {
        name: result["sensitivity"] for name, result in results.items() if "sensitivity" in result
    }
    parts += [_sensitivity(rows)] if rows else []
    rows = {name: result["order"] for name, result in results.items() if "order" in result}
    parts += [_order(rows)] if rows else []
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


def _scores(task: str, rows: Results) -> Table:
    table = _table(task.capitalize(), ["", *COLUMNS.values(), "n"])
    for name, result in rows.items():
        # Only the two that are compared most carry their interval: the table has to fit a screen.
        cells = [
            interval_text(result[key], result["ci"].get(key) if key in ("srcc", "plcc") else None)
            for key in COLUMNS
        ]
        table.add_row(_name(name), *cells, str(result["n"]))
    return table


def _sets(rows: Results) -> Table:
    heads = [f"{kind} {score}" for kind in ("type", "severity") for score in SCORES]
    table = _table("Distortion, average over regions", ["", *heads, "n"])
    for name, result in rows.items():
        cells = [
            number_text(result[kind][score]) for kind in ("type", "severity") for score in SCORES
        ]
        table.add_row(_name(name), *cells, str(result["n"]))
    return table


def _types(rows: Results) -> Table:
    table = _table("Distortion, F1 by type", ["", *CLASSES, "mean"])
    for name, result in rows.items():
        cells = [number_text(result["per_type"][kind]["f1"]) for kind in CLASSES]
        table.add_row(_name(name), *cells, number_text(result["mean_f1_per_type"]))
    counts = next(iter(rows.values()))["per_type"]
    table.add_row(Text("regions", style="dim"), *(str(counts[kind]["n"]) for kind in CLASSES), "")
    return table


def _single(rows: Results) -> Table:
    table = _table("Distortion, regions labelled with one", ["", *SINGLE_COLUMNS.values(), "n"])
    for name, result in rows.items():
        cells = [interval_text(result[key], result["ci"].get(key)) for key in SINGLE_COLUMNS]
        table.add_row(_name(name), *cells, str(result["n_single"]["single"]))
    return table


def _calibration(rows: Results) -> Table:
    heads = ["residual mean", "residual std", "within 1 std", "within 2 std", "ENCE", "n"]
    table = _table("Calibration of the predicted spread (ideal: 0, 1, .683, .954, 0)", ["", *heads])
    for name, result in rows.items():
        keys = ("z_mean", "z_std", "within_1", "within_2", "ence")
        table.add_row(_name(name), *(number_text(result[key]) for key in keys), str(result["n"]))
    return table


def _sensitivity(rows: Results) -> Table:
    heads = ["ranked right", "clean moves by", "distorted falls by", "fell", "pairs", "photos"]
    table = _table("Region sensitivity", ["", *heads])
    for name, result in rows.items():
        table.add_row(
            _name(name),
            interval_text(result["ranked_right"], result["ci"].get("ranked_right")),
            *(number_text(result[key]) for key in ("clean_move", "distorted_drop", "fell")),
            str(result["pairs"]),
            str(result["photos"]),
        )
    return table


def _order(rows: Results) -> Table:
    heads = ["ranked right", "same region", "same picture", "untouched moves by"]
    table = _table("Known order within a scene", ["", *heads, "severe below .4", "pairs"])
    for name, result in rows.items():
        table.add_row(
            _name(name),
            interval_text(result["right"], result["ci"].get("right")),
            *(
                number_text(result[key])
                for key in ("same_region", "same_picture", "untouched_move")
            ),
            interval_text(result["severe_poor"], result["ci"].get("severe_poor")),
            str(result["pairs"]),
        )
    return table


def _by_area(task: str, rows: Mapping[str, list[float | None]]) -> Table:
    heads = ["smallest third", "middle third", "largest third"]
    table = _table(f"{task.capitalize()}, SRCC by the regions' area", ["", *heads])
    for name, thirds in rows.items():
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
