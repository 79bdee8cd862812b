"""Folding of batch normalisation: the same levels from fewer layers, or the backbone as it was."""

import pytest
import torch
from torch import nn

from seagull.model.folding import fold_norms, folded
from seagull.model.vision import VisionEncoder


def learned(architecture: str, levels: list[int]) -> VisionEncoder:
    """An encoder whose statistics and weights are those of no new one."""
    with torch.random.fork_rng():
        torch.manual_seed(4)
        encoder = VisionEncoder(architecture, levels)
        for module in encoder.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight, module.running_var):
                    nn.init.uniform_(tensor, 0.5, 1.5)
                for tensor in (module.bias, module.running_mean):
                    nn.init.normal_(tensor, std=0.3)
    return encoder.eval()


@torch.inference_mode()
@pytest.mark.parametrize(
    # The last convolution of that network's stem stands in a row of its own.
    ("architecture", "left"), [("tf_efficientnet_lite0", 0), ("test_resnet", 1)]
)  # fmt: skip
def test_a_folded_encoder_computes_the_same(architecture: str, left: int) -> None:
    encoder = learned(architecture, [1, 2, 3])
    pixels = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    before, channels, strides = encoder(pixels), encoder.channels, encoder.strides
    fold_norms(encoder)
    assert left == sum(isinstance(module, nn.BatchNorm2d) for module in encoder.modules())
    assert (encoder.channels, encoder.strides) == (channels, strides)
    for level, wanted in zip(encoder(pixels), before, strict=True):
        assert (level - wanted).abs().max() < 1e-4 * wanted.abs().max()
        assert wanted.std() > 0


def test_folded_weights_keep_their_type() -> None:
    encoder = learned("tf_efficientnet_lite0", [1, 2]).bfloat16()
    fold_norms(encoder)
    assert {weight.dtype for weight in encoder.parameters()} == {torch.bfloat16}


def test_a_backbone_without_batch_normalisation_stays_as_it_is() -> None:
    encoder = VisionEncoder("test_convnext", [0, 1]).eval()
    backbone = encoder.backbone
    fold_norms(encoder)
    assert encoder.backbone is backbone


def test_a_backbone_whose_weights_are_not_in_memory_stays_as_it_is() -> None:
    with torch.device("meta"):
        encoder = VisionEncoder("test_resnet", [1, 2]).eval()
    backbone = encoder.backbone
    fold_norms(encoder)
    assert encoder.backbone is backbone


class Backwards(nn.Module):
    """Normalises first, though the convolution was made first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        # Far enough from one another, and from 0, that what differs shows whatever is drawn.
        nn.init.uniform_(self.conv.weight, 0, 1)
        self.norm.running_var.copy_(torch.tensor([1.0, 4.0, 9.0]))
        nn.init.ones_(self.norm.running_mean)

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        return [self.conv(self.norm(pixels))]


class Standardised(nn.Conv2d):
    """Uses its weights after centring them."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self._conv_forward(pixels, self.weight - self.weight.mean(), self.bias)


class Centred(Backwards):
    """A convolution that does not use its weights as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = Standardised(3, 3, 3)
        nn.init.uniform_(self.conv.weight, 0, 1)

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        return [self.norm(self.conv(pixels))]


@pytest.mark.parametrize("made", [Backwards, Centred])
def test_a_backbone_that_would_compute_something_else_stays_as_it_is(
    made: type[nn.Module],
) -> None:
    backbone = made().eval()
    assert folded(backbone, 8) is backbone
