"""Plots of an evaluation: what is written on them."""

import numpy as np
import pytest

from seagull.evaluation.figures import reliability, scatter
from seagull.evaluation.summary import ScorePairs

LONG = "dgiqa:outputs/baselines/a-folder-with-a-long-name (reconstruction, depth: prior)"


def test_a_long_name_is_whole_and_stays_over_its_panel():
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    values = np.linspace(0, 1, 5)
    pairs = ScorePairs(values, values, np.full(5, np.nan), np.full(5, np.nan), ())
    calibration = {
        "bins": [{"std": 0.1, "rms_error": 0.1}],
        "coverage": [{"stated": 0.5, "observed": 0.5}], "z_std": 1.0,
    }  # fmt: skip
    for figure in (
        scatter({"nano": pairs, LONG: pairs, "other": pairs}, "quality"),
        reliability({"nano": calibration, LONG: calibration, "other": calibration}),
    ):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        axes = figure.axes[1]
        title = axes.get_title(loc="left")
        assert title.replace("\n", "").replace(" ", "") == LONG.replace(" ", "")
        text = next(one for one in axes.findobj(Text) if one.get_text() == title)
        right = text.get_window_extent(canvas.get_renderer()).x1
        assert right < figure.axes[2].get_window_extent().x0
