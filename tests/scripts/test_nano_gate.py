"""The gate opens where readers of side towers for photos know anything."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from seagull.model.head import RegionHead

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_gate.py"
WIDTH, STATISTICS, ROWS = 4, 6, 400


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("nano_gate", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.GATE_STEPS = 400
    module.RATE = 0.01
    return module


@pytest.fixture
def head() -> RegionHead:
    torch.manual_seed(1)
    return RegionHead(WIDTH, readers=2, statistics=STATISTICS)


def seen(script: ModuleType, shown: torch.Tensor, wanted: torch.Tensor) -> object:
    """Rows of as many photos, each with one region that is all of it."""
    found = script.Seen()
    found.add(torch.ones(len(shown), 1, 2, 2, dtype=torch.bool), shown[:, None], wanted[:, None])
    return found


def test_the_gate_opens_by_half_where_people_judged_and_nowhere_else(script, head) -> None:
    tokens = torch.randn(ROWS, 2 * WIDTH, generator=torch.Generator().manual_seed(2))
    wanted = torch.where(tokens[:, 0] > 0, script.LARGEST, 0.0)
    script.fit_gate(head, seen(script, tokens, wanted))
    assert head.gate is not None
    gate = head.gate(tokens[None])[0]
    sure = tokens[:, 0].abs() > 1
    assert (gate - wanted)[sure].abs().mean() < 0.1


def test_whole_photos_of_other_sources_count_more_for_the_gate(script) -> None:
    found = script.Seen()
    masks = torch.zeros(2, 3, 4, 4, dtype=torch.bool)
    masks[:, 0] = True
    masks[:, 1, :2] = True
    # The third region only fills the batch up.
    tokens = torch.rand(2, 3, 8)
    found.add(masks, tokens, torch.zeros(2, 3))
    found.add(masks[:1, :1], tokens[:1, :1], torch.full((1, 1), script.LARGEST))
    assert torch.cat(found.photos).tolist() == [0, 0, 1, 1, 2]
    torch.testing.assert_close(
        torch.cat(found.shown), torch.cat([tokens[0, :2], tokens[1, :2], tokens[0, :1]])
    )
    expected = torch.tensor([0.4, 0.1, 0.4, 0.1, script.OPEN_COUNTS])
    torch.testing.assert_close(found.counts_for_gate(), expected)


def test_what_is_said_of_the_fit_is_of_photos_that_were_not_learned_from(script) -> None:
    torch.manual_seed(3)
    shown, wanted = torch.randn(80, 30), torch.rand(80)
    module = torch.nn.Sequential(torch.nn.Linear(30, 64), torch.nn.GELU(), torch.nn.Linear(64, 1))
    module = torch.nn.Sequential(module, torch.nn.Flatten(1))
    photos = torch.arange(80) // 2
    off = script.fit(module, shown, wanted, steps=400, counts=torch.ones(80), photos=photos)
    with torch.no_grad():
        apart = (module(shown[None]) - wanted)[0].square()
    left = photos % script.LEFT_OUT == 0
    assert off == pytest.approx(float(apart[left].mean().sqrt()), rel=1e-5)
    assert off > 3 * float(apart[~left].mean().sqrt())
