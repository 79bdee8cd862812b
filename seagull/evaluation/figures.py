"""Scatter and reliability plots. matplotlib is in the extra ``data``; ask ``can_draw`` first."""

from __future__ import annotations

import importlib.util
import io
import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from seagull.evaluation.metrics import fit_logistic
from seagull.evaluation.summary import ScorePairs
from seagull.evaluation.table import number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, SOFT, POINTS, CURVE = "#1f3a52", "#5b6b79", "#2f6db0", "#d9480f"
MOST_POINTS = 4000
_PANEL, _WIDTH = 3.7, 11.4
_LETTERS = 8
"""Letters of a panel's name for each inch of its width."""


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def scatter(pairs: Mapping[str, ScorePairs], task: str) -> Figure:
    """Labels against predictions with the fitted curve, one panel a predictor."""
    figure, panels = _panels(len(pairs))
    for (name, scores), axes in zip(pairs.items(), panels, strict=True):
        unit = scores.predicted.min() >= 0 and scores.predicted.max() <= 1
        if unit:
            axes.plot([0, 1], [0, 1], color=SOFT, lw=0.8, ls="--", alpha=0.7)
            axes.set_xlim(-0.03, 1.03)
        _scatter(axes, scores)
        _name(axes, name, _PANEL)
        axes.set_xlabel(f"predicted {task}")
        axes.set_ylabel(f"true {task}")
    return figure


def reliability(calibrations: Mapping[str, Mapping[str, Any]]) -> Figure:
    """A column a predictor: error made against spread predicted; observed against stated share."""
    from matplotlib.figure import Figure

    panel = max(2.6, min(_PANEL, _WIDTH / len(calibrations)))
    figure = Figure(figsize=(panel * len(calibrations), 1.9 * panel), layout="constrained")
    grid = figure.subplots(2, len(calibrations), squeeze=False)
    for (name, calibration), upper, lower in zip(calibrations.items(), *grid, strict=True):
        _spread(upper, calibration)
        _coverage(lower, calibration)
        _name(upper, name, panel)
    return figure


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=130, facecolor="white")
    return out.getvalue()


def _scatter(axes: Axes, pairs: ScorePairs) -> None:
    indices = np.arange(pairs.label.size)
    if indices.size > MOST_POINTS:
        indices = np.random.default_rng(0).choice(indices, MOST_POINTS, replace=False)
    opacity = min(0.75, max(0.12, 40 / math.sqrt(max(indices.size, 1)) / 8))
    axes.scatter(
        pairs.predicted[indices],
        pairs.label[indices],
        s=14,
        alpha=opacity,
        color=POINTS,
        linewidths=0,
    )
    fit = fit_logistic(pairs.predicted, pairs.label)
    if fit is not None:
        x = np.linspace(pairs.predicted.min(), pairs.predicted.max(), 200)
        axes.plot(x, fit(x), color=CURVE, lw=1.8, label="logistic fit")
        axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    axes.set_ylim(-0.03, 1.03)
    if np.ptp(pairs.predicted) == 0:
        axes.text(0.5, 0.04, "always the same answer", transform=axes.transAxes, ha="center",
                  color=SOFT, fontsize=9)  # fmt: skip
    _tidy(axes)


def _spread(axes: Axes, calibration: Mapping[str, Any]) -> None:
    stated = [bin["std"] for bin in calibration["bins"]]
    errors = [bin["rms_error"] for bin in calibration["bins"]]
    top = 1.1 * max(*stated, *errors, 0.05)
    axes.plot([0, top], [0, top], color=SOFT, lw=1, ls="--", label="calibrated")
    axes.plot(stated, errors, marker="o", ms=5, lw=1.2, color=POINTS)
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.set_xlabel("predicted spread (std)")
    axes.set_ylabel("error made (RMS)")
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    _tidy(axes)


def _coverage(axes: Axes, calibration: Mapping[str, Any]) -> None:
    stated = [point["stated"] for point in calibration["coverage"]]
    observed = [point["observed"] for point in calibration["coverage"]]
    axes.plot([0, 1], [0, 1], color=SOFT, lw=1, ls="--")
    axes.plot(stated, observed, marker="o", ms=5, lw=1.2, color=POINTS)
    axes.fill_between(stated, stated, observed, color=POINTS, alpha=0.12, lw=0)
    wide = "too wide" if calibration["z_std"] < 1 else "too narrow"
    note = f"residual std {number_text(calibration['z_std'], 2)}"
    if abs(calibration["z_std"] - 1) > 0.05:
        note += f": {wide}"
    axes.set_title(note, loc="left", fontsize=8.5, color=SOFT)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel("stated share of labels inside")
    axes.set_ylabel("observed share")
    _tidy(axes)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    columns = min(count, 3)
    rows = -(-count // columns)
    figure = Figure(figsize=(_PANEL * columns, _PANEL * 0.95 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    return figure, list(grid.flat[:count])


def _name(axes: Axes, name: str, width: float) -> None:
    """The name over a panel of ``width`` inches, whole: in as many lines as it takes."""
    text = "\n".join(textwrap.wrap(name, int(_LETTERS * width), break_on_hyphens=False))
    axes.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)


def _tidy(axes: Axes) -> None:
    axes.grid(alpha=0.22)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, colors=SOFT)
    axes.xaxis.label.set(color=SOFT, size=9)
    axes.yaxis.label.set(color=SOFT, size=9)
