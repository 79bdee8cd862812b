"""What the comparison's tables are made of, by hand; its variants are settings that load."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import baselines_compare
import baselines_mechanism

from seagull.baselines.config import BaselineConfig
from seagull.files.config import load_settings


def test_spread_is_the_mean_with_the_standard_deviation_over_seeds() -> None:
    assert baselines_compare.spread([0.5, 0.7, None]) == "0.600 ± 0.141"
    assert baselines_compare.spread([0.5]) == "0.500"
    assert baselines_compare.spread([None]) == "-"


def test_differences_are_paired_by_seed() -> None:
    own, other = {0: 0.6, 1: 0.8, 2: 0.9}, {0: 0.5, 1: 0.9}
    assert baselines_compare.paired(own, other) == "+0.000 ± 0.141"
    assert baselines_compare.paired({0: 0.4}, {0: 0.5}) == "-0.100"


@pytest.mark.parametrize(
    "variant", baselines_compare.VARIANTS, ids=lambda variant: str(variant.name)
)
def test_each_variant_is_settings_that_load(variant: baselines_compare.Variant) -> None:
    names = {one.name for one in baselines_compare.VARIANTS}
    assert variant.against in names | {""}
    if variant.config.startswith("baselines/"):
        config = load_settings(
            BaselineConfig, baselines_compare.CONFIGS / variant.config, variant.changes
        )
        assert config.system == ("dgiqa" if variant.name.startswith("dgiqa") else "qfm-iqm")


def test_the_closest_pairs_are_compared_in_quality() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    quality = torch.tensor([0.1, 0.4, 0.9, 0.8])
    # Two of six pairs are closest: (0, 1) and (2, 3), .3 and .1 apart.
    assert baselines_mechanism.closest_apart(features, quality, 0.34) == pytest.approx(0.2)
    assert baselines_mechanism.mean_of([0.5, None, 0.7]) == pytest.approx(0.6)
    assert baselines_mechanism.mean_of([None]) is None
