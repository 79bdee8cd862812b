"""QFM-IQM's network: DEIQT's sizes, which tokens a region has, and that others are not seen."""

from collections.abc import Callable

import pytest
import torch

from seagull.baselines.config import BaselineConfig
from seagull.baselines.encoders import TokenEncoder
from seagull.baselines.errors import BaselineError
from seagull.baselines.qfm.network import AttentionPanel, QfmNetwork, RegionFeatures, region_keys
from seagull.baselines.systems import build_network
from seagull.baselines.views import Views

Make = Callable[..., BaselineConfig]


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_deiqts_head_has_2_37_and_its_encoder_about_22_million_parameters(settings: Make):
    architecture = {"encoder": {"architecture": "deit3_small_patch16_224"}, "heads": 6}
    config = settings(qfm_iqm=architecture, view={"side": 224, "short_side": 0})
    with torch.device("meta"):
        network = build_network(config)
    assert count(network.parts()["decoder"]) == 2_369_280
    assert round(count(network.parts()["encoder"]) / 1e6) == 22
    cls, tokens = network.encoder(torch.zeros(2, 3, 224, 224, device="meta"))
    assert (cls.shape, tokens.shape) == ((2, 384), (2, 196, 384))


def test_the_answer_is_the_mean_of_what_six_queries_read():
    panel = AttentionPanel(4, 2, 6, 2).eval()
    features = RegionFeatures(torch.randn(3, 4), torch.randn(3, 5, 4))
    queries = panel.panel + features.cls[:, None]
    each = panel.read(panel.layer(queries, features.tokens))
    assert each.shape == (3, 6, 2)
    torch.testing.assert_close(panel(features), each.mean(dim=1))
    assert panel.read.bias is None


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(BaselineError, match="6 do not divide the encoder's width 320"):
        AttentionPanel(320, 6, 6, 1)


def test_a_region_has_the_tokens_it_covers_by_a_quarter_else_the_one_it_covers_most():
    masks = torch.zeros(2, 1, 8, 8)  # two by two cells of 4 x 4 pixels
    masks[0, 0, :2, :2] = 1  # a quarter of the first cell
    masks[0, 0, 4:, 4:] = 1
    masks[0, 0, 0, 4:7] = 1  # 3 of 16 of the second
    masks[1, 0, 7, 0] = 1  # 1 of 16 of the third
    keys = region_keys(masks, 2)
    assert keys.tolist() == [[True, False, False, True], [False, False, True, False]]


def test_the_decoder_sees_no_token_of_another_region():
    panel = AttentionPanel(4, 2, 3, 1).eval()
    tokens = torch.randn(1, 4, 4)
    keys = torch.tensor([[True, False, True, False]])
    other = tokens.clone()
    other[:, [1, 3]] += 9
    cls = torch.randn(1, 4)
    first, second = (panel(RegionFeatures(cls, t, keys)) for t in (tokens, other))
    torch.testing.assert_close(first, second)
    torch.testing.assert_close(first, panel(RegionFeatures(cls, tokens[:, [0, 2]])))


def test_a_convolutional_backbone_gives_its_coarsest_map_as_tokens_and_their_mean_as_cls():
    encoder = TokenEncoder("test_convnext", 64).eval()
    pixels = torch.rand(2, 3, 64, 64)
    cls, tokens = encoder(pixels)
    level = encoder.backbone(encoder.scale(pixels))[-1]
    assert (encoder.grid, encoder.width) == (2, level.shape[1])
    torch.testing.assert_close(tokens[:, 1], encoder.norm(level[:, :, 0, 1]))
    torch.testing.assert_close(cls, encoder.norm(level.mean(dim=(2, 3))))


def test_regions_of_one_view_are_read_as_if_alone(settings: Make):
    config = settings(protocol="mask", tasks=["quality", "importance"])
    network = QfmNetwork(config).eval()
    pixels, masks = torch.randn(2, 3, 64, 64), torch.zeros(3, 1, 64, 64)
    masks[0], masks[1, :, :20, :20], masks[2, :, 30:] = 1, 1, 1
    together = network(Views(pixels, torch.tensor([0, 1, 1]), masks))
    alone = network(Views(pixels[1:], torch.tensor([0]), masks[2:]))
    assert together.shape == (3, 2)
    torch.testing.assert_close(together[2:], alone, atol=1e-5, rtol=1e-4)
