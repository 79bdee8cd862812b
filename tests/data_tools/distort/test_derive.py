"""How ladders are found from measured scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from data_tools.distort.derive import equal_steps, main, module_of, whole_steps
from data_tools.distort.values import VALUES


def test_equal_steps_of_score_are_found_on_a_curve() -> None:
    strengths = np.geomspace(0.01, 2.0, 60).tolist()
    values = np.asarray(equal_steps(strengths, np.exp(-np.asarray(strengths))))
    assert np.allclose(np.exp(-values), np.linspace(0.97, 0.40, 20), atol=0.003)


def test_a_ladder_that_cannot_fall_so_far_ends_where_it_can() -> None:
    values = equal_steps([0.0, 1.0], np.array([1.0, 0.7]))
    assert values[-1] == 1.0
    assert len(set(values)) == 20


def test_strengths_that_a_photo_orders_the_other_way_are_passed_over() -> None:
    steps = list(range(60, 0, -1))
    scores = np.linspace(0.98, 0.35, 60)[None].repeat(3, axis=0)
    assert 30.0 in whole_steps(steps, scores) or 31.0 in whole_steps(steps, scores)
    scores[1, steps.index(30)] = scores[1, steps.index(25)]
    scores[2, steps.index(31)] = scores[2, steps.index(25)]
    values = whole_steps(steps, scores)
    assert not {30.0, 31.0} & set(values)
    assert len(values) == 20
    assert list(values) == sorted(values, reverse=True)


def test_the_committed_values_are_as_written_by_the_command() -> None:
    path = Path(__file__).parents[3] / "data_tools" / "distort" / "values.py"
    assert path.read_text(encoding="utf-8") == module_of(VALUES.items())


def test_an_empty_folder_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([str(tmp_path)])
    assert "no photos found" in capsys.readouterr().err
