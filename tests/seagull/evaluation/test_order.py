"""Known order within a scene, of predictors whose behaviour is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from seagull.evaluation.order import order_scores
from seagull.evaluation.predictions import Prediction, Row
from seagull.records import RegionLabels, RegionOrder

LEVELS: dict[str, dict[str, dict[str, int]]] = {
    "0": {"face": {}, "sky": {}},
    "1": {"face": {"blur/disc": 8}, "sky": {}},
    "2": {"face": {"blur/disc": 18}, "sky": {}},
}
"""Per version and region, what is done to it; the sky was as sharp as the face."""


def rows(score: Callable[[str, str], float], photos: int = 4) -> list[Row]:
    made = []
    for photo in range(photos):
        for version, regions in LEVELS.items():
            for region, levels in regions.items():
                order = RegionOrder(f"scene {photo}", levels, 0.05)
                prediction = Prediction(quality=score(version, region))
                image = f"{photo}.{version}"
                labels = RegionLabels(order=order)
                made.append(Row(image, region, image, str(photo), labels, prediction))
    return made


def test_a_predictor_that_sees_levels() -> None:
    quality = {"0": 0.8, "1": 0.6, "2": 0.2}
    found = order_scores(rows(lambda v, r: quality[v] if r == "face" else 0.7))
    assert found is not None
    # Three pairs of the face with itself, two of the blurred face with the sky beside it.
    assert (found["pairs"], found["photos"], found["severe"]) == (4 * 5, 4, 4)
    assert found["right"] == found["same_region"] == found["same_picture"] == 1
    assert found["untouched_move"] == 0
    assert found["severe_poor"] == 1
    assert found["ci"]["right"] == (1, 1)


def test_a_predictor_that_sees_the_picture_moves_what_is_untouched() -> None:
    quality = {"0": 0.8, "1": 0.6, "2": 0.5}
    found = order_scores(rows(lambda v, r: quality[v]))
    assert found is not None
    assert found["same_region"] == 1
    assert found["same_picture"] == 0.5  # equal scores
    assert found["untouched_move"] == pytest.approx((0.2 + 0.3 + 0.1) / 3)
    assert found["severe_poor"] == 0


def test_without_known_order_there_is_nothing_to_say() -> None:
    made = rows(lambda v, r: 0.5)
    bare = [Row(r.item, r.region, r.image, r.group, RegionLabels(), r.prediction) for r in made]
    assert order_scores(bare) is None
