"""The head in files: what is written is read, and what cannot be used is left."""

from pathlib import Path

import pytest
import torch

from seagull.model.adapter import AdapterInfo, write_adapter
from seagull.model.errors import ModelError
from seagull.model.head import GROUP, RegionHead, read_head
from seagull.model.mfe import RegionTokens

WIDTH = 6


def written(folder: Path, head: RegionHead, *, without: str = "nothing") -> Path:
    file = folder / "adapter.safetensors"
    tensors = {GROUP + k: v for k, v in head.state_dict().items() if not k.startswith(without)}
    write_adapter(file, tensors | {"mfe.a": torch.zeros(1)}, AdapterInfo("tiny"))
    return file


def test_a_head_reads_the_same_from_its_file(tmp_path: Path) -> None:
    head = RegionHead(WIDTH)
    tokens = RegionTokens(torch.randn(2, 3, WIDTH), torch.randn(2, 3, WIDTH))
    again = read_head(written(tmp_path, head), WIDTH)
    assert again is not None
    for mine, theirs in zip(head(tokens), again(tokens), strict=True):
        assert torch.equal(mine, theirs)


def test_a_head_that_tells_no_presence_is_not_used(tmp_path: Path) -> None:
    assert read_head(written(tmp_path, RegionHead(WIDTH), without="presence"), WIDTH) is None
    assert read_head(tmp_path / "missing.safetensors", WIDTH) is None


def test_a_head_of_another_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="shape"):
        read_head(written(tmp_path, RegionHead(WIDTH)), WIDTH + 1)
