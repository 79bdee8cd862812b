"""DGIQA's network: the published sizes, and each part against its equation."""

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional

from seagull.baselines.config import BaselineConfig
from seagull.baselines.dgiqa.network import (
    AttentionBlock,
    Bridge,
    DepthCar,
    DgiqaNetwork,
    dilated_stack,
    fused,
    masked_mean,
)
from seagull.baselines.systems import build_network
from seagull.baselines.views import Views

Make = Callable[..., BaselineConfig]
PUBLISHED = {
    "encoder": {"architecture": "swin_tiny_patch4_window7_224"}, "channels": [64, 128, 256, 512],
    "heads": 16, "dilated": 1024,
}  # fmt: skip


def count(*modules: torch.nn.Module) -> int:
    return sum(parameter.numel() for one in modules for parameter in one.parameters())


def test_with_swin_t_the_parts_have_the_sizes_of_the_specification(settings: Make):
    config = settings("dgiqa", dgiqa=PUBLISHED, view={"side": 224, "short_side": 384})
    with torch.device("meta"):
        network = build_network(config)
        parts = network.parts()
        assert network.encoder.channels == [96, 192, 384, 768]
        pixels = torch.zeros(2, 3, 224, 224)
        views = Views(pixels, torch.arange(2), None, pixels)
        assert network(views).shape == (2, 1)
    millions = {
        "bridges": round(count(parts["bridges"], parts["bridges_depth"]) / 1e6, 2),
        "attention": round(count(parts["attention"]) / 1e6, 2),
        "dilated": round(count(parts["dilated"]) / 1e6, 2),
        "backbone": round(count(parts["encoder"]) / 1e6, 1),
        "all": round(count(network) / 1e6),
    }
    assert millions == {
        "bridges": 7.41, "attention": 22.14, "dilated": 18.29, "backbone": 27.5, "all": 103,
    }  # fmt: skip
    assert count(network) == count(*parts.values())


def test_a_bridge_gates_each_pixel_and_channel_before_its_convolution():
    bridge = Bridge(6, 32, 0.1).eval()
    x = torch.randn(2, 6, 5, 5)
    z = bridge.enter(x)
    first, _, second, _ = bridge.gate
    assert (first.out_channels, first.kernel_size) == (2, (1, 1))
    gate = 1 / (1 + torch.exp(-second(first(z).clamp_min(0))))
    assert gate.shape == z.shape  # nothing is pooled
    convolution, norm = bridge.leave[0], bridge.leave[1]
    expected = norm(convolution(z * gate)).clamp_min(0)
    torch.testing.assert_close(bridge(x), expected)


def test_fusion_brings_all_to_the_smallest_map_and_stacks_them():
    levels = [torch.full((1, 2, 4, 4), 3.0), torch.randn(1, 3, 2, 2)]
    levels[0][0, 0] = torch.arange(4.0)[:, None]  # rows 0 1 2 3
    out = fused(levels)
    assert out.shape == (1, 5, 2, 2)
    torch.testing.assert_close(out[0, 0], torch.tensor([[0.5, 0.5], [2.5, 2.5]]))
    torch.testing.assert_close(out[:, 2:], levels[1])


def test_attention_keeps_the_stream_of_the_queries_and_norms_after_adding():
    block = AttentionBlock(8, 2, 0.1).eval()
    q, k = torch.randn(1, 3, 8), torch.randn(1, 4, 8)
    said = block.attention(q, k, k)[0]
    h = functional.layer_norm(q + said, (8,))
    inner = functional.gelu(block.mlp[0](h))
    expected = functional.layer_norm(h + block.mlp[2](inner), (8,))
    torch.testing.assert_close(block(q, k), expected)
    assert block.mlp[0].out_features == 32


