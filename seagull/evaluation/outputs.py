"""Writes an evaluation's folder: results, plots and the page."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seagull.evaluation import figures
from seagull.evaluation.misses import find_misses, with_pictures
from seagull.evaluation.page import Misses, evaluation_page
from seagull.evaluation.predictions import Row
from seagull.evaluation.sets import EvaluationSet
from seagull.evaluation.summary import score_pairs
from seagull.evaluation.table import Results
from seagull.files.text import to_json

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A finished evaluation.

    Args:
        rows: by predictor's name, the one that matters first.
        results: of ``summarise``, by the same names.
        about: everything else for the JSON: ``data``, ``model``, ``settings``, ``failed`` ...
    """

    rows: Mapping[str, Sequence[Row]]
    results: Results
    about: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form: the first predictor's results on top, the others' in ``baselines``."""
        predictor, *baselines = self.results
        return {
            "predictor": predictor,
            **self.results[predictor],
            "baselines": {name: self.results[name] for name in baselines},
            **self.about,
        }

    def to_json(self) -> str:
        """The JSON text.

        Raises:
            ValueError: if a number is not finite.
        """
        return to_json(self.to_dict(), indent=2)


def write_outputs(
    evaluation: Evaluation,
    folder: Path,
    data: EvaluationSet | None,
    warnings: Sequence[str] = (),
) -> Path:
    """Writes ``results.json``, plots as PNG and ``index.html``; returns the page's path.

    Args:
        evaluation: what to write.
        folder: exists.
        data: where pictures of misses come from; None leaves them out.
        warnings: lines for the page's head.
    """
    (folder / "results.json").write_text(evaluation.to_json() + "\n", encoding="utf-8")
    plots = _plots(evaluation)
    for heading, png in plots.items():
        (folder / f"{_file_stem(heading)}.png").write_bytes(png)
    about = {
        "title": f"Evaluation: {_title(evaluation)}",
        "facts": _facts(evaluation),
        "warnings": list(warnings),
    }
    page = evaluation_page(about, evaluation.results, plots, _misses(evaluation, data))
    target = folder / "index.html"
    # A photo's name may hold bytes that are no UTF-8.
    target.write_text(page, encoding="utf-8", errors="backslashreplace")
    return target


def _plots(evaluation: Evaluation) -> dict[str, bytes]:
    if not figures.can_draw():
        logger.warning("no plots: install matplotlib (pip install 'seagull-iqa[data]')")
        return {}
    plots = {}
    for task in ("quality", "importance"):
        pairs = {
            name: score_pairs(evaluation.rows[name], task)
            for name, result in evaluation.results.items()
            if task in result
        }
        if pairs:
            plots[f"Scatter: {task}"] = figures.as_png(figures.scatter(pairs, task))
        calibrations = {
            name: result["calibration"][task]
            for name, result in evaluation.results.items()
            if task in result.get("calibration", {})
        }
        if calibrations:
            plots[f"Reliability: {task}"] = figures.as_png(figures.reliability(calibrations))
    return plots


def _misses(evaluation: Evaluation, data: EvaluationSet | None) -> Misses:
    """Of the first predictor only: the page is about that one."""
    name = next(iter(evaluation.results))
    pairs = score_pairs(evaluation.rows[name], "quality")
    if data is None or not pairs.rows:
        return {}
    high, low = find_misses(pairs)
    drawn = with_pictures([*high, *low], data)
    return {name: (drawn[: len(high)], drawn[len(high) :])}


def _title(evaluation: Evaluation) -> str:
    model = evaluation.about.get("model")
    name = model["name"] if model else next(iter(evaluation.results))
    data = evaluation.about.get("data")
    return f"{name} on {Path(data['path']).name}" if data else str(name)


def _facts(evaluation: Evaluation) -> list[str]:
    about = evaluation.about
    facts = []
    if data := about.get("data"):
        scale = data.get("mos_scale")
        rescaled = f"; opinions from {scale['worst']:g} to {scale['best']:g}" if scale else ""
        facts.append(f"Data: {data['path']} ({data['kind']}; part: {data['part']}{rescaled})")
    if model := about.get("model"):
        facts.append(f"Model: {model['name']}, revision {model['revision']}")
    if fit := about.get("fit"):
        facts.append(f"Baselines fitted to: {fit['path']} (part: {fit['part']})")
    facts.append(f"{about['photos']} photos, {len(about['failed'])} failed")
    return facts


def _file_stem(heading: str) -> str:
    return heading.lower().replace(": ", "_")
