"""The head: what its readers add for side towers, and what is read from files."""

import itertools
from pathlib import Path

import pytest
import torch

from seagull.model.adapter import AdapterInfo, write_adapter
from seagull.model.errors import ModelError
from seagull.model.head import (
    GROUP,
    HEAD_NUMBERS,
    HEARD,
    REGIONS,
    SUBSETS,
    RegionHead,
    RegionReader,
    read_head,
)
from seagull.model.mfe import MaskFeatureExtractor, RegionTokens, SideView
from seagull.model.readers import SubsetReader
from seagull.types import DistortionType

WIDTH = 6
TOWERS = {"readers": 2, "statistics": 5}
TYPES = len(DistortionType)
EVERY = 4
"""Towers there are, of which two have learned from photos."""


def region_reader() -> RegionReader:
    mfe = MaskFeatureExtractor(
        channels=[3, 4], crop_channels=[3, 4], cells=None, crop_size=16, out_dim=WIDTH,
        embed_dim=8, num_heads=2, cross_dim=4, mlp_dim=8, keys="positions", coverage="area",
        statistics=["mean", "std"], local="none", direct=True,
    )  # fmt: skip
    return RegionReader(mfe, WIDTH)


def subset_reader() -> SubsetReader:
    return SubsetReader(TOWERS["statistics"], EVERY, range(1, 3), subsets=3)


def shown() -> tuple[RegionTokens, SideView]:
    """Two photos with three regions each."""
    generator = torch.Generator().manual_seed(3)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(2, 3, *shape, generator=generator)

    tokens = RegionTokens(some(WIDTH), some(WIDTH))
    share = torch.rand(2, 3, generator=generator)
    numbers = torch.rand(2, 3, len(HEAD_NUMBERS), generator=generator)
    statistics = some(TOWERS["readers"], TOWERS["statistics"])
    every = some(EVERY, TOWERS["statistics"])
    return tokens, SideView(statistics, every, share, numbers, some(TYPES))


def written(folder: Path, head: RegionHead, *, without: str = "nothing") -> Path:
    file = folder / "adapter.safetensors"
    tensors = {GROUP + k: v for k, v in head.state_dict().items() if not k.startswith(without)}
    write_adapter(file, tensors | {"mfe.a": torch.zeros(1)}, AdapterInfo("tiny"))
    return file


def test_a_head_reads_the_same_from_its_file(tmp_path: Path) -> None:
    kinds = [*itertools.product(({}, TOWERS), (False,), (False, True)), (TOWERS, True, True)]
    for towers, subsets, regions in kinds:
        head, other = (
            RegionHead(
                WIDTH,
                **towers,
                subsets=subset_reader() if subsets else None,
                regions=region_reader() if regions else None,
            )
            for _ in range(2)
        )
        again = read_head(written(tmp_path, head), other)
        assert again is not None
        for mine, theirs in zip(head(*shown()), again(*shown()), strict=True):
            assert torch.equal(mine, theirs)


def test_a_head_that_tells_no_presence_is_not_used(tmp_path: Path) -> None:
    head = RegionHead(WIDTH)
    assert read_head(written(tmp_path, head, without="presence"), head) is None
    assert read_head(tmp_path / "missing.safetensors", head) is None


def test_a_head_of_another_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="shape"):
        read_head(written(tmp_path, RegionHead(WIDTH)), RegionHead(WIDTH + 1))


def test_a_head_with_other_readers_than_the_model_has_side_towers_is_refused(
    tmp_path: Path,
) -> None:
    with pytest.raises(ModelError, match=r"lacks gate\.inner\.bias, which this model's head has"):
        read_head(written(tmp_path, RegionHead(WIDTH)), RegionHead(WIDTH, **TOWERS))
    with pytest.raises(ModelError, match="have no place"):
        read_head(written(tmp_path, RegionHead(WIDTH, **TOWERS)), RegionHead(WIDTH))


def test_side_towers_count_as_far_as_the_gate_and_the_region_go() -> None:
    tokens, side = shown()
    head, plain = RegionHead(WIDTH, **TOWERS), RegionHead(WIDTH)
    plain.load_state_dict({key: head.state_dict()[key] for key in plain.state_dict()})
    assert head.gate is not None
    with torch.no_grad():
        head.gate.outer.weight.zero_()
        head.gate.outer.bias.fill_(torch.tensor(0.6).logit())
    before, after = plain(tokens), head(tokens, side)
    towers = sum(reader(side.statistics[:, :, n]) for n, reader in enumerate(head.readers)) / 2
    assert towers.std() > 1e-3
    share = 0.6 * side.share
    wanted = (1 - share) * before.numbers[..., 0] + share * towers
    torch.testing.assert_close(after.numbers[..., 0], wanted)
    assert torch.equal(after.numbers[..., 1:], before.numbers[..., 1:])
    assert torch.equal(after.presence, before.presence)
    nowhere = side._replace(share=torch.zeros(2, 3))
    torch.testing.assert_close(head(tokens, nowhere).numbers, before.numbers)
    with pytest.raises(ValueError, match="reads side towers"):
        head(tokens)