def test_depth_asks_and_colour_answers():
    car = DepthCar(8, 2, 0.0).eval()
    depth, colour = torch.randn(1, 8, 2, 2), torch.randn(1, 8, 2, 2)
    d, c = (one.flatten(2).transpose(1, 2) for one in (depth, colour))
    h = car.cross(d, c)
    expected = car.refine(h, h).transpose(1, 2).reshape(1, 8, 2, 2)
    torch.testing.assert_close(car(depth, colour), expected)
    # Colour's places are told by nothing: in another order they say the same.
    turned = colour.flip(2, 3)
    torch.testing.assert_close(car(depth, turned), expected, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(car(depth.flip(2, 3), colour), expected, atol=1e-3)


def test_the_dilated_stack_sees_as_far_as_dilations_2_and_4_reach():
    stack = dilated_stack(1, 1).eval()
    for convolution in (stack[0], stack[3]):
        torch.nn.init.ones_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    spot = torch.zeros(1, 1, 17, 17)
    spot[0, 0, 8, 8] = 1
    reached = stack(spot)[0, 0].nonzero()
    assert (int(reached.min()), int(reached.max())) == (2, 14)
    assert {int(one) for one in reached[:, 0]} == {2, 4, 6, 8, 10, 12, 14}


def test_the_score_is_a_sigmoid_of_the_pooled_map(settings: Make):
    network = DgiqaNetwork(settings("dgiqa")).eval()
    views = Views(torch.randn(2, 3, 64, 64), torch.arange(2), None, torch.randn(2, 3, 64, 64))
    colour = fused(network.bridges(network.encoder(views.pixels)))
    depth = fused(network.bridges_depth(network.encoder_depth(views.depth)))
    last = network.dilated(network.attention(depth, colour))
    expected = torch.sigmoid(network.head(last.mean(dim=(2, 3))))
    torch.testing.assert_close(network(views), expected)


def test_without_a_depth_branch_colour_asks_itself_and_no_bridge_is_a_projection(settings: Make):
    network = DgiqaNetwork(settings("dgiqa", dgiqa={"guide": "rgb", "bridge": "projection"})).eval()
    views = Views(torch.randn(1, 3, 64, 64), torch.arange(1))
    levels = network.encoder(views.pixels)
    pairs = zip(network.bridges.stages, levels, strict=True)
    colour = fused([functional.conv2d(level, b.weight, b.bias) for b, level in pairs])
    last = network.dilated(network.attention(colour, colour))
    torch.testing.assert_close(network(views), torch.sigmoid(network.head(last.mean(dim=(2, 3)))))
    assert not any(name.startswith("encoder_depth") for name, _ in network.named_parameters())


def test_the_mean_under_a_mask_counts_cells_by_their_covered_share():
    level = torch.tensor([[[[1.0, 2.0], [4.0, 8.0]]]])
    masks = torch.zeros(2, 1, 4, 4)
    masks[0, 0, :2] = 1  # the upper two cells
    masks[1, 0, 0, 0], masks[1, 0, 2:, 2:] = 1, 1  # a quarter of the first, all of the last
    under = masked_mean(level, masks, torch.tensor([0, 0])).flatten()
    assert under.tolist() == pytest.approx([1.5, (0.25 * 1 + 8) / 1.25])


def test_by_the_mask_protocol_the_head_reads_region_photo_and_every_stage(settings: Make):
    config = settings("dgiqa", protocol="mask", tasks=["quality", "importance"])
    network = DgiqaNetwork(config).eval()
    assert network.head.in_features == 2 * 16 + 32
    masks = torch.zeros(2, 1, 64, 64)
    masks[0], masks[1, :, :6, :6] = 1, 1  # a small one is no larger than the last map's cell
    views = Views(torch.randn(1, 3, 64, 64), torch.zeros(2, dtype=torch.long), masks,
                  torch.randn(1, 3, 64, 64))  # fmt: skip
    whole, small = network(views)
    assert whole.shape == (2,)
    assert not torch.allclose(whole, small, atol=1e-4)
