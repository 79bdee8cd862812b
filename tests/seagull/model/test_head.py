"""The head: what it reads of a region, and what is read from files."""

from pathlib import Path

import pytest
import torch

from seagull.model.adapter import AdapterInfo, write_adapter
from seagull.model.errors import ModelError
from seagull.model.head import (
    GROUP,
    HEAD_NUMBERS,
    LEAST_SPREAD,
    SPREAD_RANGE,
    RegionHead,
    read_head,
)
from seagull.types import DistortionType

WIDTH = 6
TYPES = len(DistortionType)


@pytest.fixture
def shown() -> torch.Tensor:
    """Global tokens of two photos with three regions each."""
    return 9 * torch.randn(2, 3, WIDTH, generator=torch.Generator().manual_seed(3))


def written(folder: Path, head: RegionHead, *, without: str = "nothing") -> Path:
    file = folder / "adapter.safetensors"
    tensors = {GROUP + k: v for k, v in head.state_dict().items() if not k.startswith(without)}
    write_adapter(file, tensors | {"mfe.a": torch.zeros(1)}, AdapterInfo("tiny"))
    return file


def test_a_head_reads_numbers_spread_and_presence_within_their_ranges(shown) -> None:
    head = RegionHead(WIDTH)
    with torch.no_grad():
        head.spread.weight.mul_(100)
    numbers, spread, presence = head(shown)
    assert numbers.shape == (2, 3, len(HEAD_NUMBERS))
    assert presence.shape == (2, 3, TYPES)
    assert spread.shape == (2, 3)
    assert numbers.min() > 0 < 1 - numbers.max()
    assert spread.min() >= LEAST_SPREAD
    assert spread.max() <= LEAST_SPREAD + SPREAD_RANGE
    assert spread.std() > 1e-3


def test_a_region_is_read_by_itself(shown) -> None:
    head = RegionHead(WIDTH)
    for together, alone in zip(head(shown), head(shown[1:, 1:2]), strict=True):
        torch.testing.assert_close(together[1:, 1:2], alone)


def test_a_head_reads_the_same_from_its_file(tmp_path: Path, shown) -> None:
    head = RegionHead(WIDTH)
    again = read_head(written(tmp_path, head), RegionHead(WIDTH))
    assert again is not None
    for mine, theirs in zip(head(shown), again(shown), strict=True):
        assert torch.equal(mine, theirs)


def test_a_file_without_a_head_has_none(tmp_path: Path) -> None:
    head = RegionHead(WIDTH)
    assert read_head(written(tmp_path, head, without=""), head) is None
    assert read_head(tmp_path / "missing.safetensors", head) is None


def test_a_head_of_another_width_or_with_a_part_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="shape"):
        read_head(written(tmp_path, RegionHead(WIDTH)), RegionHead(WIDTH + 1))
    with pytest.raises(ModelError, match=r"lacks presence\.bias, which this model's head has"):
        read_head(written(tmp_path, RegionHead(WIDTH), without="presence"), RegionHead(WIDTH))
