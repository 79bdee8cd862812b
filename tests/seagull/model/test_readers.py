"""A region's quality off cells: a weighted mean of those it covers, and of nothing else."""

import pytest
import torch
from torch import Tensor

from seagull.model.readers import LARGEST_LOG_WEIGHT, CellReader

CHANNELS = [4, 5, 6, 7]


@pytest.fixture
def reader() -> CellReader:
    torch.manual_seed(2)
    reader = CellReader([CHANNELS, CHANNELS]).eval()
    with torch.no_grad():
        reader.outer.weight.mul_(8)
    return reader


def _pyramid(photos: int = 2) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    sizes = [(16, 24), (8, 12), (4, 6), (2, 3)]
    return [
        torch.randn(photos, channels, *size, generator=generator)
        for _ in range(2)
        for channels, size in zip(CHANNELS, sizes, strict=True)
    ]


def _masks(*boxes: tuple[int, int, int, int]) -> Tensor:
    masks = torch.zeros(2, len(boxes), 64, 96, dtype=torch.bool)
    for number, (left, top, right, bottom) in enumerate(boxes):
        masks[:, number, top:bottom, left:right] = True
    return masks


def test_a_cell_is_what_all_levels_show_there(reader: CellReader) -> None:
    pyramid = _pyramid()
    cells = reader.cells(pyramid)
    assert cells.shape == (2, 4, 6, reader.norm.scale.numel())
    finest = pyramid[0][:, :, 4:8, 8:12].flatten(2)
    torch.testing.assert_close(cells[:, 1, 2, :4], finest.mean(dim=2))
    torch.testing.assert_close(cells[:, 1, 2, 4:8], finest.std(dim=2, correction=0))
    torch.testing.assert_close(cells[:, 1, 2, 18:24], pyramid[2][:, :, 1, 2])
    second = cells.shape[-1] // 2
    torch.testing.assert_close(cells[:, 1, 2, second + 18 : second + 24], pyramid[6][:, :, 1, 2])


@torch.no_grad()
def test_quality_is_the_weighted_mean_of_the_cells_that_a_region_covers(
    reader: CellReader,
) -> None:
    pyramid = _pyramid()
    # Two whole cells, and the halves of two others.
    read = reader(pyramid, _masks((16, 0, 32, 24), (32, 32, 48, 40), (0, 0, 96, 64)))
    cells = reader.norm(reader.cells(pyramid))
    quality, weight = reader.outer(torch.nn.functional.gelu(reader.inner(cells))).unbind(dim=-1)
    quality = quality.sigmoid()
    weight = weight.clamp(-LARGEST_LOG_WEIGHT, LARGEST_LOG_WEIGHT).exp()
    covered = torch.tensor([1.0, 0.5])
    counts = weight[:, 0:2, 1] * covered
    wanted = (counts * quality[:, 0:2, 1]).sum(dim=1) / counts.sum(dim=1)
    torch.testing.assert_close(read[:, 0], wanted, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(read[:, 1], quality[:, 2, 2], rtol=1e-3, atol=1e-3)
    whole = (weight * quality).sum(dim=(1, 2)) / weight.sum(dim=(1, 2))
    torch.testing.assert_close(read[:, 2], whole, rtol=1e-4, atol=1e-5)
    plain = quality.mean(dim=(1, 2))
    assert (read[:, 2] - plain).abs().max() > 0.01


@torch.no_grad()
def test_a_region_smaller_than_a_cell_has_that_cells_quality(reader: CellReader) -> None:
    small, whole = (reader(_pyramid(), _masks(box)) for box in ((33, 33, 34, 34), (32, 32, 48, 48)))
    torch.testing.assert_close(small, whole, rtol=2e-2, atol=5e-3)
