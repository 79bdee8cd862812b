"""The mechanism of QFM-IQM's noise, as the comparison of baselines measures it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from scripts import baselines_mechanism
from seagull.baselines.config import BaselineConfig
from seagull.baselines.qfm.memory import Entries
from seagull.files.config import build_settings

SEED = 1
"""With which random partners are not the matched ones."""


def test_how_far_predictions_move_by_a_hand_made_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines_mechanism, "READ_SEED", SEED)
    network: Any = SimpleNamespace(decoder=lambda features: features.cls)  # reads the first number
    shows = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]])
    cls = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    entries = Entries(shows, cls, cls[:, None], torch.full((3,), 0.5), torch.arange(3))
    match = {"kind": "semantic", "similarity": 0.5}
    config = build_settings(BaselineConfig, {
        "system": "qfm-iqm", "output": "x", "qfm_iqm": {"perturb_cls": True, "match": match},
    })  # fmt: skip
    moved = {
        kind: baselines_mechanism._moves(network, config, entries, cls[:, 0], kind)
        for kind in ("semantic", "random")
    }
    # The third shows something else than the others, which so have it for a partner; its own is the
    # first. Noise is brought to the sample's size: .3 x 2 / sqrt(2) twice, and .3 x 2 x sqrt(2).
    spread_of_read = float(cls[:, 0].std())
    matched = 0.3 * (2 / 2**0.5 + 2 / 2**0.5 + 2 * 2**0.5) / 3
    assert moved["semantic"] == pytest.approx(matched / spread_of_read, abs=1e-4)
    # Any partner may come at random.
    possible = [
        0.3 * (first + second + third) / 3 / spread_of_read
        for first in (0, 2 / 2**0.5) for second in (2, 2 / 2**0.5) for third in (0, 2 * 2**0.5)
    ]  # fmt: skip
    assert min(abs(moved["random"] - one) for one in possible) < 1e-4
    assert moved["random"] != moved["semantic"]


def test_the_closest_pairs_are_compared_in_quality() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    quality = torch.tensor([0.1, 0.4, 0.9, 0.8])
    # Two of six pairs are closest: (0, 1) and (2, 3), .3 and .1 apart.
    assert baselines_mechanism.closest_apart(features, quality, 0.34) == pytest.approx(0.2)
    assert baselines_mechanism.mean_of([0.5, None, 0.7]) == pytest.approx(0.6)
    assert baselines_mechanism.mean_of([None]) is None


def test_accuracy_stands_beside_sensitivity_and_changes_are_paired_by_seed() -> None:
    def run(kind: str, seed: int, srcc: float, matched: float, random: float) -> dict[str, Any]:
        return {
            "trained_with": kind, "seed": seed, "srcc": srcc, "moves_matched": matched,
            "moves_random": random, "matched_in_training": None, "closest_apart": 0.1,
        }  # fmt: skip

    found = [
        run("semantic", 0, 0.50, 0.20, 0.30), run("semantic", 1, 0.60, 0.22, 0.31),
        run("none", 0, 0.51, 0.40, 0.42), run("none", 1, 0.61, 0.42, 0.43),
    ]  # fmt: skip
    text = "\n".join(baselines_mechanism.report(found))
    assert text.startswith("QFM-IQM, a reconstruction")
    assert "| semantic | 2 | 0.550 ± 0.071 | 0.210 ± 0.014 |" in text
    assert "SRCC: -0.010 [-0.010, -0.010]" in text
    assert "moves, matched noise: -0.200 [-0.200, -0.200]" in text
    # -.2 and -.2 under matched noise, -.12 and -.12 under random noise.
    assert "as claimed): -0.080 [-0.080, -0.080]" in text