@pytest.mark.parametrize("gate", [0.3, 0.9])
def test_a_reader_of_subsets_counts_most_and_side_towers_count_more_with_it(gate: float) -> None:
    tokens, side = shown()
    head = RegionHead(WIDTH, **TOWERS, subsets=subset_reader(), regions=region_reader())
    plain = RegionHead(WIDTH, **TOWERS, regions=head.regions)
    plain.load_state_dict({key: head.state_dict()[key] for key in plain.state_dict()})
    own = RegionHead(WIDTH)
    own.load_state_dict({key: head.state_dict()[key] for key in own.state_dict()})
    assert head.subsets is not None
    for one in (head, plain):
        assert one.gate is not None
        with torch.no_grad():
            one.gate.outer.weight.zero_()
            one.gate.outer.bias.fill_(torch.tensor(gate).logit())
    read = head.subsets(side.every)
    assert read.std() > 1e-3
    towers = (1 - SUBSETS) * plain.read_towers(side) + SUBSETS * read
    torch.testing.assert_close(head.read_towers(side), towers)
    whole = side._replace(share=torch.ones(2, 3))
    quality, counts = own(tokens).numbers[..., 0], min(1, HEARD * gate)
    found = head(tokens, whole)
    torch.testing.assert_close(found.numbers[..., 0], quality.lerp(towers, counts))
    # What the reader of regions counts goes by the gate alone, as it does without.
    assert torch.equal(found.presence, plain(tokens, whole).presence)


def test_subsets_are_told_by_all_towers_and_quality_by_those_that_learned_from_photos() -> None:
    _, side = shown()
    reader = subset_reader()
    likeness, quality = reader.by_subset(side.every)
    torch.testing.assert_close(likeness.sum(dim=-1), torch.ones(2, 3))
    torch.testing.assert_close(reader(side.every), (likeness * quality).sum(dim=-1))
    assert quality.detach().aminmax().min >= 0 <= 1 - quality.detach().max()
    for tower in range(EVERY):
        changed = side.every.clone()
        changed[:, :, tower] += 1
        other, judged = reader.by_subset(changed)
        assert not torch.equal(other, likeness)
        assert torch.equal(judged, quality) == (tower not in reader.judges)
    with torch.no_grad():
        reader.quality.bias.fill_(9.0)
    assert torch.equal(reader.by_subset(side.every)[1], torch.ones(2, 3, 3))


@pytest.mark.parametrize(
    ("gate", "share", "rest"),
    [(1e-6, 1, 1.0), (0.1, 1, 0.6), (0.3, 1, 0.0), (0.9, 1, 0.0), (0.5, 0.1, 0.8), (0.9, 0, 1.0)],
)
def test_a_reader_of_regions_counts_where_the_gate_is_shut_and_of_small_regions(
    gate: float, share: float, rest: float
) -> None:
    tokens, side = shown()
    side = side._replace(share=torch.full((2, 3), float(share)))
    head = RegionHead(WIDTH, **TOWERS, regions=region_reader())
    plain = RegionHead(WIDTH, **TOWERS)
    plain.load_state_dict({key: head.state_dict()[key] for key in plain.state_dict()})
    for one in (head, plain):
        assert one.gate is not None
        with torch.no_grad():
            one.gate.outer.weight.zero_()
            one.gate.outer.bias.fill_(torch.tensor(gate).logit())
    before, after = plain(tokens, side), head(tokens, side)
    for own, read, found in zip(before, (side.numbers, side.presence), after, strict=True):
        wanted = torch.lerp(own, read, REGIONS * rest)
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_a_head_without_readers_of_photos_has_no_gate() -> None:
    tokens, side = shown()
    head, plain = RegionHead(WIDTH, regions=region_reader()), RegionHead(WIDTH)
    plain.load_state_dict({key: head.state_dict()[key] for key in plain.state_dict()})
    assert head.gate is None
    wanted = (1 - REGIONS) * plain(tokens).numbers + REGIONS * side.numbers
    torch.testing.assert_close(head(tokens, side).numbers, wanted)
    with pytest.raises(ValueError, match="reads side towers"):
        head(tokens)
