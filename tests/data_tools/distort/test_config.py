"""Configs of distortions: every shipped one loads, faults are reported together."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from data_tools.distort.config import DEFAULT_CONFIG, DEFAULT_WEIGHTS, DistortConfig
from data_tools.distort.registry import OPERATIONS
from data_tools.distort.tables import LADDERS
from seagull.types import DistortionType

SHIPPED = sorted((Path(__file__).parents[3] / "configs" / "data").glob("distortions*.yaml"))


def test_every_ladder_has_an_operation_and_the_other_way_round() -> None:
    assert {(ladder.type, ladder.kind) for ladder in LADDERS.values()} == set(OPERATIONS)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_configs_load(path: Path) -> None:
    config = DistortConfig.from_dict(yaml.safe_load(path.read_text()))
    assert set(config.weights) == set(DistortionType)


def test_the_shipped_default_is_the_built_in_one() -> None:
    assert [path.name for path in SHIPPED] == ["distortions-wide.yaml", "distortions.yaml"]
    config = DistortConfig.from_dict(yaml.safe_load(SHIPPED[1].read_text()))
    assert config.weights == DEFAULT_WEIGHTS
    assert config.to_dict() == DEFAULT_CONFIG.to_dict()


def test_own_values_replace_a_ladder() -> None:
    values = [float(value) for value in range(1, 21)]
    config = DistortConfig.from_dict({"blur": {"gaussian": {"values": values}}})
    assert config.ladder(DistortionType.BLUR, "gaussian").values == tuple(values)
    assert config.weights[DistortionType.BLUR] == {"gaussian": 1.0}
    assert config != DEFAULT_CONFIG


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({"fog": {"a": 1}}, "fog"),
        ({"blur": {"zoom": 1}}, "no ladder 'zoom'"),
        ({"blur": {"disc": -1}}, "weight"),
        ({"blur": {"disc": 0}}, "all weights are zero"),
        ({"blur": {"disc": {"values": [1, 2]}}}, "20 strictly"),
        ({"blur": {"disc": {"value": 1}}}, "unknown fields"),
        ({"blur": {}}, "expected"),
        ({"fog": {"a": 1}, "blur": {"zoom": 1}}, r"fog.*zoom"),
        ([], "mapping"),
        ({"blur": {"disc": {"values": "abc"}}}, "values"),
        ({"blur": {"disc": {"values": [float("nan")] * 20}}}, "20 strictly"),
    ],
)
def test_faults_are_explained(plain: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DistortConfig.from_dict(plain)  # type: ignore[arg-type]
