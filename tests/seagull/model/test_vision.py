"""The vision encoder reports what it gives, and refuses what it cannot take."""

import pytest
import torch

from seagull.model.vision import VisionEncoder


@torch.inference_mode()
def test_levels_have_the_channels_and_strides_that_are_reported() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1]).eval()
    levels = encoder(torch.rand(2, 3, 64, 96))
    assert [level.shape[1] for level in levels] == encoder.channels
    sizes = [(64 // stride, 96 // stride) for stride in encoder.strides]
    assert [tuple(level.shape[2:]) for level in levels] == sizes
    assert encoder.cells(64) == [(64 // stride) ** 2 for stride in encoder.strides]


def test_sides_that_do_not_fit_the_stride_are_refused() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1]).eval()
    with pytest.raises(ValueError, match=r"multiples of 8 px, got \(64, 60\)"):
        encoder(torch.rand(1, 3, 64, 60))


@pytest.mark.parametrize(("name", "levels"), [("no_such_net", [0]), ("test_convnext", [0, 9])])
def test_a_backbone_that_timm_does_not_have_is_refused(name: str, levels: list[int]) -> None:
    with pytest.raises(ValueError, match=f"no vision encoder '{name}' with feature levels"):
        VisionEncoder(name, levels)
