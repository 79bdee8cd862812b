"""A reader of cells learns from labelled regions what single cells are like."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

from seagull.model.readers import CellReader

SCRIPT = Path(__file__).parents[2] / "scripts" / "nano_cells.py"
CELLS, REGIONS = 12, 3


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("nano_cells", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_it_learns_cells_from_means_over_regions(script: ModuleType, capsys) -> None:
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    reader = CellReader([[2, 2, 2]])
    photos, clear = [], []
    for _ in range(200):
        # Far from nought and of different sizes, as features are.
        cells = 40 + 9 * torch.randn(CELLS, reader.norm.scale.numel(), generator=generator)
        own = torch.sigmoid((cells[:, 0] - 40) / 9)
        covered = (torch.rand(REGIONS, CELLS, generator=generator) > 0.5).float()
        covered[:, 0] = 1
        labels = covered @ own / covered.sum(dim=1)
        labels[0] = torch.nan
        photos.append(script.SeenPhoto(cells.half(), covered.half(), labels))
        clear.append(own)
    script.fit(reader, photos, seed=3, steps=300)
    with torch.no_grad():
        one = torch.eye(CELLS).expand(200, -1, -1)
        read = reader.read(torch.stack([photo.cells for photo in photos]).float(), one)
    off = (read - torch.stack(clear)).abs().mean()
    assert off < 0.25 * torch.stack(clear).std()
    assert not reader.training
    said = re.search(r"of (\d+) regions .* SRCC (0\.\d+)", capsys.readouterr().out)
    assert said is not None
    assert int(said[1]) == 10 * (REGIONS - 1)
    assert float(said[2]) > 0.9


def test_photos_with_fewer_regions_than_others_count_for_theirs_alone(script: ModuleType) -> None:
    torch.manual_seed(2)
    reader = CellReader([[2, 2, 2]]).eval()
    photos = [
        script.SeenPhoto(
            torch.randn(CELLS, reader.norm.scale.numel()).half(),
            torch.rand(count, CELLS).half(),
            torch.rand(count),
        )
        for count in (1, 3, 2)
    ]
    read, labels = script.together(reader, photos)
    alone = [script.together(reader, [photo]) for photo in photos]
    torch.testing.assert_close(read, torch.cat([one for one, _ in alone]))
    assert torch.equal(labels, torch.cat([photo.quality for photo in photos]))
